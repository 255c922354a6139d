"""Seconds of several processes in a row: typical values, intervals, and what is divided by them."""

from __future__ import annotations

import pytest

from samplerbench.harness.records import Result
from samplerbench.harness.scoring import columns, process_seconds, score_trial
from samplerbench.harness.scoring.metrics.base import Score
from tests.support import stored

CLOCK_TIMINGS = ("import_s", "cold_s", "compile_s", "rerun_s", "warm_s")


def row_of(result):
    return columns.row(stored.trial("a"), result, {"columns": {}, "missing": {}})


def test_a_row_names_the_claims_that_are_audited():
    assert row_of(Result("ok", claims="ESS: Kish's"))["claims"] == "ESS: Kish's"
    assert row_of(Result("ok"))["claims"] == ""


def test_clocked_seconds_have_intervals_between_processes():
    row = row_of(stored.result(warm=(0.02, 0.018, 0.02 / 0.9)))
    assert row["blocks"] == 3 and row["block_seconds"]["warm_s"] == [0.02, 0.018, 0.02 / 0.9]
    for name in CLOCK_TIMINGS:
        assert row[f"{name}_lo"] < row[name] < row[f"{name}_hi"]
        assert row[name] == pytest.approx(stored.result().timings[name])
    assert row["warmup_s"] == pytest.approx(0.005)


def test_one_process_has_seconds_without_any_interval():
    one = stored.result(warm=(0.02,))
    one.timings.update(warm_s_lo=0.019, warm_s_hi=0.021)  # as older versions stored them
    row = row_of(one)
    assert (row["blocks"], row["cold_s"], row["warm_s"]) == (1, 3.0, 0.02)
    assert {row[f"{name}{end}"] for name in CLOCK_TIMINGS for end in ("_lo", "_hi")} == {None}


def test_what_a_block_did_not_come_to_is_left_out_of_its_interval():
    one = stored.result()
    del one.blocks[0]["warm_s"], one.blocks[1]["warm_s"]
    row = row_of(one)
    assert row["block_seconds"]["warm_s"] == [0.02, None, None]
    assert row["warm_s_lo"] is None and row["cold_s_lo"] is not None


def test_draws_a_second_have_an_interval_only_between_processes():
    ess = Score(100.0, 80.0, 120.0)
    alone = process_seconds.score_draws_per_second(ess, stored.result(warm=(0.02,)))
    assert (alone.value, alone.lo, alone.hi) == (100 / 0.02, None, None)
    several = process_seconds.score_draws_per_second(ess, stored.result())
    assert several.lo < 80 / 0.02 and several.hi > 120 / 0.02


def test_seconds_to_5_percent_hold_what_differs_between_processes():
    ess = Score(200.0, 190.0, 210.0)
    narrow, wide = (
        process_seconds.score_time_to_5pct(ess, stored.result(warm=warm), False)
        for warm in ((0.02, 0.0199, 0.02 / 0.995), (0.02, 0.018, 0.02 / 0.9))
    )
    assert narrow.value == pytest.approx(3.5 + 0.015) and wide.value == pytest.approx(narrow.value)
    assert wide.lo < narrow.lo < narrow.value < narrow.hi < wide.hi
    alone = process_seconds.score_time_to_5pct(ess, stored.result(warm=(0.02,)), False)
    assert alone.value == pytest.approx(3.515) and alone.lo is alone.hi is None


@pytest.mark.slow
def test_scores_renewed_for_more_blocks_are_those_that_scoring_anew_gives(campaign):
    for trial in campaign.store.trials()[:4]:
        result = campaign.store.result(trial.id)
        path, exact = campaign.store.draws_path(trial.id), stored.exact()
        first = Result(**{**result.__dict__, "blocks": []})
        before = score_trial.score(trial, first, path, exact)["columns"]
        after = score_trial.score(trial, result, path, exact)["columns"]
        assert before != after
        assert score_trial.renew_seconds(before, result) == after
