"""The first two plain runs leave what later phases need, whatever the second one does."""

from __future__ import annotations

import math

import numpy as np

from samplerbench.harness.records import Result
from samplerbench.harness.worker.cold_runs import ColdRuns
from samplerbench.harness.worker.time_limit import TimeLimit
from samplerbench.harness.worker.timing import CompileClock
from samplerbench.samplers.base import Draws, Prepared
from tests.support.trials import small


def run_both(plain, limit=None):
    result = Result("ok")
    runs = ColdRuns(small(), result, CompileClock(), limit or TimeLimit(), str)
    prepared, cold = runs.run_first(lambda: Prepared(plain), 16)
    runs.run_second(prepared, cold)
    return runs, result


def draw(seed):
    return Draws({"x": np.full((small().chains, small().draws), float(seed))})


def test_both_runs_are_kept_and_timed():
    runs, result = run_both(draw)
    assert [each.sites["x"][0, 0] for each in runs.draws] == [small().seed, small().seed + 1]
    assert result.timings["cold_s"] >= 0 and result.timings["rerun_s"] >= 0
    assert math.isfinite(sum(runs.guesses)) and not runs.second_error and not result.missing


def test_a_second_run_that_fails_is_told_by_its_seed():
    seen = []

    def plain(seed):
        seen.append(seed)
        if len(seen) > 1:
            raise ValueError("used up")
        return draw(seed)

    runs, result = run_both(plain)
    assert len(runs.draws) == 1 and runs.alone_s is None and math.isfinite(sum(runs.guesses))
    assert runs.second_error.startswith(f"a second call, with seed {small().seed + 1}, failed: ")
    assert set(result.missing) == {"rerun_s", "compiles_per_rerun"}


def test_no_second_run_where_there_is_no_time(monkeypatch):
    limit = TimeLimit()
    monkeypatch.setattr(limit, "allows", lambda seconds: False)
    runs, result = run_both(draw, limit)
    assert len(runs.draws) == 1 and runs.guesses == (math.inf, math.inf)
    assert set(result.missing) == {"rerun_s", "compiles_per_rerun"}
