"""Runs that fail, never move or are far off are counted apart, and few of them decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.lost_replicates import LOST_SHARE, NO_CLAIM, find_silent
from samplerbench.harness.scoring.verdict import judge
from tests.support.summaries import ideal, lose


def test_broken_needs_more_than_five_percent_for_certain():
    # the exact lower bound passes 5 % where P(k or more of 64 | 5 %) < ALPHA
    least = int(stats.binom.isf(ALPHA, 64, LOST_SHARE)) + 1
    assert judge(lose(ideal(64), least, est=2.0)).verdict == "broken"
    assert judge(lose(ideal(64), least - 1, est=2.0)).verdict == "unreliable"


def test_the_reason_says_that_lost_means_are_off_by_claimed_errors_too():
    # 60 more are off by as much and admit it: they are not counted, and the words fit the count
    e, at = ideal(), np.random.default_rng(3).permutation(256)[:100]
    est, se = e.est.copy(), e.se.copy()
    est[at] += 2.0
    se[at[:60]] = 1.0
    got = judge(replace(e, est=est, se=se))
    assert got.verdict == "broken"
    assert "40 of 256 replicates are lost" in got.reason
    assert got.reason.endswith("40 off by more than half an sd and 4 claimed errors")


def test_replicates_that_are_not_finite_are_left_out_until_they_are_many():
    got = judge(lose(ideal(), 2, finite=False, est=np.nan))
    assert got.verdict == "honest" and "honest when it ends: 2 did not (0.058 to" in got.reason
    got = judge(lose(ideal(), 8, finite=False, est=np.nan))
    assert (
        got.verdict == "unreliable"
        and "8 of 256 runs failed, never ended or are not finite" in got.reason
    )
    assert judge(lose(ideal(), 40, finite=False, est=np.nan)).verdict == "broken"
    assert judge(lose(ideal(), 256, finite=False, est=np.nan, se=np.nan)).verdict == "broken"


def test_two_disasters_of_256_are_unreliable_and_one_is_undecided():
    # off by 0.2 sd, where 1000 effective draws claim 0.03
    got = judge(lose(ideal(), 2, est=0.2))
    assert got.verdict == "unreliable"
    assert got.reason.startswith(
        "2 of 256 runs off by more than 5 median claimed errors (0.058 to 3.2 %)"
    )
    got = judge(lose(ideal(), 1, est=0.2))
    assert got.verdict == "undecided" and "1 of 256 runs" in got.reason


def test_weighted_draws_that_admit_a_large_error_are_no_disaster():
    lost = lose(ideal(), 4, est=0.2, se=0.15)
    assert judge(lost).verdict == "unreliable"
    assert judge(replace(lost, weighted=True)).verdict == "honest"
    silent = lose(ideal(), 4, est=0.2)
    assert judge(replace(silent, weighted=True)).verdict == "unreliable"


def test_one_chain_that_never_moves_is_enough():
    got = judge(lose(ideal(), 1, moves=False, se=np.nan))
    assert got.verdict == "overconfident" and "1 of 256" in got.reason


def test_errors_beyond_their_claims_come_before_a_chain_that_never_moves():
    e = ideal()
    got = judge(lose(replace(e, se=e.se / 3), 1, moves=False, se=np.nan))
    assert got.verdict == "overconfident"
    assert (
        got.reason.startswith("errors of the mean of ") and got.value > 2
    )  # of runs within 5 of them
    assert got.reason.endswith("; " + judge(lose(e, 1, moves=False, se=np.nan)).reason)


@pytest.mark.parametrize(
    "what",
    [{"se": 0.0}, {"se": np.nan}, {"log_z": -np.inf}, {"log_z": np.nan}, {"log_z_err": np.inf}],
)
def test_runs_that_claim_nothing_where_others_do_are_counted(what):
    rng = np.random.default_rng(2)
    e = replace(ideal(), log_z=0.3 * rng.standard_normal(256), log_z_true=0.0)
    e = replace(e, log_z_err=np.full(256, 0.3))
    got = judge(lose(e, 8, **what))
    assert got.verdict == "unreliable" and "8 of 256 runs claim no error" in got.reason
    got = judge(lose(e, 3, **what))
    assert got.verdict == "honest" and got.reason.endswith(f"; 3 of 256 runs {NO_CLAIM}")


def test_what_no_run_claims_is_not_missed():
    e = replace(ideal(), log_z=np.full(256, np.nan), log_z_err=np.zeros(256), log_z_true=0.0)
    assert not find_silent(e).any()


def test_lost_replicates_that_admit_it_are_unreliable_all_the_same():
    # Each of them claims an error as large as its own; the median replicate claims 0.03 sd.
    got = judge(lose(ideal(), 6, est=0.45, se=0.45))
    assert got.verdict == "unreliable" and "6 of 256" in got.reason
