"""A file that was edited since the campaign began never runs under the name of what it was."""

from __future__ import annotations

import pytest

from samplerbench.harness.worker.process import describe_change
from samplerbench.models.posteriordb.load import check_posterior
from samplerbench.samplers.base import samplers
from tests.support import posteriordb_folder, trials

MODEL = """
import numpyro, numpyro.distributions as dist
from beside import SCALE
def program():
    numpyro.sample("x", dist.Normal(0.0, SCALE))
"""
SAMPLER = "def prepare(model, budget, settings):\n    raise NotImplementedError\n"


@pytest.fixture
def of_file(tmp_path):
    """A trial of a model's file that imports another, and of a sampler's file."""
    (tmp_path / "beside.py").write_text("SCALE = 1.0\n")
    sampler = tmp_path / "sampler_of_mine.py"
    sampler.write_text(SAMPLER)
    name = f"{sampler}:prepare"
    return trials.trial_of_file(tmp_path, MODEL, sampler=name, sampler_digest=samplers.digest(name))


def test_files_as_they_were_planned_have_not_changed(of_file):
    assert describe_change(of_file) == ""
    assert describe_change(trials.small()) == ""


@pytest.mark.parametrize("edited", ["model_of_mine.py", "beside.py", "sampler_of_mine.py"])
def test_an_edited_file_is_named_with_what_it_was_and_is(of_file, tmp_path, edited):
    with open(tmp_path / edited, "a") as file:
        file.write("# a line more\n")
    change = describe_change(of_file)
    name = "sampler_of_mine.py" if edited.startswith("sampler") else "model_of_mine.py"
    planned = of_file.sampler_digest if edited.startswith("sampler") else of_file.model_digest
    assert name in change and "has changed since the campaign began" in change
    assert planned[:8] in change and "--out" in change


def test_a_file_that_is_gone_is_named(of_file, tmp_path):
    (tmp_path / "model_of_mine.py").unlink()
    assert "can't be read as it could when the campaign began" in describe_change(of_file)


def test_an_edited_posterior_is_named(tmp_path):
    data = {"J": 2, "y": [1.0, 2.0], "sigma": [1.0, 1.0]}
    name = posteriordb_folder.add(tmp_path, "eight_schools_noncentered", data)
    full, digest = check_posterior(str(posteriordb_folder.posterior(tmp_path, name)))
    trial = trials.small(model=full, model_digest=digest)
    assert describe_change(trial) == ""
    posteriordb_folder.add(tmp_path, "eight_schools_noncentered", {**data, "y": [1.0, 3.0]})
    assert "has changed since the campaign began" in describe_change(trial)


@pytest.mark.process
def test_a_model_edited_in_mid_run_is_a_failed_row_and_is_not_run(tmp_path):
    trial = trials.trial_of_file(tmp_path, "open('ran', 'w')\ndef program():\n    pass\n")
    with open(tmp_path / "model_of_mine.py", "a") as file:
        file.write("# a line more\n")
    result = trials.run(trial, tmp_path / "scratch")
    assert result.status == "failed" and "has changed since the campaign began" in result.reason
    assert not list(tmp_path.rglob("ran"))
