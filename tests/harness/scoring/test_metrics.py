"""A score column costs one file: columns, reasons and the version of scores follow from metrics."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from samplerbench.harness.scoring.columns import BY_NAME, COLUMNS, MAIN_COLUMNS
from samplerbench.harness.scoring.metrics import base
from samplerbench.harness.scoring.metrics.base import SECTIONS, Column, Score, all_metrics, metric
from samplerbench.harness.scoring.score_trial import VERSION
from tests.support import stored

TOY = '''
"""The largest error of any replicate's mean."""

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric
from samplerbench.harness.scoring.needs import ground_truth


@metric("realised", "largest error of a mean, in sds", "lower", "sd", needs=[ground_truth])
def largest_error(data):
    """The largest error over replicates and parameters."""
    exact = data.exact
    return Score(float(np.abs((data.summary.est - exact.mean) / exact.sd).max()))
'''
REPORT = """
import sys
from samplerbench.harness.scoring import metrics
metrics.__path__.append(sys.argv[1])
from samplerbench.cli.main import main
sys.exit(main(["report", sys.argv[2], "--format", "json"]))
"""
VERSION_OF = REPORT.rpartition("from samplerbench.cli")[0] + (
    "from samplerbench.harness.scoring.score_trial import VERSION; print(VERSION)"
)


def python(code: str, *arguments: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def toy_folder(tmp_path):
    """A folder that a process takes for more of ``harness/scoring/metrics``."""
    folder = tmp_path / "more_metrics"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY)
    return folder


@pytest.mark.process
def test_one_file_is_a_column_of_every_row_and_gone_without_it(tmp_path, toy_folder):
    with stored.campaign(tmp_path / "c"):
        pass
    found = json.loads(python(REPORT, toy_folder, tmp_path / "c"))["rows"]
    rows = {row["sampler"]: row for row in found}
    names = list(rows["honest_one"])
    assert names[names.index("largest_error") - 1] == "sbc_p"  # last of its section
    assert 0 < rows["honest_one"]["largest_error"] < 1 < rows["shifted_one"]["largest_error"]
    assert rows["declined_one"]["largest_error"] is None
    assert rows["declined_one"]["missing"]["largest_error"] == "declined: no gradient here"
    (toy_folder / "toy.py").unlink()
    rows = json.loads(python(REPORT, toy_folder, tmp_path / "c"))["rows"]
    assert "largest_error" not in rows[0] and "largest_error" not in rows[0]["missing"]


@pytest.mark.process
def test_stored_scores_are_made_anew_when_a_metric_comes_or_changes(toy_folder):
    first = int(python(VERSION_OF, toy_folder))
    (toy_folder / "toy.py").write_text(TOY.replace(".max()", ".mean()"))
    second = int(python(VERSION_OF, toy_folder))
    assert len({VERSION, first, second}) == 3
    (toy_folder / "toy.py").unlink()
    assert int(python(VERSION_OF, toy_folder)) == VERSION < 2**63  # as SQLite's integers


def test_every_metric_is_one_column_in_the_place_of_its_section():
    places = [SECTIONS.index(column.place) for column in MAIN_COLUMNS]
    assert places == sorted(places)
    assert [entry.column for entry in all_metrics()] == [
        column for column in MAIN_COLUMNS if column.name in base.metrics.names()
    ]
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_every_column_has_a_description_and_every_time_its_unit():
    assert all(column.description for column in COLUMNS)
    assert {
        BY_NAME[name].unit for name in BY_NAME if name.endswith("_s") and "ess" not in name
    } == {"s"}
    assert BY_NAME["calibration"].better == "one" and BY_NAME["realised_ess"].better == "higher"


def test_a_second_metric_of_one_name_and_an_unknown_group_are_refused():
    def rhat(data):
        return Score(1.0)

    with pytest.raises(ValueError, match="a metric called 'rhat' is registered already"):
        metric("claimed", "again")(rhat)
    with pytest.raises(ValueError, match="expected: one of what, status"):
        Column("depth", "shape", "how deep")
