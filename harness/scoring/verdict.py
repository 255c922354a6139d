"""One word on a sampler, from intervals only: what is shown, what is shown to be wrong, or neither.

**Accusations** need an interval that lies outside a margin. The margin is how much is tolerated,
the interval how much is known; the margins are those of ``harness.scoring.margins``. A claimed
standard error may be wrong by a factor of 1.15 either way, 32 % of ESS: about what estimates of ESS
scatter by. A bias of half the noise of one run raises its rms error by sqrt(1 + 1/4) = 1.12, inside
that margin. So a bias is tolerated up to half the spread of the estimates over replicates, and
always up to 0.05 sd of a mean, 6 % of an sd, 2.5 percentage points of a share of the draws, 0.75 of
that in the central 98 % (for a Gaussian: a scale wrong by 6 %) and 0.1 of log Z (a Bayes factor
wrong by 10 %). A small bias that many draws reveal shows in the calibration. Draws far out
are looked at apart (``harness.scoring.far_draws``).

**Honest** is what ``harness.scoring.equivalence`` shows: every statistic's limit inside its margin.
What lies neither inside nor outside is *undecided*, with what is known and what would decide it.

**Disasters** are rare runs that are far off. No interval of an rms holds what was not drawn, and
one such run would rule it; so they are counted apart, and the errors are those of the other runs.
A log Z that is far off is one, too, unless its run admits it.
Two of 256 make a sampler *unreliable*: their rate is above 0.058 % with 99 %, where honest normal
errors show one in a million. Runs that fail or never end are seen by whoever waits; eight of 256, a
rate above 1 % with 99 %, are unreliable too, and fewer stand in the reason.

**Intervals.** A mean over R replicates has Student's t. For normal z of true rms c,
``sum z^2 / c^2`` is chi-square with R degrees of freedom, so that with confidence 1 - a
``c >= sqrt(sum z^2 / chi2_R(1 - a))``. Two components at 64 replicates need an observed rms of 1.44
before 1.15 is ruled out, at 256 one of 1.29; twenty components need 1.51 and 1.33.
Estimated standard errors make z heavier-tailed than normal: at an ESS of 90 they scatter by some
10 %, like t with 50 degrees of freedom, of rms 1.02; with 10 degrees it is 1.12, inside the margin.
So replicates count as fewer where the kurtosis k of z exceeds 3, ``2 R / (k - 1)`` of R. Without
that a lower bound of 0.1 % is above the truth in 1 % of campaigns with 10 degrees; with it in 0.1 %
at 64 and 256 replicates, and in 0.4 % at 16.
Where the exact posterior's tails are so heavy and skewed that even the mean of independent draws
has no normal errors (by the rms z of ``harness.statistics.wasserstein``), no interval for its
calibration holds, and the share of draws below the exact median stands in for the mean; so it does
below an ESS of 25. The same goes for the sd, for which shares inside central intervals stand in.

A ground truth that is not exact has standard errors of its own. They widen every interval of a
bias, and for the claims it is moved, within them, to where it speaks for the sampler. One so
uncertain that it could not show a bias judges nothing but lost replicates. One that is other
samplers' word can show that a row *agrees*, and neither clears nor convicts it. What replicates
show of one another convicts: errors beyond their claims, and rare runs far from the others.

**Joint structure.** Directions of the joint posterior, the distance over them and the log density
are judged as parameters are. The sum and the difference of every two parameters have a variance
that may be wrong by twice what a width may, and a level ALPHA of their own: they are many, and take
nothing from the parameters (at 256 replicates the interval of one of 2450, of 50 parameters, is 1.7
times as wide as that of one of two). In each run they are held to claimed errors, with as much of a
level, so that correlations that are wrong either way don't cancel over runs. The energy distance to
exact draws accuses alone, where for certain it is more than that of a shift of every direction by
0.075 sd: a sampler with every mean, or every width, at its margin is as far as 0.05. It clears
nobody, since few points of each run go into it.

**How many are tested.** ``ALPHA`` is the chance of one false complaint of each kind, split over its
components, statistics and sides (Bonferroni: how they depend is not known); calibration of means
takes the largest share. It holds for a sampler at the very edge of a margin. One that is exactly
honest is far from the edge: that the rms of 20 components passes by chance has probability 4e-7.

**The typical run.** Claims that have little to do with a run's errors can be right in their rms by
a few that are far too small. Then most are far too large, and the median of |z| shows it: where its
bound, by order statistics, lies below the margin the sampler is overcautious. Log-normal claims
scattered by a factor of 2.7 are found at 256 replicates; by 1.6, with 0.78 times the median of
right claims and a bound of order statistics 20 % above it, they are not.

**Modes.** Where a model names its modes, the mean share of the draws in each is held to 2.5 points
as other shares are, and the shares of modes of more than 5 % to their claimed errors. A replicate
that never visits one of these is lost, if by the ESS that it claims (less the factor that a claim
may be wrong by, squared) it had less than one chance in a thousand to miss it. So a run too short
to see all modes is not blamed, and one that sits on an island and claims much is.

**Lost replicates.** More than 5 % wrong, not finite or stuck, by the exact lower bound, is broken:
at 64 replicates that takes 9. A mean is wrong that is off by half an sd and by ``LOST_Z`` claimed
errors: one that admits so large an error is too short, not lost. A chain that never moves claims no
error, and one is enough to be overconfident.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samplerbench.harness.scoring.agreement import (
    check_alone,
    check_contradiction,
    check_truth_error,
    describe_agreement,
    find_large_claim,
    judge_agreement,
)
from samplerbench.harness.scoring.bias_tests import check_bias, check_far_draws
from samplerbench.harness.scoring.calibration_tests import (
    check_overcaution,
    check_overconfidence,
    location_name,
    rms,
    z_values,
)
from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.equivalence import (
    LEVEL,
    MOST,
    Limit,
    find_disasters,
    find_open,
    list_limits,
)
from samplerbench.harness.scoring.few_replicates import describe_few
from samplerbench.harness.scoring.lost_replicates import (
    NO_CLAIM,
    check_lost_replicates,
    check_rates,
    check_stuck_chains,
    find_silent,
)
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.unfit_replicates import find_coarse, find_relation
from samplerbench.harness.scoring.verdict_words import LEAST, NO_ANSWER, Verdict, worst_complaint
from samplerbench.harness.statistics.intervals import clopper_pearson, rms_bounds
from samplerbench.rounding import format_all_rounded, format_beside, format_percents
from samplerbench.text import format_count

Array = np.ndarray

#: verdicts that say where shares of the draws stand in for means; the others name what they show
BY_SHARES = ("honest", "agrees", "overcautious", "undecided")
MOST_NAMES = 3
ENERGY = 1.5  # margins of a mean that the joint distribution may be off by, as a shift


def judge(summary: ReplicateSummary | None, no_truth: str = "") -> Verdict:
    """The verdict; None is a model without any ground truth, for the reason ``no_truth``."""
    if summary is None:
        return Verdict(NO_ANSWER, no_truth or "the model has no exact answer to judge by")
    verdict = _judge(summary)
    apart = _name_shares(summary) if verdict.verdict in BY_SHARES else ""
    return replace(verdict, reason=verdict.reason + apart) if apart else verdict


def _name_shares(summary: ReplicateSummary) -> str:
    """The parameters whose mean did not count, in words: columns of means and sds may say others.

    "" for none.
    """
    own = summary.parameters()
    wild = [repr(name) for name, tame in zip(own.names, own.mean_tame, strict=True) if not tame]
    if not wild:
        return ""
    shown = ", ".join(wild[:MOST_NAMES]) + f" and {len(wild) - MOST_NAMES} more" * (
        len(wild) > MOST_NAMES
    )
    return f"; shares of the draws stand in for the mean of {shown}, which settles too slowly"


def _judge(summary: ReplicateSummary) -> Verdict:
    count, coarse = len(summary.est), find_coarse(summary)
    if not coarse and (relation := find_relation(summary)):
        return Verdict("not judged", f"replicates are not independent: {relation}")
    if count < LEAST:
        return Verdict("too few replicates", describe_few(summary, LEAST))
    if coarse:
        return Verdict("not judged", coarse)
    if summary.single_source or summary.error_unknown:
        return judge_agreement(summary)
    lost = check_lost_replicates(summary)
    if lost:
        return lost
    sound = summary.select(summary.has_ended)
    if uncertain := check_truth_error(sound):
        return check_alone(summary, sound) or uncertain
    if place := worst_complaint("biased", check_bias(sound)):
        return place
    if stuck := check_stuck_chains(summary):
        return _add_errors(stuck, sound)
    if place := _check_energy(sound) or worst_complaint("biased", check_far_draws(sound)):
        return place
    if (_count_claims(sound) < LEAST).any():
        return Verdict("too few replicates", _describe_claims(sound, count))
    ordinary, disasters = _split_disasters(sound)
    if large := find_large_claim(sound):
        left_out = f"; {disasters} of {count} runs, far off, are left out" * bool(disasters)
        return (
            check_contradiction(ordinary)
            or check_rates(summary, disasters)
            or describe_agreement(ordinary, large + left_out)
        )
    return (
        worst_complaint("overconfident", check_overconfidence(ordinary))
        or check_rates(summary, disasters)
        or worst_complaint("overcautious", check_overcaution(ordinary.parameters()))
        or _check_limits(summary, ordinary, disasters)
    )


def _add_errors(stuck: Verdict, sound: ReplicateSummary) -> Verdict:
    """The verdict on chains that never move, behind errors beyond their claims where those are."""
    ordinary, _ = _split_disasters(sound)
    if (_count_claims(ordinary) < LEAST).any() or find_large_claim(sound):
        return stuck
    larger = worst_complaint("overconfident", check_overconfidence(ordinary))
    return replace(larger, reason=f"{larger.reason}; {stuck.reason}") if larger else stuck


def _count_claims(e: ReplicateSummary) -> Array:
    """Replicates that claim an error, of each component."""
    return np.isfinite(z_values(e)).sum(axis=0)


def _describe_claims(sound: ReplicateSummary, count: int) -> str:
    """How few of ``count`` replicates claim an error, of what, and what would make it more."""
    claims = _count_claims(sound)
    worst = int(np.argmin(claims))
    reason = (
        f"{claims[worst]} of {count} replicates claim an error of {location_name(sound, worst)}"
    )
    one_side = np.isin(sound.below_median[:, worst], (0.0, 1.0)).sum()
    if one_side and not sound.mean_tame[worst]:
        reason += (
            f"; all draws of {one_side} lie on one side of that median, which longer runs may mend"
        )
    return f"{reason}; a verdict needs {LEAST}"


def _check_energy(sound: ReplicateSummary) -> Verdict | None:
    """Draws whose joint distribution is surely farther from the exact one than margins allow."""
    if sound.energy is None or len(sound.est) < LEAST:
        return None
    value, lo, hi = sound.energy.estimate(ALPHA)
    most = ENERGY * sound.margins.bias
    if not lo > most:
        return None
    tolerated = format_beside(most, lo, form=".2g")
    shown, least, top = format_all_rounded((value, lo, hi), lo, hi, float(tolerated))
    reason = (
        f"the draws' joint distribution is as far from the exact one as a shift of every direction"
        f" by {shown} sd ({least} to {top}; energy distance); {tolerated} is tolerated"
    )
    return Verdict("biased", reason, value, lo, hi)


def _split_disasters(sound: ReplicateSummary) -> tuple[ReplicateSummary, int]:
    """The runs with ordinary errors, and how many others there are.

    Where hardly any are left the errors are large as a rule, and all of them are ordinary.
    """
    off = find_disasters(sound.parameters())
    if len(off) - off.sum() < LEAST:
        return sound, 0
    return sound.select(~off), int(off.sum())


def _check_limits(summary: ReplicateSummary, ordinary: ReplicateSummary, disasters: int) -> Verdict:
    """Honest where every statistic is shown to lie inside its margin, else undecided."""
    total, ended = len(summary.est), int(summary.has_ended.sum())
    open_limit = find_open(list_limits(ordinary, disasters, ended))
    if open_limit:
        return _undecided(open_limit, total)
    return _honest_verdict(summary, ordinary)


def _undecided(limit: Limit, total: int) -> Verdict:
    """What is known of the statistic that is farthest from decided, and what would decide it."""
    if np.isnan(limit.value):
        advice = "more runs that tell it would"
    elif limit.value >= limit.margin:
        advice = "its estimate lies above, so that more replicates show it only if that falls"
    elif np.isinf(limit.replicates):
        advice = f"not even {MOST:,} replicates would show it"
    else:  # of all that are run some may not count
        more = (limit.replicates - limit.count) * total / limit.count
        count = format_count(max(1, _round_up(more)), "more replicate")
        advice = f"about {count} would show it, as things are"
    return Verdict("undecided", f"{limit.reason}: {advice}", limit.value, None, limit.limit)


def _round_up(number: float) -> int:
    """``number`` to two digits, upwards."""
    unit = 10 ** max(0, int(np.log10(max(number, 1))) - 1)
    return int(np.ceil(number / unit) * unit)


def _honest_verdict(summary: ReplicateSummary, ordinary: ReplicateSummary) -> Verdict:
    z = z_values(ordinary)
    ratio = rms(z)
    worst = int(np.argmax(ratio))
    lo, hi = rms_bounds(z[:, worst], LEVEL, normal=True)
    total, margin = len(summary.est), summary.margins.calibration
    reason = (
        f"errors of {location_name(ordinary, worst)} are {ratio[worst]:.2f} times the claimed ones,"
        f" where they are largest, and at most {format_beside(hi, margin)} times ({margin:g} is the"
        f" margin); "
        f"{format_count(total, 'replicate')}"
    )
    lost = int((~summary.has_ended).sum())
    if lost:
        low, high = clopper_pearson(lost, total, ALPHA)
        reason += f"; honest when it ends: {lost} did not ({format_percents(low, high)})"
    if silent := int(find_silent(summary).sum()):
        reason += f"; {silent} of {total} runs {NO_CLAIM}"
    return Verdict("honest", reason, float(ratio[worst]), lo, hi)
