"""Paired comparison: ratios of time, of error and of efficiency, with intervals.

Two rows are compared replicate by replicate: replicate r of both has the same data and seed
stream. Time is compared on the timed runs of a warm program, in the order in which they were run;
its interval holds what varies within a process, not what another day or machine would give. Errors
and efficiency are compared over all replicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.rounding import rounded

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign

Array = np.ndarray

LEVEL = 0.95
TIE = 0.05  # ratios within 5 % of 1 are a tie, whatever the interval
FEW = 10  # pairs: below, the bootstrap covers 82 % instead of 95 %, so Student's t on log ratios
RESAMPLES = 10_000
SEED = 20260604
#: what must agree for speeds to be of one population
MACHINE = ("host", "cpu", "cores", "cores_allowed", "architecture", "system", "device_kind")
QUANTITIES = ("time", "error", "efficiency")
MEANING = {
    "time": "warm seconds a replicate",
    "error": "rms error of the worst mean, in sds",
    "efficiency": "realised effective draws a second",
}


class Unlike(ValueError):
    """Results from machines that differ; the text names what does."""


class NothingShared(UsageError):
    """Two campaigns without a trial in common; the text says what must agree."""


@dataclass(frozen=True)
class Side:
    """What one finished trial brings to a comparison."""

    label: str
    trial: Trial
    result: Result
    verdict: str | None
    errors: Array | None  # [replicate, component], (estimate - exact) / sd; None: no exact answer
    where: str = ""  # what tells it from rows of the same label: " on latest"


@dataclass(frozen=True)
class Ratio:
    """``value`` is that of ``row`` over that of ``reference``: above 1, ``row`` has more of it."""

    row: str
    reference: str
    quantity: str
    value: float | None
    lo: float | None
    hi: float | None
    pairs: int
    p: float | None
    answer: str  # in words, after Holm's correction over the whole report
    reason: str = ""
    trial: str = ""  # of `row`, as named in its store
    reference_trial: str = ""


def within(campaign: Campaign, reference: str | None = None, unlike: bool = False) -> list[Ratio]:
    """Every row against the reference row of its model, device and budget, and the same sampler
    between environments.

    ``reference`` is a sampler's label; None takes the first honest row. Raises UsageError for a
    label that is not there, Unlike for rows from machines that differ.
    """
    sides = _told_apart(list(_sides(campaign)))
    _refuse_unlike(sides, unlike)
    labels = [side.label for side in sides]
    if reference is not None and reference not in labels:
        raise unknown_name("sampler in this campaign", reference, set(labels))
    pairs = []
    for group in _grouped(sides, with_environment=True):
        base = _reference(group, reference)
        pairs += [(side, base) for side in group if side is not base]
    for group in _grouped(sides, with_environment=False, by_sampler=True):
        pairs += [(side, group[0]) for side in group[1:]]
    return _judged(pairs)


def between(old: Campaign, new: Campaign, unlike: bool = False) -> list[Ratio]:
    """Each trial of ``new`` against the same trial of ``old``, whatever its environment.

    Raises Unlike for machines that differ, NothingShared where no trial is in both.
    """
    before, after = list(_sides(old)), list(_sides(new))
    _refuse_unlike([*before, *after], unlike)
    pairs = [(b, a) for b in after for a in before if _same(a.trial, b.trial)]
    if not pairs:
        raise NothingShared(
            "no finished trial is in both campaigns\n  expected: the same model, sampler, settings,"
            " device, precision, budget and seed in each"
        )
    return _judged(pairs, names=(str(new.folder.name), str(old.folder.name)))


def _sides(campaign: Campaign) -> Iterator[Side]:
    for trial in campaign.store.trials():
        result = campaign.store.result(trial.id)
        if result is None:
            continue
        scored = campaign.scores(trial) if result.status == "ok" else {"columns": {}}
        errors = errors_of(campaign, trial) if result.status == "ok" else None
        yield Side(trial.label, trial, result, scored["columns"].get("verdict"), errors)


def _told_apart(sides: Sequence[Side]) -> list[Side]:
    """Sides with what they differ in beside the sampler, as their rows need it to be told apart."""
    axes = ("model_label", "environment", "device", "precision", "chains", "warmup", "draws")
    differing = [axis for axis in axes if len({getattr(s.trial, axis) for s in sides}) > 1]

    def where(side: Side) -> str:
        said = [f"{getattr(side.trial, axis)}" for axis in differing]
        return f" on {', '.join(said)}" if said else ""

    return [replace(side, where=where(side)) for side in sides]


def errors_of(campaign: Campaign, trial: Trial) -> Array | None:
    """Errors of the means in exact sds, [replicate, component]; None without an exact answer."""
    exact = None if trial.calibrate else campaign.exact(trial)
    if exact is None:
        return None
    with DrawsFile(campaign.store.draws_path(trial.id)) as file:
        x, log_w = file.components(exact.names), file.get("log_weights")
    mean = x.mean(axis=(1, 2), dtype=np.float64) if log_w is None else weighted_moments(x, log_w)[0]
    return (mean - exact.mean) / exact.sd


def _key(trial: Trial, with_environment: bool, by_sampler: bool) -> tuple[Any, ...]:
    t = trial
    key = (t.model_label, t.device, t.precision, t.chains, t.warmup, t.draws, t.seed, t.calibrate)
    key += (t.environment_digest,) if with_environment else ()
    return key + ((t.label,) if by_sampler else ())


def _same(a: Trial, b: Trial) -> bool:
    return _key(a, False, True) == _key(b, False, True) and a.model_digest == b.model_digest


def _grouped(
    sides: Sequence[Side], with_environment: bool, by_sampler: bool = False
) -> list[list[Side]]:
    groups: dict[tuple[Any, ...], list[Side]] = {}
    for side in sides:
        groups.setdefault(_key(side.trial, with_environment, by_sampler), []).append(side)
    return list(groups.values())


def _reference(group: Sequence[Side], wanted: str | None) -> Side:
    for side in group:
        if side.label == wanted or (wanted is None and side.verdict == "honest"):
            return side
    return group[0]


def _refuse_unlike(sides: Sequence[Side], allowed: bool) -> None:
    known = [side for side in sides if side.result.machine]
    for name in MACHINE:
        found = {str(side.result.machine.get(name)) for side in known if side.trial.device == "cpu"}
        if len(found) > 1 and not allowed:
            raise Unlike(
                f"the results come from machines that differ in {name}: "
                f"{', '.join(sorted(found))}\n"
                "  expected: one machine, since seconds of different machines are no pairs\n"
                "  compare all the same with: --unlike"
            )


def _judged(
    pairs: Sequence[tuple[Side, Side]], names: tuple[str, str] | None = None
) -> list[Ratio]:
    """All ratios of a report, with their answers after Holm's correction (Holm 1979)."""
    ratios = [
        replace(_ratio(*pair, quantity, names), trial=pair[0].trial.id,
                reference_trial=pair[1].trial.id)
        for pair in pairs for quantity in QUANTITIES
    ]  # fmt: skip
    tested = sorted((r.p, i) for i, r in enumerate(ratios) if r.p is not None)
    significant, going = set(), True
    for rank, (p, i) in enumerate(tested):
        going = going and p <= (1 - LEVEL) / (len(tested) - rank)
        if going:
            significant.add(i)
    return [_answered(ratio, i in significant) for i, ratio in enumerate(ratios)]


def _answered(ratio: Ratio, significant: bool) -> Ratio:
    if ratio.value is None or ratio.lo is None or ratio.hi is None:
        return ratio
    words = {"time": ("slower", "faster"), "error": ("less accurate", "more accurate"),
             "efficiency": ("more efficient", "less efficient")}[ratio.quantity]  # fmt: skip
    if 1 / (1 + TIE) <= ratio.lo and ratio.hi <= 1 + TIE:
        answer = "a tie within 5 %"
    elif not significant:
        answer = "indistinguishable at this budget"
    else:
        more = ratio.value > 1
        ends = (ratio.value, ratio.lo, ratio.hi) if more else _inverse(ratio)
        answer = f"{rounded(*ends)} times {words[0] if more else words[1]}"
    return replace(ratio, answer=answer)


def _inverse(ratio: Ratio) -> tuple[float, float, float]:
    """The ratio the other way round, with its interval."""
    value, lo, hi = ((1 / end if end else np.inf) for end in (ratio.value, ratio.lo, ratio.hi))
    return value, hi, lo


def _ratio(row: Side, base: Side, quantity: str, names: tuple[str, str] | None) -> Ratio:
    ends = _named(row, base, names)
    reason = _why_not(row, base, quantity)
    if reason:
        return Ratio(*ends, quantity, None, None, None, 0, None, "not compared", reason)
    if quantity == "time":
        logs = _log_times(row, base)
        return Ratio(*ends, quantity, *_interval(logs), len(logs), _p_of_logs(logs), "")
    draws = _bootstrap(row, base, quantity)
    count = min(len(row.errors), len(base.errors))
    if np.isnan(draws).any():
        reason = "too many replicates of both failed: infinite errors on both sides"
        return Ratio(*ends, quantity, None, None, None, count, None, "not compared", reason)
    # "nearest": between a number and infinity there is nothing to interpolate
    ends_95 = np.quantile(draws[1:], [0.025, 0.975], method="nearest")
    value, lo, hi = np.exp([draws[0], *ends_95])
    share = (1 + min((draws[1:] <= 0).sum(), (draws[1:] >= 0).sum())) / len(draws)
    failed = sum(int((~np.isfinite(s.errors[:count]).all(axis=1)).sum()) for s in (row, base))
    note = f"of medians: {failed} replicate(s) failed and count as infinite" if failed else ""
    found = (float(value), float(lo), float(hi), count, min(1.0, 2 * share))
    return Ratio(*ends, quantity, *found, "", note)


def _named(row: Side, base: Side, names: tuple[str, str] | None) -> tuple[str, str]:
    if names:
        return f"{row.label} in {names[0]}", f"{base.label} in {names[1]}"
    return f"{row.label}{row.where}", f"{base.label}{base.where}"


def _why_not(row: Side, base: Side, quantity: str) -> str:
    for side in (row, base):
        if side.result.status != "ok":
            return f"{side.label} is {side.result.status}: {side.result.reason}"
        if quantity != "error" and len(side.result.runs.get("warm_s", ())) < 2:
            return f"{side.label} has fewer than 2 timed runs"
        if quantity != "time" and side.errors is None:
            return "no exact answer"
    if quantity != "time" and min(len(row.errors), len(base.errors)) < FEW:
        return f"fewer than {FEW} replicates"
    return ""


def _log_times(row: Side, base: Side) -> Array:
    a, b = row.result.runs["warm_s"], base.result.runs["warm_s"]
    pairs = min(len(a), len(b))
    return np.log(a[:pairs]) - np.log(b[:pairs])


def _interval(logs: Array) -> tuple[float, float, float]:
    """Ratio, 95 % interval: t on log ratios below 10 pairs, else bootstrap of the median."""
    if len(logs) < FEW:
        half = stats.t.ppf((1 + LEVEL) / 2, len(logs) - 1) * stats.sem(logs)
        middle = logs.mean()
        lo, hi = middle - half, middle + half
    else:
        rng = np.random.default_rng(SEED)
        picks = rng.integers(0, len(logs), (RESAMPLES, len(logs)))
        middle = np.median(logs)
        lo, hi = np.quantile(np.median(logs[picks], axis=1), [0.025, 0.975])
    return float(np.exp(middle)), float(np.exp(lo)), float(np.exp(hi))


def _p_of_logs(logs: Array) -> float:
    """Two-sided p of no difference, by Student's t on log ratios.

    Not by Wilcoxon's ranks: of 10 pairs their least p is 0.002, which no Holm correction over
    more than 25 comparisons lets pass, however clear the difference.
    """
    if np.ptp(logs) == 0:
        return 0.0 if logs[0] else 1.0
    return float(stats.ttest_1samp(logs, 0.0).pvalue)


def _bootstrap(row: Side, base: Side, quantity: str) -> Array:
    """Log ratio as found, then over resamples of the paired replicates.

    A replicate that failed has an infinite error. Where there is one, no rms is finite, and the
    ratio is that of the medians, which such replicates push up but do not rule.
    """
    count = min(len(row.errors), len(base.errors))
    rng = np.random.default_rng(SEED)
    if not (np.isfinite(row.errors[:count]).all() and np.isfinite(base.errors[:count]).all()):
        return _of_medians(row, base, quantity, count, rng)
    # how often each replicate is taken: once each as found, then at random
    takes = np.vstack(
        [np.ones(count), rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)]
    )
    spread = _log_rms(row.errors[:count], takes) - _log_rms(base.errors[:count], takes)
    if quantity == "error":
        return spread
    times = _log_times(row, base)
    picks = rng.integers(0, len(times), (RESAMPLES, len(times)))
    slower = np.concatenate([[np.median(times)], np.median(times[picks], axis=1)])
    return -2 * spread - slower


def _of_medians(
    row: Side, base: Side, quantity: str, count: int, rng: np.random.Generator
) -> Array:
    """As ``_bootstrap``, from the median over replicates of the worst component's error."""
    picks = np.vstack([np.arange(count), rng.integers(0, count, (RESAMPLES, count))])

    def log_median(side: Side) -> Array:
        worst = np.abs(side.errors[:count]).max(axis=1)
        return np.log(np.median(np.where(np.isfinite(worst), worst, np.inf)[picks], axis=1))

    with np.errstate(invalid="ignore"):  # infinite on both sides: NaN, and told so
        spread = log_median(row) - log_median(base)
    if quantity == "error":
        return spread
    times = _log_times(row, base)
    again = rng.integers(0, len(times), (RESAMPLES, len(times)))
    return -2 * spread - np.concatenate([[np.median(times)], np.median(times[again], axis=1)])


def _log_rms(errors: Array, takes: Array) -> Array:
    """Log rms error of the worst component in each resample, up to a constant."""
    return 0.5 * np.log((takes @ np.square(errors)).max(axis=1))
