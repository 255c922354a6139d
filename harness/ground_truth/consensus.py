"""Ground truth by the word of other samplers: a consensus, and a long run that they confirm.

Samplers of one *family* share library, start and adaptation, and so what they miss: a family has
one voice (``harness.ground_truth.voices``), that of its most precise row.

**Consensus.** A row is judged by the pooled voices of *other* families. Standard errors come from
the spread of the means (and sds) of replicates, not from claims, and are widened by what the voices
differ beyond it (Birge 1932, Physical Review 40:207). Where any two voices disagree, the row's own
among them, there is none for anybody: a majority may be wrong together. Nor has a family a voice
whose chains settled, each for itself, in unlike places when they started at draws of the prior: its
rows start near one another, and agree on the mode that is nearest. A consensus is always
unconfirmed: it can show that a row agrees or disagrees, and never which of both is right.

**Confirmation.** A long run is confirmed where the voice of a family other than its own agrees with
it, and none of another family disagrees. What the two differ by beyond noise is an error that the
answer may have, and joins its standard errors.

Voices agree where, for every parameter, intervals of their difference reach the verdict's own
margins of a mean and of an sd.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from samplerbench.harness.ground_truth.voices import ALPHA, BANK, SEED, ConsensusRow, Silence
from samplerbench.harness.statistics.ordered_draws import make_drawer, make_quantile
from samplerbench.models.base import Exact

Array = np.ndarray

MEAN, SD = 0.05, 0.06  # tolerated difference of means in sds, of sds as a share
#: what would give a row something to be compared with
HERE = (
    "name one of another family with --sampler, give --reference, or judge with --calibrate prior"
)
ELSEWHERE = "give --reference, or run one of another family with this --model into the same --out"
MANY = 10_000  # stands for the replicates of a long run, whose standard errors are well known


def find_consensus(
    own: ConsensusRow | Silence | None,
    family: str,
    rows: Sequence[ConsensusRow | Silence],
    elsewhere: bool = False,
    apart: str = "",
) -> tuple[Exact | None, str]:
    """The ground truth for a row of ``family`` from the voices ``rows`` of all, or the reason.

    ``own``: the row's own voice, if it has one. ``elsewhere``: its draws were not made here.
    ``apart``: the family whose chains are known to settle where they start; it has no voice.
    """
    voices = _hear_others(family, rows)
    others = [row for row in voices if row.family != apart]
    if not others:
        lack = "no other sampler was run"
        if len(rows) > 1:
            lack = "no sampler of another family passes its own diagnostics"
            silent = {row for row in rows if isinstance(row, Silence)}
            lack += " in runs that are alike" * bool(silent - {Silence.DIAGNOSTICS})
            lack += " and goes from mode to mode" * bool(voices)
        return None, (f"{lack}, to make a consensus of; {ELSEWHERE if elsewhere else HERE}")
    speakers = [*([own] if isinstance(own, ConsensusRow) else []), *others]
    disagreement = _first_disagreement(speakers)
    return (None, disagreement) if disagreement else (_pool(others), "")


def confirm(
    truth: Exact, family: str, rows: Sequence[ConsensusRow | Silence]
) -> tuple[Exact | None, str]:
    """``truth`` that a sampler of ``family`` made, confirmed where another family agrees with it.

    Unchanged where no other family has a voice among ``rows``; None, with the reason, where one
    disagrees.
    """
    others = _hear_others(family, rows)
    if not others:
        return truth, ""
    own = _as_row(truth, family)
    disagreement = _first_disagreement([own, *others])
    if disagreement:
        return None, disagreement
    assert truth.mean_se is not None, "a long run has standard errors"
    beyond = np.zeros(len(truth.names))
    beyond[_sort_names(truth.names)] = np.max(
        [_differ_beyond_noise(own, row) for row in others], axis=0
    )
    labels = " and ".join(row.label for row in others)
    verb = "agrees" if len(others) == 1 else "agree"
    return replace(
        truth,
        mean_se=np.hypot(truth.mean_se, beyond),
        single_source="",
        source=f"{truth.source}, with which {labels} {verb}",
    ), ""


def _hear_others(family: str, rows: Sequence[ConsensusRow | Silence]) -> list[ConsensusRow]:
    """The most precise voice of each family but ``family``, in the order of ``rows``."""
    voices = [row for row in rows if isinstance(row, ConsensusRow) and row.family != family]
    best: dict[str, ConsensusRow] = {}
    for row in sorted(voices, key=lambda row: -row.precision):
        best.setdefault(row.family, row)
    return [row for row in voices if best[row.family] is row]


def _as_row(truth: Exact, family: str) -> ConsensusRow:
    """A ground truth made of draws as a voice."""
    assert truth.mean_se is not None and truth.sd_se is not None
    order = _sort_names(truth.names)
    return ConsensusRow(
        "the long run",
        family,
        tuple(truth.names[i] for i in order),
        mean=truth.mean[order],
        mean_se=truth.mean_se[order],
        sd=truth.sd[order],
        sd_se=truth.sd_se[order],
        runs=MANY,
        draws=np.empty((0, len(order))),
    )


def _sort_names(names: Sequence[str]) -> list[int]:
    """The order of a row's components: samplers return sites in orders of their own."""
    return sorted(range(len(names)), key=lambda i: names[i])


def _differ_beyond_noise(a: ConsensusRow, b: ConsensusRow) -> Array:
    """How much the means differ beyond what their errors allow, [component]."""
    noise = _critical_t(a, b) * np.hypot(a.mean_se, b.mean_se)
    return np.maximum(0, np.abs(a.mean - b.mean) - noise)


def _first_disagreement(rows: Sequence[ConsensusRow]) -> str:
    """Why there is no answer, by the first two rows that disagree; "" where all agree."""
    pairs = itertools.combinations(rows, 2)
    difference = next(filter(None, (describe_disagreement(a, b) for a, b in pairs)), "")
    return difference and f"samplers disagree, and nothing tells which is right: {difference}"


def describe_disagreement(a: ConsensusRow, b: ConsensusRow) -> str:
    """How two rows disagree, in words; "" where they agree."""
    if a.names != b.names:
        return f"{a.label} and {b.label} have other parameters"
    t = _critical_t(a, b)
    scale = np.sqrt(a.sd * b.sd)
    tests = (
        ("mean", a.mean, b.mean, np.hypot(a.mean_se, b.mean_se), MEAN),
        ("sd", a.sd, b.sd, np.hypot(a.sd_se, b.sd_se), SD),
    )
    for what, values, other_values, error, margin in tests:
        excess = (np.abs(values - other_values) - t * error) / scale
        worst = int(np.argmax(excess))
        if excess[worst] > margin:
            return (
                f"{what} of {a.names[worst]!r} is {values[worst]:.4g} by {a.label} and "
                f"{other_values[worst]:.4g} by {b.label}"
            )
    return ""


def _critical_t(a: ConsensusRow, b: ConsensusRow) -> float:
    """Student's t for all means and sds of two rows together, both sides."""
    return float(stats.t.isf(ALPHA / (4 * len(a.names)), min(a.runs, b.runs) - 1))


def _pool(rows: Sequence[ConsensusRow]) -> Exact:
    """The voices pooled by their precision; unconfirmed."""
    share = np.array([row.precision for row in rows])
    share /= share.sum()
    mean, mean_se = _combine(share, [row.mean for row in rows], [row.mean_se for row in rows])
    _, sd_se = _combine(share, [row.sd for row in rows], [row.sd_se for row in rows])
    rng = np.random.default_rng(SEED)
    sizes = [int(BANK * part) for part in share]
    parts = [
        row.draws[rng.integers(len(row.draws), size=size)]
        for row, size in zip(rows, sizes, strict=True)
    ]
    bank = np.concatenate(parts).astype(np.float64)
    variances = [np.square(row.sd) + np.square(row.mean - mean) for row in rows]
    sd = np.sqrt(sum(part * variance for part, variance in zip(share, variances, strict=True)))
    correlation = np.corrcoef(bank, rowvar=False).reshape(len(sd), len(sd))
    names, source = rows[0].names, _source_name(rows)
    return Exact(
        names,
        mean,
        correlation * np.outer(sd, sd),
        make_quantile(bank),
        make_drawer(names, bank),
        source=source,
        single_source=source,
        mean_se=mean_se,
        sd_se=sd_se,
    )


def _combine(share: Array, values: list[Array], errors: list[Array]) -> tuple[Array, Array]:
    """Weighted mean and its standard error, widened where rows differ by more than theirs."""
    mean = share @ np.array(values)
    error = np.sqrt(np.square(share) @ np.square(errors))
    if len(values) == 1:
        return mean, error
    chi2 = (np.square(np.array(values) - mean) / np.square(errors)).sum(axis=0)
    return mean, error * np.sqrt(np.maximum(1, chi2 / (len(values) - 1)))


def _source_name(rows: Sequence[ConsensusRow]) -> str:
    parts = [f"{row.runs} runs of {row.label}" for row in rows]
    return f"consensus of {' and '.join(parts)}"
