"""Seconds of a trial's clocked phases, process by process, and what follows from them.

Each block of a trial is a process of its own that runs the clocked phases alone; the trial's own
process is the first. What a process did not come to has no number there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samplerbench.harness.records import PATIENCE, PATIENCE_S, Result
from samplerbench.harness.scoring.metrics.base import Score, no_score
from samplerbench.harness.statistics.between_processes import combine_ends, estimate_seconds
from samplerbench.harness.statistics.intervals import Estimate

#: timings of a clocked phase, and whether its column has an interval
CLOCK_TIMINGS = {
    **dict.fromkeys(("import_s", "cold_s", "compile_s", "rerun_s", "warm_s"), True),
    **dict.fromkeys(("warmup_s", "sample_s"), False),
}
NO_ENDS = {
    f"{name}{end}": None for name, has in CLOCK_TIMINGS.items() if has for end in ("_lo", "_hi")
}
DRAWS_TO_5PCT = 400.0  # draws for a standard error of 5 % of the sd: 1 / 0.05**2
Timings = Mapping[str, Any]
Ends = tuple[float | None, float | None, float | None]  # a value, and both ends of its interval


def list_seconds(result: Result) -> dict[str, list[float | None]]:
    """Clocked timing -> its seconds in each process; those that no process has are left out."""
    seconds = {name: result.list_seconds(name) for name in CLOCK_TIMINGS}
    return {name: values for name, values in seconds.items() if values[0] is not None}


def estimate(result: Result, name: str) -> Estimate | None:
    """The timing called ``name`` over the processes that have it; None where the first has not."""
    if result.timings.get(name) is None:
        return None
    return estimate_seconds([s for s in result.list_seconds(name) if s is not None])


def summarise(result: Result) -> Mapping[str, float | None]:
    """Clocked timings that several processes change, with ends where the column has an interval."""
    if not result.blocks:  # as they are; older versions stored intervals within the process
        return NO_ENDS
    values: dict[str, float | None] = {}
    for name, has_interval in CLOCK_TIMINGS.items():
        found = estimate(result, name)
        if found is not None:
            values[name] = found.value
            values |= {f"{name}_lo": found.lo, f"{name}_hi": found.hi} if has_interval else {}
    return values


def score_draws_per_second(ess: Score, result: Result) -> Score:
    """Draws that are worth ``ess`` over warm seconds; an interval only between processes."""
    warm = estimate(result, "warm_s")
    if not isinstance(ess.value, float):
        return no_score(ess.reason)
    if warm is None or not warm.value:
        return no_score(result.missing.get("warm_s", "warm_s is missing"))
    return Score(*divide((ess.value, ess.lo, ess.hi), (warm.value, warm.lo, warm.hi)))


def divide(number: Ends, seconds: Ends) -> Ends:
    """``number`` a second, each a value with its ends; an interval only where seconds have one."""
    (top, top_lo, top_hi), (bottom, least, most) = number, seconds
    assert top is not None and bottom, "what has no value is not divided"
    value = top / bottom
    if not least or not most or not value:
        return value, None, None
    ends = [(top / most, top / least)]
    if top_lo and top_hi:
        ends.append((top_lo / bottom, top_hi / bottom))
    return value, *combine_ends(value, *ends)


def score_seconds_per_pass(passes: Score, unended: Score, result: Result) -> Score:
    """Warm seconds that all runs take for one of ``passes``, a share of them.

    Those of the share ``unended`` take what they were given before they were given up. The interval
    holds what differs between processes, and that of both shares.
    """
    warm = estimate(result, "warm_s")
    if warm is None or not warm.value:
        return no_score(result.missing.get("warm_s", "warm_s is missing"))
    if not passes.value:
        return no_score("never: no run passes its own diagnostics")
    run = warm.value

    def expect(seconds: Any = run, share: Any = passes.value, lost: Any = unended.value) -> float:
        given_up = max(PATIENCE_S, PATIENCE * seconds)
        return float(((1 - lost) * seconds + lost * given_up) / share)

    value = expect()
    if not warm.lo or not warm.hi:
        return Score(value)
    ends = (
        (expect(warm.lo), expect(warm.hi)),
        (expect(share=passes.hi), expect(share=passes.lo)),
        (expect(lost=unended.lo), expect(lost=unended.hi)),
    )
    return Score(value, *combine_ends(value, *ends))


def score_time_to_5pct(ess: Score, result: Result, whole_runs: bool) -> Score:
    """Seconds from nothing until 400 draws that are worth ``ess`` a run; see ``seconds_to_5pct``.

    The interval holds what differs between processes, and that of the realised ESS.
    """
    if not isinstance(ess.value, float) or not ess.value:
        return no_score(ess.reason)
    of = [_wait(each, ess.value, whole_runs) for each in (result.timings, *result.blocks)]
    if of[0] is None:
        return no_score("")
    between = estimate_seconds([seconds for seconds in of if seconds is not None])
    value = between.value
    if between.lo is None or between.hi is None or not value or min(value, between.lo) <= 0:
        return Score(value)
    ends = [(between.lo, between.hi)]
    if ess.lo and ess.hi:  # more draws take less seconds
        fast, own, slow = (
            _wait(result.timings, e, whole_runs) for e in (ess.hi, ess.value, ess.lo)
        )
        if fast and own and slow and fast > 0:
            ends.append((value * fast / own, value * slow / own))
    return Score(value, *combine_ends(value, *ends))


def _wait(timings: Timings, ess: Any, whole_runs: bool) -> float | None:
    """Seconds of one process until 400 draws; None where it was not timed."""
    pace = timings.get("sample_s") or timings.get("warm_s") or timings.get("rerun_s")
    if not pace or timings.get("cold_s") is None:
        return None
    more = DRAWS_TO_5PCT / float(ess) - 1
    first = (timings.get("import_s") or 0.0) + (timings.get("cold_s") or 0.0)
    return first + (max(0.0, more) if whole_runs else more) * pace
