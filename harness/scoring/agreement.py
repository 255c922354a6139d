"""Verdicts where the ground truth is other samplers' word, or a long run of too few draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samplerbench.harness.ground_truth.long_run import CLAIMS
from samplerbench.harness.scoring.bias_tests import check_bias
from samplerbench.harness.scoring.calibration_tests import center_truth, check_overconfidence
from samplerbench.harness.scoring.complaint import truth_error
from samplerbench.harness.scoring.equivalence import find_disasters
from samplerbench.harness.scoring.lost_replicates import (
    check_lost_replicates,
    check_rates,
    check_stuck_chains,
)
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.verdict_words import NO_ANSWER, Verdict, worst_complaint
from samplerbench.rounding import format_beside

OTHER_FAMILY = "a sampler of another family that agrees with both could confirm it"
TELL_ERRORS = "standard errors of the moments, as NAME_mean_se (0: exact), would let them judge"


def check_truth_error(e: ReplicateSummary) -> Verdict | None:
    """A ground truth known less well than a bias is tolerated: it could not show one."""
    errors = truth_error(e)
    tolerated = np.maximum(e.margins.bias, np.std(e.est, axis=0, ddof=1) / e.sd / 2)
    worst = int(np.argmax(errors / tolerated))
    if errors[worst] <= tolerated[worst]:
        return None
    most = format_beside(tolerated[worst], errors[worst], form=".2g")
    error = format_beside(errors[worst], float(most), form=".2g")
    reason = (
        f"the answer is too uncertain to judge by: its mean of '{e.names[worst]}' has a standard"
        f" error of {error} sd; up to {most} would do"
    )
    return Verdict(NO_ANSWER, reason)


def judge_agreement(summary: ReplicateSummary) -> Verdict:
    """The verdict where the ground truth is another sampler's word: it can't convict, nor clear."""
    sound = summary.select(summary.has_ended)
    alone = check_alone(summary, sound)
    if alone:
        return alone
    uncertain = check_truth_error(sound)
    if uncertain:
        return uncertain
    other = summary.single_source or "reference moments, whose own errors are not known"
    differs = check_lost_replicates(summary) or worst_complaint("biased", check_bias(sound))
    if differs:
        why = f"disagrees with the {other}, and nothing tells which is right: {differs.reason}"
        return Verdict(NO_ANSWER, why)
    if summary.single_source:
        return describe_agreement(sound, OTHER_FAMILY)
    return describe_agreement(sound, TELL_ERRORS)


def check_alone(summary: ReplicateSummary, sound: ReplicateSummary) -> Verdict | None:
    """What replicates show of one another, whatever the truth is: errors about their own mean."""
    return (
        check_lost_replicates(summary, off=False)
        or check_stuck_chains(summary)
        or check_contradiction(sound)
        or _check_odd_runs(summary, sound)
    )


def check_contradiction(sound: ReplicateSummary) -> Verdict | None:
    """Replicates that differ from one another by more than they claim, whatever the truth is."""
    verdict = worst_complaint("overconfident", check_overconfidence(center_truth(sound)))
    return verdict and replace(verdict, reason=f"about the replicates' average, {verdict.reason}")


def _check_odd_runs(summary: ReplicateSummary, sound: ReplicateSummary) -> Verdict | None:
    """Rare runs that are far off from the others, whatever the truth is."""
    odd = int(find_disasters(center_truth(sound).parameters()).sum())
    return check_rates(summary, odd, " from the replicates' average")


def describe_agreement(sound: ReplicateSummary, reason: str) -> Verdict:
    """No difference is seen, which is less than honest: ``reason`` says why."""
    errors = np.abs(sound.est.mean(axis=0) - sound.mean) / sound.sd
    worst = int(np.argmax(errors))
    place = f"the mean of '{sound.names[worst]}' differs most, by {errors[worst]:.3f} sd"
    return Verdict("agrees", f"{place}; {reason}")


def find_large_claim(sound: ReplicateSummary) -> str:
    """The claim that a long run of too few effective draws can't judge, in words; "" for none."""
    if not sound.long_run:
        return ""
    with np.errstate(divide="ignore", invalid="ignore"):
        claimed = np.nanmedian(np.square(sound.sd_hat / sound.se), axis=0)
        known = np.square(sound.sd / sound.mean_se)
    worst = int(np.nanargmax(claimed / known))
    if CLAIMS * claimed[worst] <= known[worst]:
        return ""
    return (  # rounded so that the sentence holds of the numbers in it
        f"calibration is not decided: {np.ceil(claimed[worst]):.0f} effective draws are claimed for"
        f" '{sound.names[worst]}', and the long run has {np.floor(known[worst]):.0f}, less than"
        f" {CLAIMS} times as many"
    )
