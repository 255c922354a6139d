"""What too few replicates say: how far off they are, and how far chance takes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.scoring.few_replicates import describe_few
from samplerbench.harness.scoring.summarise_replicates import summarise
from tests.support.synthetic import Case, gaussian, iid

CASE, EXACT = Case(replicates=5), gaussian(2)
SUMMARY = summarise(iid(CASE, EXACT, np.random.default_rng(0)), EXACT)


def test_the_farthest_of_all_errors_is_named_in_sds_and_claimed_errors():
    est = SUMMARY.mean + 0.0 * SUMMARY.est
    est[3, 1] += 0.5 * SUMMARY.sd[1]
    se = np.broadcast_to(0.1 * SUMMARY.sd, SUMMARY.se.shape)
    text = describe_few(replace(SUMMARY, est=est, se=se), 16)
    assert text.startswith("5 replicates; a verdict needs 16, each with a seed of its own")
    # two-sided, 1 % over 10 errors: the normal quantile of 0.0005
    assert "mean of 'p[1]': 0.5 sd, 5.0 claimed errors, where chance makes up to 3.3" in text


def test_where_shares_stand_in_for_means_the_farthest_is_told_in_shares():
    wild = replace(SUMMARY, mean_tame=np.zeros(2, dtype=bool))
    below = 0.5 + 0 * wild.below_median
    below[2, 0] = 0.75
    text = describe_few(replace(wild, below_median=below, below_se=0 * below + 0.05), 16)
    assert "of 'p[0]': by 25 % of the draws, 5.0 claimed errors" in text


@pytest.mark.parametrize("count", [1, 2])
def test_replicates_that_claim_no_error_are_only_counted(count):
    silent = replace(SUMMARY.select(np.arange(5) < count), se=np.zeros((count, 2)))
    assert describe_few(silent, 16) == f"{count} replicate{'s'[: count - 1]}; a verdict needs 16"


def test_runs_without_a_number_and_runs_that_never_move_are_counted():
    finite, moves = SUMMARY.finite.copy(), SUMMARY.moves.copy()
    finite[:2], moves[1:4] = False, False
    text = describe_few(replace(SUMMARY, finite=finite, moves=moves), 16)
    wanted = (
        "5 replicates, 2 with a chain that never moves, 2 failed or not finite; a verdict needs"
    )
    assert text.startswith(wanted)
