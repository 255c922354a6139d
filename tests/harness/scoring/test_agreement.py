"""Against other samplers' word the best verdict is `agrees`, and nobody is convicted by it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.ground_truth.long_run import CLAIMS
from samplerbench.harness.scoring.agreement import check_contradiction, find_large_claim
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.scoring.verdict_words import COMPARABLE
from tests.support.summaries import ideal, lose


def unconfirmed(**changes) -> ReplicateSummary:
    """Evidence of an honest sampler against a long run that nobody confirms, with changes."""
    truth = {"single_source": "long run", "long_run": True}
    errors = {"mean_se": np.full(2, 1e-3), "sd_se": np.full(2, 1e-3)}
    return replace(ideal(), **{**truth, **errors, **changes})


def test_against_an_unconfirmed_answer_the_best_word_is_agrees():
    got = judge(unconfirmed())
    assert got.verdict == "agrees"
    assert got.verdict not in COMPARABLE
    assert "a sampler of another family" in got.reason


def test_an_unconfirmed_answer_convicts_nobody_of_being_elsewhere():
    for shift in (0.2, 3.0):
        est = ideal().est + shift
        got = judge(unconfirmed(est=est))
        assert got.verdict == "no exact answer"
        assert got.reason.startswith("disagrees with the long run, and nothing tells which is")


def test_replicates_that_contradict_one_another_need_no_answer_to_be_overconfident():
    got = judge(unconfirmed(est=3 * ideal().est))
    assert got.verdict == "overconfident"
    assert got.reason.startswith("about the replicates' average, errors of the mean of")


def test_a_long_run_judges_claims_of_a_25th_of_its_effective_draws_and_no_more():
    # 1000 effective draws are claimed: 25,000 know the mean to 0.0063 sd
    for error, word in ((0.006, "honest"), (0.007, "agrees")):
        got = judge(unconfirmed(single_source="", mean_se=np.full(2, error)))
        assert got.verdict == word
    assert "calibration is not decided: " in got.reason
    assert "the long run has 20408, less than 25 times" in got.reason
    short = replace(ideal(), mean_se=np.full(2, 0.007))
    assert judge(short).verdict == "honest" and find_large_claim(short) == ""  # no long run


def test_rare_runs_far_off_need_no_answer_to_be_unreliable():
    # six claimed errors: the rms of the others' hardly moves
    for count, word in ((1, "agrees"), (2, "unreliable")):
        got = judge(lose(unconfirmed(), count, est=6 / np.sqrt(1000)))
        assert got.verdict == word
    assert (
        "2 of 256 runs off by more than 5 median claimed errors from the replicates' average"
        in got.reason
    )


def test_a_long_run_that_decides_no_calibration_tells_of_disasters_all_the_same():
    short = unconfirmed(single_source="", mean_se=np.full(2, 0.007))
    got = judge(lose(short, 1, est=30.0))
    assert got.verdict == "agrees" and got.reason.endswith("1 of 256 runs, far off, are left out")
    got = judge(lose(short, 2, est=30.0))
    assert got.verdict == "unreliable" and got.reason.startswith("2 of 256 runs off by more than 5")


def test_an_answer_too_uncertain_to_judge_by_hides_no_contradiction():
    vague = unconfirmed(single_source="", mean_se=np.full(2, 0.2))
    assert judge(vague).reason.startswith("the answer is too uncertain to judge by")
    assert judge(replace(vague, est=3 * vague.est)).verdict == "overconfident"
    assert judge(lose(vague, 2, est=6 / np.sqrt(1000))).verdict == "unreliable"


def test_runs_contradict_one_another_by_their_own_log_z_not_by_the_answers():
    noise = np.random.default_rng(5).normal(0, 0.1, 256)
    fields = {"log_z": noise, "log_z_err": np.full(256, 0.1)}
    assert check_contradiction(replace(ideal(256), **fields, log_z_true=1.0)) is None
    wider = replace(ideal(256), log_z=3 * noise, log_z_err=fields["log_z_err"], log_z_true=1.0)
    assert "about the replicates' average, errors of log Z" in check_contradiction(wider).reason


@pytest.mark.parametrize("known", [10_009.0, 10_009.9])
def test_the_numbers_of_a_large_claim_are_as_the_sentence_says(known):
    e = ideal(64)
    se, long_run = np.full_like(e.se, e.sd / np.sqrt(400.4)), e.sd / np.sqrt(known)
    words = find_large_claim(
        replace(e, se=se, sd_hat=0 * e.sd_hat + e.sd, mean_se=long_run, long_run=True)
    )
    claimed, has = re.search(r"(\d+) effective .* has (\d+),", words).groups()
    assert int(has) < CLAIMS * int(claimed)
