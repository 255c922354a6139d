"""The ratio of one quantity of two rows, from their processes or their replicates."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.comparison.ratio import Ratio, not_compared
from samplerbench.harness.comparison.resampling import (
    FEW,
    count_deciding,
    difference_interval,
    mcnemar_p,
    p_of_logs,
    p_of_resamples,
    resample_log_median_ratio,
    resample_log_ratio,
    resampled_interval,
)
from samplerbench.harness.comparison.sides import Side
from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES, ratio_interval
from samplerbench.harness.statistics.intervals import FEW_DECIDE
from samplerbench.harness.statistics.self_diagnostics import WRONG
from samplerbench.text import format_count

Array = np.ndarray
Ends = tuple[str, str]  # names of the row and of its reference

WITH_TIMES = ("time", "efficiency")
LEAST_ROUNDS = f"an answer on time takes {LEAST_PROCESSES} (--blocks)"


def compute_ratio(row: Side, base: Side, quantity: str, names: Ends | None) -> Ratio:
    """``row`` over ``base``, without a conclusion; ``names`` are those of two campaigns."""
    ends = _names(row, base, names)
    reason = _obstacle(row, base, quantity)
    if reason:
        return not_compared(*ends, quantity, reason)
    if quantity == "time":
        logs = _log_times(row, base)
        interval = ratio_interval(np.exp(logs).tolist())
        return Ratio(*ends, quantity, *interval, len(logs), p_of_logs(logs), "")
    one, other = _paired_errors(row, base)
    if quantity == "lost runs":
        return _compare_lost(ends, one, other)
    if quantity == "median error":
        return _compare_medians(ends, one, other)
    times = _log_times(row, base) if quantity == "efficiency" else None
    return _compare_rms(ends, quantity, one, other, times)


def _compare_rms(ends: Ends, quantity: str, one: Array, other: Array, times: Array | None) -> Ratio:
    """Of the runs that both finished; what decides it is to be more than a few of them."""
    ended = [np.isfinite(errors).all(axis=1) for errors in (one, other)]
    both, lost = ended[0] & ended[1], (int((~ended[0]).sum()), int((~ended[1]).sum()))
    count = int(both.sum())
    if count < FEW:
        return not_compared(*ends, quantity, f"{count} pairs of runs that both finished", count)
    logs = resample_log_ratio(one[both], other[both], times)
    note = f"where both finish; it loses {lost[0]} of {len(one)} runs, its reference {lost[1]}"
    note = note if any(lost) else ""
    deciding = min(count_deciding(one[both]), count_deciding(other[both]))
    p: float | None = p_of_resamples(logs)
    if deciding < FEW_DECIDE * count:
        note, p = f"a few runs decide: {deciding:.1f} effective replicates of {count}", None
    return Ratio(*ends, quantity, *resampled_interval(logs), count, p, "", note, lost)


def _compare_medians(ends: Ends, one: Array, other: Array) -> Ratio:
    quantity, count = "median error", len(one)
    logs = resample_log_median_ratio(one, other)
    if np.isnan(logs).any():
        reason = "too many replicates of both failed: infinite errors on both sides"
        return not_compared(*ends, quantity, reason, count)
    return Ratio(*ends, quantity, *resampled_interval(logs), count, p_of_resamples(logs), "")


def _compare_lost(ends: Ends, one: Array, other: Array) -> Ratio:
    """Difference of the shares of lost runs, in words: there is no ratio where one loses none."""
    count, (row, base) = len(one), map(_find_lost, (one, other))
    more, less = int((row & ~base).sum()), int((base & ~row).sum())
    lo, hi = difference_interval(more, less, count)
    lost = int(row.sum()), int(base.sum())
    words = f"loses {lost[0]} of {count} runs, its reference {lost[1]}"
    words += f" ({100 * lo:+.1f} to {100 * hi:+.1f} % more)"
    p = mcnemar_p(more, less)
    return Ratio(*ends, "lost runs", None, None, None, count, p, words, lost_runs=lost)


def _find_lost(errors: Array) -> Array:
    """[replicate] bool: failed, or with a mean off by over half an sd."""
    with np.errstate(invalid="ignore"):
        return ~(np.abs(errors) <= WRONG).all(axis=1)


def _paired_errors(row: Side, base: Side) -> tuple[Array, Array]:
    one, other = _errors(row), _errors(base)
    count = min(len(one), len(other))
    return one[:count], other[:count]


def loses_any(row: Side, base: Side) -> bool:
    """Whether either of two rows has lost runs, so that these are to be compared."""
    return any(side.errors is not None and _find_lost(side.errors).any() for side in (row, base))


def _names(row: Side, base: Side, campaigns: tuple[str, str] | None) -> tuple[str, str]:
    ends = f"{row.label}{row.where}", f"{base.label}{base.where}"
    return (f"{ends[0]} in {campaigns[0]}", f"{ends[1]} in {campaigns[1]}") if campaigns else ends


def _obstacle(row: Side, base: Side, quantity: str) -> str:
    """Why the quantity of two sides can't be compared; "" where it can."""
    for side in (row, base):
        if side.result.status != "ok":
            return f"{side.label} is {side.result.status}: {side.result.reason}"
        if quantity in WITH_TIMES and (reason := _doubt_times(side)):
            return reason
        if quantity != "time" and side.errors is None:
            unfit = side.verdict == "not judged"  # its row says why
            return f"{side.label} is not judged" if unfit else "no exact answer"
    if quantity in WITH_TIMES and (count := len(_log_times(row, base))) < LEAST_PROCESSES:
        return f"both were timed in {format_count(count, 'round')} of blocks; {LEAST_ROUNDS}"
    if quantity != "time" and min(len(_errors(row)), len(_errors(base))) < FEW:
        return f"fewer than {FEW} replicates"
    return ""


def _errors(side: Side) -> Array:
    assert side.errors is not None, "`_obstacle` says where there are none"
    return side.errors


def _doubt_times(side: Side) -> str:
    """Why a side's seconds give no answer; "" where they do."""
    count = sum(map(bool, side.result.list_seconds("warm_s")))
    if not count and (reason := side.result.missing.get("warm_s")):
        return f"{side.label}: {reason}"
    if count < LEAST_PROCESSES:
        return f"{side.label} was timed in {format_count(count, 'process')}; {LEAST_ROUNDS}"
    return f"others used the machine that timed {side.label}" * side.result.is_contended


def _log_times(row: Side, base: Side) -> Array:
    """Log ratios of warm seconds, of each pair of processes."""
    a, b = (side.result.list_seconds("warm_s") for side in (row, base))
    return np.log([one / other for one, other in zip(a, b, strict=False) if one and other])
