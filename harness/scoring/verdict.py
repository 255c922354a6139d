"""One word on a sampler: honest, overconfident, overcautious, biased, broken; from intervals only.

Every complaint needs an interval that lies outside a margin. The margin is how much is tolerated,
the interval how much is known. Few replicates make wide intervals, and so fewer complaints.

**Margins.** A claimed standard error may be wrong by a factor ``CALIBRATION`` = 1.15 either way,
32 % of ESS: about what estimates of ESS scatter by. A bias of half the noise of one run raises its
rms error by sqrt(1 + 1/4) = 1.12, inside that margin. So a bias is tolerated up to half the spread
of the estimates over replicates, and always up to ``SHIFT`` = 0.05 sd of a mean, ``SHARE`` = 2.5
percentage points of a share of the draws (for a Gaussian: a scale wrong by 6 %) and ``LOG_Z`` = 0.1
(a Bayes factor wrong by 10 %). A small bias that many draws reveal shows in the calibration.

**Intervals.** A mean over R replicates has Student's t. For normal z of true rms c,
``sum z^2 / c^2`` is chi-square with R degrees of freedom, so that with confidence 1 - a
``c >= sqrt(sum z^2 / chi2_R(1 - a))``. Two components at 64 replicates need an observed rms of 1.44
before 1.15 is ruled out, at 256 one of 1.29; twenty components need 1.51 and 1.33.
Estimated standard errors make z heavier-tailed than normal: at an ESS of 90 they scatter by some
10 %, like t with 50 degrees of freedom, of rms 1.02; with 10 degrees it is 1.12, inside the margin.
Where the exact posterior's tails are so heavy and skewed that even the mean of independent draws
has no normal errors (by the yardstick's rms z), no interval for its calibration holds, and
the share of draws below the exact median stands in for the mean; so it does below an ESS of 25.

An answer that is not exact has standard errors of its own. They widen every interval of a bias,
and for the claims the answer is moved, within them, to where it speaks for the sampler. An answer
so uncertain that it could not show a bias judges nothing but lost replicates.

**How many are tested.** ``ALPHA`` is the chance of one false complaint of each kind, split over its
components, statistics and sides (Bonferroni: how they depend is not known); calibration of means
takes the largest share. It holds for a sampler at the very edge of a margin. One that is exactly
honest is far from the edge: that the rms of 20 components passes by chance has probability 4e-7.

**Why flaws are found**, at 64 replicates. Claimed error halved: sum z^2 / 4 is chi-square and
passes below 36.7 if one of 20 components is flawed (0.24 %), 33.2 for one of 2, and for log Z alone
(0.05 %); when all components are, all would have to pass. Shift by 0.2 sd: the interval's
half-width is about 4 / sqrt(64 ESS), or 0.05 at an ESS of 100, where the margin is 0.05 too.
Scale 1.2: 42.6 % of the draws are in the exact central half, 83.0 % in the central 90 %.

**Modes.** Where a model names its modes, the mean share of the draws in each is held to ``SHARE``
as other shares are, and the shares of modes of more than 5 % to their claimed errors. A replicate
that never visits one of these is lost, if by the ESS that it claims (less the factor that a claim
may be wrong by, squared) it had less than one chance in a thousand to miss it. So a run too short
to see all modes is not blamed, and one that sits on an island and claims much is.

**Lost replicates.** More than 5 % wrong, not finite or stuck, by the exact lower bound, is broken:
at 64 replicates that takes 9. Fewer are seen otherwise. A chain that never moves claims no error,
and one is enough. A replicate stuck in a wrong place claims a small error, which rules the rms.
One that admits a large error is held against what the *median* replicate claims, as that
is the ESS in the table: there the margin is ``TYPICAL`` = 2, a quarter of the claimed ESS, since
the ESS does differ from run to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samplerbench.harness.scoring.replicate_summary import Evidence
from samplerbench.harness.scoring.verdict_tests import (
    ALPHA,
    SHIFT,
    Complaint,
    biased,
    overcautious,
    overconfident,
    own_error,
    rms,
    rms_bounds,
    z_values,
)
from samplerbench.harness.statistics.estimates import clopper_pearson
from samplerbench.harness.statistics.mode_occupancy import MAJOR
from samplerbench.harness.statistics.self_diagnostics import wrong

Array = np.ndarray

VERDICTS = (
    "honest",
    "overconfident",
    "overcautious",
    "biased",
    "broken",
    "too few replicates",
    "no exact answer",
)
COMPARABLE = ("honest", "overcautious")  # the others' speed is not comparable

LEAST = 16  # replicates: below, the interval of an rms spans a factor of three and more
BROKEN = 0.05  # share of replicates that may be lost


@dataclass(frozen=True)
class Verdict:
    """The word, the reason in words, and the interval that decided."""

    verdict: str  # one of VERDICTS
    reason: str
    value: float | None = None
    lo: float | None = None  # simultaneous over all that was tested, hence wider than the table's
    hi: float | None = None


def verdict(evidence: Evidence | None, why: str = "") -> Verdict:
    """The verdict; None is a model without any answer, for the reason ``why``."""
    if evidence is None:
        return Verdict("no exact answer", why or "the model has no exact answer to judge by")
    count = len(evidence.est)
    if count < LEAST:
        return Verdict("too few replicates", f"{count} replicates; a verdict needs {LEAST}")
    broken = _broken(evidence)
    if broken:
        return broken
    sound = _sound(evidence)
    least = int(np.isfinite(z_values(sound)).sum(axis=0).min(initial=len(sound.est)))
    found = _answer_unsure(sound) or _worst("biased", biased(sound)) or _never_moves(evidence)
    if found:
        return found
    if least < LEAST:
        reason = f"{least} of {count} replicates claim a standard error; a verdict needs {LEAST}"
        return Verdict("too few replicates", reason)
    found = _worst("overconfident", overconfident(sound))
    return found or _worst("overcautious", overcautious(sound)) or _honest(evidence, sound)


def _worst(word: str, tests: Iterator[Complaint]) -> Verdict | None:
    """The test that lies farthest outside its margin, as a verdict; None if all lie inside."""
    outside = [test for test in tests if test.excess > 1]  # NaN, where nothing is known, is not
    if not outside:
        return None
    bad = max(outside, key=lambda test: test.excess)
    return Verdict(word, bad.reason, bad.value, bad.lo, bad.hi)


def _answer_unsure(e: Evidence) -> Verdict | None:
    """An answer known less well than a bias is tolerated: it could not show one."""
    own = own_error(e)
    tolerated = np.maximum(SHIFT, np.std(e.est, axis=0, ddof=1) / e.sd / 2)
    worst = int(np.argmax(own / tolerated))
    if own[worst] <= tolerated[worst]:
        return None
    reason = (
        f"the answer is too uncertain to judge by: its mean of "
        f"'{e.names[worst]}' has a standard error of {own[worst]:.2g} sd; up to "
        f"{tolerated[worst]:.2g} would do"
    )
    return Verdict("no exact answer", reason)


def _honest(evidence: Evidence, sound: Evidence) -> Verdict:
    z = z_values(sound)
    ratio = rms(z)
    worst = int(np.argmax(np.abs(np.log(ratio))))
    count, lost = len(sound.est), len(evidence.est) - len(sound.est)
    lo, hi = rms_bounds(z[:, worst], 0.025)
    note = f"; {lost} of {len(evidence.est)} replicates are not finite and left out" if lost else ""
    reason = (
        f"errors are {ratio[worst]:.2f} times the claimed ones ({lo:.2f} to {hi:.2f}) "
        f"for '{evidence.names[worst]}', the farthest from 1; {count} replicates{note}"
    )
    return Verdict("honest", reason, float(ratio[worst]), lo, hi)


def _sound(evidence: Evidence) -> Evidence:
    """The replicates whose every draw is finite."""
    keep = evidence.finite.all(axis=1)
    per_replicate = (
        "est se sd_hat below below_se half half_se ninety finite moves w1 log_z log_z_err"
    ).split()
    values = {name: getattr(evidence, name) for name in per_replicate}
    kept: dict[str, Any] = {k: v if v is None else v[keep] for k, v in values.items()}
    kept["modes"] = evidence.modes.of(keep) if evidence.modes else None
    return replace(evidence, **kept)


def _broken(evidence: Evidence) -> Verdict | None:
    """More than 5 % of replicates wrong, blind, not finite or stuck, by the exact lower bound."""
    finite = evidence.finite.all(axis=1)
    stuck = finite & ~evidence.moves.all(axis=1)
    off = wrong(evidence.est, evidence.mean, evidence.sd, evidence.mean_se) & ~stuck & finite
    blind = evidence.modes.failed if evidence.modes else np.zeros(len(finite), dtype=bool)
    count, of = int((~finite | stuck | off | blind).sum()), len(finite)
    lo, hi = clopper_pearson(count, of, ALPHA)
    if lo <= BROKEN:
        return None
    kinds = (
        (blind, f"never in a mode of more than {100 * MAJOR:.0f} %"),
        (off, "off by more than half an sd"),
        (stuck, "with a chain that never moves"),
        (~finite, "not finite"),
    )
    what = ", ".join(f"{int(k.sum())} {text}" for k, text in kinds if k.any())
    reason = f"{count} of {of} replicates are lost ({100 * lo:.0f} to {100 * hi:.0f} %): {what}"
    return Verdict("broken", reason, count / of, lo, hi)


def _never_moves(evidence: Evidence) -> Verdict | None:
    """Any chain without variance: it claims no error, and no sound sampler gives one."""
    stuck = int((evidence.finite & ~evidence.moves).any(axis=1).sum())
    of = len(evidence.est)
    lo, hi = clopper_pearson(stuck, of, ALPHA)
    if stuck == 0:
        return None
    reason = (
        f"{stuck} of {of} replicates ({100 * lo:.1f} to {100 * hi:.0f} %) "
        "have a chain that never moves, and so claims no error"
    )
    return Verdict("overconfident", reason, stuck / of, lo, hi)
