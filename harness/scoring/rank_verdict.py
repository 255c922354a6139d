"""The verdict by simulation-based calibration: ranks of known truths instead of a ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.lost_replicates import LOST_RATE, LOST_SHARE
from samplerbench.harness.scoring.margins import DEFAULT, Margins
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.scoring.verdict_words import LEAST, Verdict
from samplerbench.harness.statistics import sbc
from samplerbench.harness.statistics.intervals import clopper_pearson
from samplerbench.harness.statistics.sbc import Uniformity
from samplerbench.rounding import format_beside, format_percents
from samplerbench.text import format_count

LOG_LIKELIHOOD = "log_likelihood"  # of draws and truths, as the worker computes it
NAME = "log likelihood"


@dataclass(frozen=True)
class RankTests:
    """Tests of uniform ranks, one a parameter and one of the log likelihood where that is known.

    None where too few replicates give ranks.
    """

    names: tuple[str, ...]
    draws: int  # that each truth is ranked among
    replicates: int
    usable: int  # replicates without NaN
    tests: Sequence[Uniformity] = ()
    reason: str = ""  # why there are none

    @property
    def worst(self) -> int:
        """Index of the parameter with the smallest p; of the log likelihood if it stands alone."""
        p = np.array([test.p for test in self.tests])
        own = int(np.argmin(p[: len(p) - (self.names[-1] == NAME)]))
        return own if p[own] * len(p) < sbc.ALPHA else int(np.argmin(p))

    @property
    def p(self) -> float | None:
        """Smallest p times the number of tests (Bonferroni)."""
        least = min((test.p for test in self.tests), default=None)
        return None if least is None else min(1.0, least * len(self.tests))


def rank_tests(data: TrialData) -> RankTests:
    """Rank each replicate's truth among its draws, and test each parameter's ranks."""
    file, names = data.file, data.names
    ess = file.get("ess") if data.claims is None else data.claims.ess_bulk.min(axis=1)
    draws = sbc.choose_rank_draws(ess, data.x.shape[1] * data.x.shape[2])
    x, truth = data.x, component_draws(file.truths(), names, lead=1)
    likelihood = file.get(f"stat/{LOG_LIKELIHOOD}")
    if likelihood is not None and LOG_LIKELIHOOD in file.truths():
        names = (*names, NAME)
        lowest = np.finfo(np.float64).min  # where a draw makes the data impossible
        x = np.concatenate([x, np.maximum(likelihood, lowest)[..., None]], axis=-1)
        truth = np.column_stack([truth, file.truths()[LOG_LIKELIHOOD]])
    ranks = sbc.rank_truths(x, truth, draws, data.log_w)
    usable = (ranks >= 0).all(axis=1)
    count = int(usable.sum())
    if count < LEAST:
        reason = f"ranks come from {format_count(count, 'replicate')}; a verdict needs {LEAST}"
        return RankTests(names, draws, len(usable), count, reason=reason)
    tests = [sbc.uniformity(column, draws) for column in ranks[usable].T]
    return RankTests(names, draws, len(usable), count, tests)


def verdict_by_ranks(ranks: RankTests, margins: Margins = DEFAULT) -> Verdict:
    """The verdict; sound samplers give uniform ranks in any model.

    ``honest`` needs more than uniform ranks: so many replicates that draws too narrow by the margin
    of claimed errors would have been found with 95 %.
    """
    lost = ranks.replicates - ranks.usable
    failed = f"{lost} of {ranks.replicates} replicates failed or are not finite"
    lo, hi = clopper_pearson(lost, ranks.replicates, ALPHA)
    rate = f"{failed} ({format_percents(lo, hi)})"
    if ranks.replicates >= LEAST and lo > LOST_SHARE:
        return Verdict("broken", rate, None, lo, hi)
    if ranks.p is None:
        return Verdict("too few replicates", ranks.reason)
    word, why = "honest", f"ranks of the truths among {ranks.draws} draws are uniform"
    if ranks.p < sbc.ALPHA:
        word, why = sbc.describe_departure(ranks.names[ranks.worst], ranks.tests[ranks.worst])
    elif lost > 1 and lo > LOST_RATE:
        return Verdict("unreliable", rate, None, lo, hi)
    elif lack := _describe_lack(ranks, margins.calibration):
        word, why = "undecided", f"{why}, {lack}"
    why += f", p {ranks.p:.2g}" + f"; {failed}" * bool(lost)
    return Verdict(word, f"by simulation from the prior: {why}")


def _describe_lack(ranks: RankTests, margin: float) -> str:
    """What so few replicates would not have found, and how many would; "" where they are enough.

    What is found shrinks as one over the root of their number.
    """
    _, narrow = sbc.detect_flaws(ranks.usable, ranks.draws, len(ranks.names))
    if narrow is None:
        return "as those of draws ten times too narrow may be, too: more replicates would tell"
    if narrow <= margin:
        return ""
    count = ranks.usable * (np.log(narrow) / np.log(margin)) ** 2
    return (
        f"as those of draws {format_beside(narrow, margin)} times too narrow may be, too; honest is"
        f" below {margin:g}: "
        f"about {np.ceil(count):.0f} replicates would show it"
    )
