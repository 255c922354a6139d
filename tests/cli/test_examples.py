"""The examples run: campaign files are planned, the table of keys is Plan's, the notebook ends."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from samplerbench.harness.campaign import plan
from samplerbench.models.loading.model_names import load_model
from tests.support.paths import EXAMPLES

README = (EXAMPLES / "README.md").read_text()
FILES = sorted(EXAMPLES.glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_campaign_file_can_be_planned(file, monkeypatch):
    monkeypatch.chdir(EXAMPLES)  # as the README says to
    options = plan.from_file(file)
    if options.get("posteriordb") and not Path(options["posteriordb"]).is_dir():
        pytest.skip(f"needs a checkout of posteriordb in {options['posteriordb']}")
    trials = plan.trials(plan.Plan(**options))
    assert len(trials) >= len(options.get("env", ["pinned"]))
    assert f"[{file.name}]({file.name})" in README


def test_every_use_has_its_file():
    uses = {"comparison", "versions", "calibration", "gate", "own_model", "sizes"}
    assert uses <= {file.stem for file in FILES}


def test_the_table_of_keys_is_that_of_the_plan():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", README, re.M)
    fields = {field.name: field.default for field in dataclasses.fields(plan.Plan)}
    assert [name for name, *_ in rows] == list(fields)
    for name, kind, default in rows:
        assert kind.startswith(_kind(fields[name])), name
        if name != "sampler":  # six names: the README of the project has them
            assert default.strip("`") == _shown(fields[name]), name


def _kind(default) -> str:
    if isinstance(default, tuple):
        return f"list of {'whole numbers' if default and default[0] == 32 else 'words'}"
    return {str: "word", int: "whole number", float: "number"}[type(default)]


def _shown(default) -> str:
    if isinstance(default, tuple):
        return ", ".join(map(str, default)) or "none"
    return str(default) or "none"


def test_the_model_of_ones_own_fits_its_data():
    model = load_model(f"{EXAMPLES / 'own_model.py'}:growth", {})
    assert {name: array.shape for name, array in model.data.items()} == {
        "day": (10,),
        "size": (10,),
    }


def test_the_notebook_keeps_no_outputs_and_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs requirements/dev.txt")
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLES / "main_job.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    resources = {"metadata": {"path": str(folder)}}
    done = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources
    ).execute()
    said = [out for cell in done.cells for out in cell.get("outputs", ())]
    assert not [out for out in said if out["output_type"] == "error"]
    text = "\n".join(out.get("text", "") for out in said)
    assert "exact_iid: honest" in text
    assert "control_shifted: biased" in text
