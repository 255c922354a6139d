"""``samplerbench.run``, ``judge`` and ``load``: what they take, and what type checkers refuse."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import samplerbench
from samplerbench import campaign as campaigns
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import run as runs
from samplerbench.harness.campaign.plan import JUDGE_OPTIONS, OPTIONS, Plan
from samplerbench.harness.campaign.plan_options import check_options
from tests.support.paths import ROOT

WITHOUT_DEFAULT = {"model", "sampler", "env", "data"}  # None stands for what the plan chooses


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    del found["aliases"]
    return found


def test_run_takes_every_option_of_a_plan_by_name():
    assert parameters(samplerbench.run).keys() == {*OPTIONS, "out", "watcher", "retry"}
    kinds = {parameter.kind for parameter in parameters(samplerbench.run).values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_judge_takes_every_option_that_says_what_the_draws_are_of():
    assert {*JUDGE_OPTIONS} < parameters(samplerbench.judge).keys()


@pytest.mark.parametrize("function", [samplerbench.run, samplerbench.judge])
def test_the_defaults_of_the_signature_are_the_plans(function):
    shared = {name: one for name, one in parameters(function).items() if name in OPTIONS}
    if function is samplerbench.judge:
        del shared["names"], shared["draws"]  # what is judged, and the names of it
    without = {name for name, one in shared.items() if one.default is None}
    assert without == WITHOUT_DEFAULT & shared.keys()
    values = {name: one.default for name, one in shared.items() if name not in without}
    assert Plan(**check_options(values, "a test")) == Plan()


@pytest.mark.parametrize("function", [samplerbench.run, samplerbench.judge, samplerbench.load])
def test_every_parameter_has_a_type_and_a_line_of_its_own(function):
    signature = inspect.signature(function)
    assert signature.return_annotation == "Campaign"
    for name, parameter in signature.parameters.items():
        assert parameter.annotation not in (inspect.Parameter.empty, "Any"), name
        words = re.search(rf"\b{name}\b(, \w+)*:|``{name}``", inspect.getdoc(function) or "")
        assert words or name == "aliases" or f"{name}, " in str(inspect.getdoc(function)), name


def test_old_names_of_options_still_count(monkeypatch):
    given: dict[str, Any] = {}

    class Stop(Exception):
        pass

    def stop(options: dict[str, Any]) -> None:
        given.update(options)
        raise Stop

    monkeypatch.setattr(runs, "make_plan", stop)
    with pytest.raises(Stop):
        samplerbench.run(models=["linear"], samplers="exact_iid")
    assert (given["models"], given["samplers"]) == (["linear"], "exact_iid")
    assert "model" not in given and "sampler" not in given


@pytest.mark.parametrize("name", ["chains", "warmup", "draws", "replicates"])
def test_a_budget_is_swept_from_python_unless_it_is_given_as_well(name, monkeypatch):
    monkeypatch.setattr(runs, "expand", lambda plan, data: pytest.exit(plan.sweep))
    with pytest.raises(pytest.exit.Exception, match=f"{name}=16,32"):
        samplerbench.run(sampler="exact_iid", sweep={name: [16, 32]})
    given: dict[str, Any] = {name: 64}
    with pytest.raises(UsageError, match="both swept and set"):
        samplerbench.run(sampler="exact_iid", sweep={name: [16, 32]}, **given)


def test_an_option_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'replicates'"):
        samplerbench.run(replicate=3)  # type: ignore[call-arg]


def test_a_misspelt_option_is_named_before_what_it_leaves_out():
    def program(df):
        raise AssertionError

    with pytest.raises(UsageError, match="'dat'; did you mean 'data'"):
        samplerbench.run(model=program, dat={"df": 1})  # type: ignore[call-arg]


NONSENSE = """\
import samplerbench

samplerbench.run(replicates="x")
samplerbench.run(nonsense=3)
samplerbench.run(calibrate="posterior")
samplerbench.judge(3, model="linear")
samplerbench.load(3)
with samplerbench.run(model="linear") as campaign:
    campaign.table(columns=3)
    campaign.draws("numpyro_nuts", replicates=1)
    campaign.plot(1)
"""
SENSE = """\
from pathlib import Path

import samplerbench


def program(x: float) -> None:
    pass


with samplerbench.run(
    model=[program, "linear"],
    samplers=["exact_iid"],
    replicates=16,
    data={"x": 1.0},
    margin={"calibration": 1.2},
    sweep={"n_points": [32, 1000]},
    out=Path("line"),
) as campaign:
    sentence: str = campaign.summary()
    campaign.table(["sampler", "ess"]), campaign.table("all")
    campaign.draws("exact_iid", replicate=slice(0, 3)), campaign.frame("exact_iid", replicate=None)
    campaign.plot("corner", "exact_iid").savefig("corner.pdf")
samplerbench.judge({"theta": [[0.1]]}, model="linear", names={"b": "theta"})
"""


@pytest.mark.process
def test_mypy_refuses_nonsense_line_by_line_and_nothing_else(tmp_path):
    bad, good = tmp_path / "bad.py", tmp_path / "good.py"
    bad.write_text(NONSENSE)
    good.write_text(SENSE)
    words = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(bad)]
    done = subprocess.run([*words, str(good)], cwd=ROOT, capture_output=True, text=True)
    lines = [int(n) for n in re.findall(r"bad\.py:(\d+): error", done.stdout)]
    wrong = [i for i, line in enumerate(NONSENSE.splitlines(), 1) if "=3" in line or "(3" in line]
    wrong += [3, 5, 10, 11]
    assert sorted({*lines}) == sorted({*wrong}), done.stdout + done.stderr
    assert "good.py" not in done.stdout, done.stdout


def test_what_run_gives_is_the_campaign_with_its_pictures():
    assert issubclass(campaigns.Campaign, runs.Campaign)


def test_output_is_another_name_of_out(monkeypatch):
    given: dict[str, Any] = {}

    class Stop(Exception):
        pass

    def stop(**options: Any) -> None:
        given.update(options)
        raise Stop

    monkeypatch.setattr(runs, "run", stop)
    with pytest.raises(Stop):
        samplerbench.run(output="folder")
    assert given["out"] == "folder" and "output" not in given
    with pytest.raises(UsageError, match="out and output are given"):
        samplerbench.run(out="one", output="other")


@pytest.mark.parametrize("watcher", [3, "tqdm", object()])
def test_a_watcher_that_is_none_is_refused_before_anything_runs(watcher):
    with pytest.raises(UsageError, match=r"watcher=.*\n  expected: a .*Watcher"):
        samplerbench.run(watcher=watcher)
