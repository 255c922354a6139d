"""A user's file is run for its program, not for the samplers that it starts."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import types

import pytest

from samplerbench.models.loading import model_names, partial_run, script


def write_notebook(folder, *cells):
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    (folder / "mine.ipynb").write_text(text)
    return folder / "mine.ipynb"


#: a notebook's own sampler, as NumPyro's MCMC is one, and what is made of its draws
SAMPLER = "from numpyro.infer.mcmc import MCMC\nmcmc = MCMC()\n"
FITS = ("mcmc.run(1)\nbelow = 1", "draws = mcmc.get()\nmean = draws['a']")


@pytest.fixture
def numpyro_mcmc(monkeypatch):
    """The module of a sampler that has got draws once it has run."""
    module = types.ModuleType("numpyro.infer.mcmc")
    module.__dict__["runs"] = []
    exec(
        "class MCMC:\n"
        "    def run(self, x): runs.append(x)\n"
        "    warmup = run\n"
        "    def get(self): return {'a': runs[-1] + 1}",
        module.__dict__,
    )
    for name in ("numpyro", "numpyro.infer"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "numpyro.infer.mcmc", module)
    return module


def test_a_notebook_is_run_without_the_samplers_that_it_starts_and_says_so(tmp_path, numpyro_mcmc):
    last = "data = {'x': 2}\ndef later(x): return x"
    file = write_notebook(tmp_path, SAMPLER, "def program(x): return x", *FITS, "mean", last)
    for name in ("program", "later"):
        model = model_names.load_model(f"{file}:{name}", {})
        assert model.data == {"x": 2} and model.program(3) == 3
        assert script.describe_skipped(file) == [
            "the rest of code cell 3 (it starts a sampler), 4 (IndexError: list index out of range)"
            ", 5 (NameError: name 'mean' is not defined) was not run"
        ]
    assert numpyro_mcmc.runs == []
    numpyro_mcmc.MCMC().run(7)  # the samplers' own
    assert numpyro_mcmc.runs == [7]


@pytest.mark.parametrize(
    "cells",
    [
        ["data = {'x': mean}\ndef program(x): return x"],
        ["data = {'x': 0}", "def half(): return mean\ndef program(x): return half()"],
        ["data = {}\ndata['x'] = mean\ndef program(x): return x"],
        [
            "data = {'x': 0}\nclass Fit:\n    x = mean\n    def program(self, x): return mean",
            "program = Fit().program",
        ],
    ],
)
def test_a_notebook_whose_program_needs_a_samplers_draws_is_run_whole(
    cells, tmp_path, numpyro_mcmc
):
    file = write_notebook(tmp_path, SAMPLER, *FITS, *cells)
    model = model_names.load_model(f"{file}:program", {})
    assert model.program(**model.data) == 2 and numpyro_mcmc.runs == [1]
    assert script.describe_skipped(file) == []


def test_an_error_above_a_notebooks_sampler_is_raised_and_its_place_is_told(tmp_path, numpyro_mcmc):
    file = write_notebook(tmp_path, SAMPLER, "x = 1\ny = x / 0", *FITS, "def program(): ...")
    with pytest.raises(ZeroDivisionError) as raised:
        model_names.load_model(f"{file}:program", {})
    assert script.find_place(raised.value, file) == "mine.ipynb, code cell 2, line 2"


@pytest.mark.slow  # imports NumPyro
def test_the_methods_that_start_a_sampler_are_those_of_numpyro_as_before_afterwards():
    pytest.importorskip("numpyro")
    for module, kind, names in partial_run.STARTS[:2]:  # the third one needs jaxns
        owner = getattr(importlib.import_module(module), kind)
        assert all(inspect.isfunction(getattr(owner, name, None)) for name in names)


@pytest.mark.parametrize("end", ["", "raise RunInModelFile('run() called')"])
def test_cells_that_are_left_are_told_in_short_and_a_campaign_stops_the_rest(
    end, tmp_path, numpyro_mcmc
):
    start = "from samplerbench.errors import RunInModelFile\n" + SAMPLER
    fits = ["mcmc.run(1)", *["mcmc.get()"] * partial_run.MOST_TOLD]
    file = write_notebook(tmp_path, start, "data = {}\ndef program(): ...", *fits, end)
    assert model_names.load_model(f"{file}:program", {}).data == {}
    stop, left = ([""] + script.describe_skipped(file))[-2:]
    assert left.endswith("5 (IndexError: list index out of range) and 1 more was not run")
    assert bool(end) == ("the notebook starts a campaign" in stop)


def test_a_script_is_run_without_its_sampler_in_whatever_it_stands(tmp_path, numpyro_mcmc):
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\n"
        f"{SAMPLER}"
        "data = {'x': 2}\n"
        "def program(x): return x\n"
        "def main():\n"
        "    mcmc.run(1)\n"
        "    print(mcmc.get())\n"
        "main()\n"
        "try:\n"
        "    mcmc.warmup(1)\n"
        "except Exception:\n"
        "    data = {}\n"
        "print(mcmc.get()['a'])\n"
        "import sys\n"
        "sys.exit()\n"
    )
    assert model_names.load_model(f"{file}:program", {}).data == {"x": 2}
    assert numpyro_mcmc.runs == [1, 1]  # for `data`, which a failure would bind
    file.write_text(file.read_text().replace("    data = {}", "    other = {}"))
    numpyro_mcmc.runs.clear()
    assert model_names.load_model(f"{file}:program", {}).data == {"x": 2}
    assert numpyro_mcmc.runs == []
    assert script.describe_skipped(file) == [
        "line 9 (it starts a sampler), 10 (it starts a sampler), 14 (IndexError: list index out of"
        " range) was not run"
    ]


def test_a_start_that_a_script_takes_for_a_failure_is_noticed(tmp_path, numpyro_mcmc):
    file = tmp_path / "mine.py"
    text = f"{SAMPLER}try:\n    mcmc.run(4)\nexcept:\n    pass\ny = mcmc.get()['a']\n"
    file.write_text(f"{text}data = {{}}\ndef program(): return 1\n")
    assert model_names.load_model(f"{file}:program", {}).program() == 1
    assert numpyro_mcmc.runs == []
    file.write_text(f"{text}data = {{}}\ndef program(): return y\n")
    assert model_names.load_model(f"{file}:program", {}).program() == 5
