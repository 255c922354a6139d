"""One ratio of two sides: what can't be compared says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.comparison.pair import compute_ratio
from samplerbench.harness.comparison.ratio import Conclusion
from samplerbench.harness.comparison.sides import read_side, with_places
from samplerbench.harness.draws_file import save_draws
from samplerbench.samplers.base import Draws
from tests.support import stored
from tests.support.sides import errors, side, times


@pytest.mark.parametrize(
    ("row", "quantity", "reason"),
    [
        (side("a", None, times(1, 1)), "error", "no exact answer"),
        (
            replace(side("a", None, times(1, 1)), verdict="not judged"),
            "error",
            "a is not judged",
        ),
        (side("a", errors(1, 1, count=4), times(1, 1)), "error", "fewer than 10 replicates"),
        (
            side("a", errors(1, 1), times(1, 1, count=2)),
            "time",
            "a was timed in 2 processes; an answer on time takes 3 (--blocks)",
        ),
        (
            side("a", errors(1, 1), [1.0]),
            "efficiency",
            "a was timed in 1 process; an answer on time takes 3 (--blocks)",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(row, quantity, reason):
    base = side("b", errors(1, 2), times(1, 2))
    ratio = compute_ratio(row, base, quantity, None)
    assert (ratio.conclusion, ratio.reason) == (Conclusion.NOT_COMPARED, reason)


@pytest.mark.parametrize("shared", [0, 1, 2])
@pytest.mark.parametrize("quantity", ["time", "efficiency"])
def test_processes_of_unlike_rounds_are_no_pairs(quantity, shared):
    row, base = side("a", errors(1, 1), times(1, 1, count=6)), side("b", errors(1, 2), times(1, 2))
    for at in range(3, 6):
        del row.result.blocks[at - 1]["warm_s"]
    for process in (base.result.timings, *base.result.blocks)[: 3 - shared]:
        del process["warm_s"]
    ratio = compute_ratio(row, base, quantity, None)
    rounds = f"{shared} round{'s' * (shared != 1)}"
    expected = f"both were timed in {rounds} of blocks; an answer on time takes 3 (--blocks)"
    assert (ratio.conclusion, ratio.reason) == (Conclusion.NOT_COMPARED, expected)


def test_draws_that_lack_a_parameter_have_no_errors_and_are_compared_in_time_alone(tmp_path):
    whole, lacking = tmp_path / "whole.npz", tmp_path / "lacking.npz"
    runs = [Draws({"m": np.zeros((1, 4)), "c": np.zeros((1, 4))})] * 12
    save_draws(whole, {"replicates": runs})
    save_draws(lacking, {"replicates": [Draws({"m": run.sites["m"]}) for run in runs]})
    sides = [
        read_side(stored.trial("a"), stored.result(), "not judged", path, stored.exact())
        for path in (whole, lacking)
    ]
    assert sides[0].errors.shape == (12, 2) and sides[1].errors is None
    assert compute_ratio(*sides, "error", None).reason == "a is not judged"


def test_draws_of_elsewhere_have_no_clock_and_are_not_asked_for_more_processes():
    outside, base = side("a", errors(1, 1), [0.0]), side("b", errors(1, 2), times(1, 2))
    outside.result.missing["warm_s"] = "made elsewhere: no clock"
    assert compute_ratio(outside, base, "time", None).reason == "a: made elsewhere: no clock"
    assert compute_ratio(outside, base, "error", None).value is not None


def test_rows_are_told_apart_without_the_folders_of_their_environments():
    names = ("current", "new=/far/bin/python")
    sides = with_places([side("a", None, [0.0], environment=name) for name in names])
    assert [each.where for each in sides] == [" on current", " on new"]


def test_a_machine_that_others_used_gives_no_answer_on_time():
    busy, base = side("a", errors(1, 1), times(9, 1)), side("b", errors(1, 2), times(1, 2))
    busy.result.warnings.append("contended: wall over CPU time is 1.30, in block 2")
    for pair in ((busy, base), (base, busy)):
        assert compute_ratio(*pair, "error", None).value is not None
        time = compute_ratio(*pair, "time", None)
        assert time.value is None and time.reason == "others used the machine that timed a"


def test_failures_of_most_runs_cannot_be_compared():
    broken = np.where(np.arange(64)[:, None] < 60, np.nan, errors(1, 1))
    pair = side("a", broken, times(1, 1)), side("b", broken, times(1, 2))
    error, median = (compute_ratio(*pair, name, None) for name in ("error", "median error"))
    assert error.value is None and median.value is None
    assert error.reason == "4 pairs of runs that both finished"
    assert "infinite" in median.reason
