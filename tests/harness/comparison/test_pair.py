"""One ratio of two sides: what can't be compared says why."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.comparison.pair import compute_ratio
from samplerbench.harness.comparison.ratio import Conclusion
from samplerbench.harness.comparison.sides import with_places
from tests.support.sides import errors, side, times


@pytest.mark.parametrize(
    ("row", "quantity", "reason"),
    [
        (side("a", None, times(1, 1)), "error", "no exact answer"),
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
