"""The gate against an earlier campaign: is a row worse than it was, beyond what intervals allow?

A verdict is worse that convicts where the earlier one did not, or convicts of more. A calibration
is worse whose interval lies above the earlier one's. Seconds are worse where the ratio of the two
campaigns' processes is above what is tolerated with its whole 95 % interval (Welch's t on
logarithms). What was not shown to be worse passes, and the case says what would have been shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from samplerbench.errors import UsageError
from samplerbench.harness.records import DISTURBANCES
from samplerbench.harness.scoring.ci_gate import BUDGETS, Case, name_row, place_rows
from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.harness.scoring.verdict_words import COMPARABLE, CONVICTIONS
from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES
from samplerbench.harness.statistics.intervals import LEVEL
from samplerbench.rounding import format_number, format_with_interval

Row = Mapping[str, Any]

SLOWER = 1.1  # times the earlier seconds that are tolerated, where the user names no other
ACQUITTALS = (*COMPARABLE, "agrees")  # others say that nothing is shown, which is no gain
CALIBRATIONS = {"calibration": "calibration", "log_z_calibration": "calibration of log Z"}
SECONDS = {"warm_s": "warm seconds", "cold_s": "seconds of a first call"}
#: what must agree for seconds to be compared; runners of one kind have names of their own
MACHINE = ("cpu", "cores_allowed", "architecture", "device_kind")
#: what rows are matched by; the environment only where rows would be alike without it
KEY = ("model", *BUDGETS)
NEEDED_COLUMNS = ("sampler", *KEY, "status", "verdict")  # columns without which a row says nothing


@dataclass(frozen=True)
class Finding:
    """What a comparison of one quantity shows."""

    sign: int  # above 0: worse, below 0: better, 0: neither is shown
    text: str


class Export(NamedTuple):
    """What a campaign's export holds of it."""

    rows: list[Row]
    end_time: float | None  # of its last result, in seconds since the epoch; None: it is not told


def names_export(path: Path) -> bool:
    """Whether ``path`` is a campaign's export, there or not; else it is a campaign's folder."""
    return path.is_file() or (path.suffix == ".json" and not path.exists())


def read_export(file: Path) -> Export:
    """A campaign that was exported as JSON; raises UsageError for another file."""
    try:
        content = json.loads(file.read_text("utf-8"))
        rows = content.get("rows") if isinstance(content, dict) else content
        return Export(_check_rows(rows), _read_end_time(content))
    except OSError as error:
        why = error.strerror or str(error)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        why = f"it is no JSON: {error}"
    except (TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
    except ValueError as error:
        why = str(error)
    raise UsageError(
        f"can't read the rows of a campaign from {str(file)!r}: {why}\n"
        "  expected: a campaign's directory, or what `samplerbench report DIR --format json` wrote"
    )


def _check_rows(rows: Any) -> list[Row]:
    """The rows, with the columns that an older report lacks. Raises ValueError for what is none."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it holds no list of rows")
    lacking = [name for row in rows for name in NEEDED_COLUMNS if name not in row]
    strange = [name for row in rows for name in _find_strange(row)]
    if lacking:
        raise ValueError(f"its rows lack {lacking[0]!r}")
    if any(row.get("parameter") is not None for row in rows):
        raise ValueError("its rows are of one parameter each, by --by parameter")
    if strange:
        raise ValueError(f"{strange[0]!r} of a row is none that a report wrote")
    nothing = dict.fromkeys(column.name for column in COLUMNS)
    return [{**nothing, **row} for row in rows]


def _read_end_time(content: Any) -> float | None:
    facts = content.get("campaign") if isinstance(content, dict) else None
    text = facts.get("last_result") if isinstance(facts, dict) else None
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def _find_strange(row: Row) -> list[str]:
    """The columns of a row whose values are of another kind than a report writes."""
    words = ("sampler", "status", "reason", "verdict", "verdict_reason", "environment")
    kinds: dict[str, Any] = dict.fromkeys((*words, "model", "device", "calibrate"), str)
    kinds |= dict.fromkeys(("precision", "chains", "warmup", "draws"), int)
    kinds |= dict.fromkeys(("settings", "machine", "versions", "missing", "block_seconds"), dict)
    kinds["warnings"] = list
    for name in (*CALIBRATIONS, *SECONDS):
        kinds |= dict.fromkeys((name, f"{name}_lo", f"{name}_hi"), (int, float))
    strange = [
        name
        for name, kind in kinds.items()
        if row.get(name) is not None and not isinstance(row[name], kind)
    ]
    if strange:
        return strange
    if not all(isinstance(text, str) for text in row.get("warnings") or ()):
        return ["warnings"]
    seconds = [s for name in SECONDS for s in (row.get("block_seconds") or {}).get(name) or ()]
    return [] if all(isinstance(s, (int, float)) for s in seconds) else ["block_seconds"]


def check_against(
    rows: Sequence[Row],
    baseline: Sequence[Row],
    slower: float = SLOWER,
    unlike: bool = False,
    unfinished: int = 0,
) -> list[Case]:
    """A case for each row of the baseline, and for each that it does not have.

    ``slower``: how many times as long a row may take. ``unlike``: compare seconds of machines that
    differ, too. ``unfinished``: how many trials of the new campaign have no result yet, and so no
    row.
    """
    pairs = match_rows(rows, baseline)
    known = [id(new) for _, new in pairs]
    fresh = [row for row in rows if id(row) not in known]
    places = place_rows([*(new or old for old, new in pairs), *fresh])
    cases = [
        _check(new, old, slower, unlike) if new else _report_gone(old, fresh, unfinished)
        for old, new in pairs
    ]
    cases += [Case(name_row(row), "", note="not in the baseline") for row in fresh]
    return [replace(case, place=place) for case, place in zip(cases, places, strict=True)]


def match_rows(rows: Sequence[Row], baseline: Sequence[Row]) -> list[tuple[Row, Row | None]]:
    """Each row of the baseline with the one that answers it, or None."""
    more = choose_more(rows, baseline)
    by_key = {identify_row(row, *more): row for row in rows}
    return [(old, by_key.get(identify_row(old, *more))) for old in baseline]


def identify_row(row: Row, *more: str) -> tuple[Any, ...]:
    """What a row is matched by: its name, the columns of KEY, and ``more`` columns."""
    return (name_row(row), *(row[name] for name in (*KEY, *more)))


def choose_more(*campaigns: Sequence[Row]) -> tuple[str, ...]:
    """The further column that rows are matched by, where some campaign's would be alike."""
    alike = any(len(set(map(identify_row, rows))) < len(rows) for rows in campaigns)
    return ("environment",) if alike else ()


def _report_gone(old: Row, fresh: Sequence[Row], unfinished: int) -> Case:
    """The case of a row that nothing answers, with what differs in the nearest new one's."""
    changes = [
        [f"{name} is {row[name]}, was {old[name]}" for name in KEY if row[name] != old[name]]
        for row in fresh
        if name_row(row) == name_row(old)
    ]
    nearest: list[str] = min(changes, key=len, default=[])
    gone = "there is no such row any more"
    if unfinished:
        gone = f"there is no such row, and {unfinished} of the campaign's trials have no result yet"
    failure = ": ".join(filter(None, [gone, "; ".join(nearest)]))
    return Case(name_row(old), "", failure=failure)


def _check(new: Row, old: Row, slower: float, unlike: bool) -> Case:
    findings = compare_rows(new, old, slower, unlike)
    worse = "; ".join(each.text for each in findings if each.sign > 0)
    seen = "; ".join(each.text for each in findings if each.text and each.sign <= 0)
    return Case(name_row(old), "", failure=worse, note=seen)


def compare_rows(new: Row, old: Row, slower: float = SLOWER, unlike: bool = False) -> list[Finding]:
    """Status, verdict, calibrations and seconds of a row, held against an earlier one's."""
    if "ok" not in (new["status"], old["status"]):
        return [Finding(0, f"{new['status']}: {new['reason']}")]
    if new["status"] != "ok":
        text = f"{new['status']}: {new['reason']}; it was {old['verdict'] or old['status']}"
        return [Finding(1, text)]
    if old["status"] != "ok":
        return [Finding(-1, f"{new['verdict']}; it was {old['status']}: {old['reason']}")]
    findings = [_compare_verdicts(new, old)]
    findings += [_compare_calibrations(new, old, name) for name in CALIBRATIONS]
    return findings + [_compare_seconds(new, old, name, slower, unlike) for name in SECONDS]


def _compare_verdicts(new: Row, old: Row) -> Finding:
    before, now = old["verdict"], new["verdict"]
    sign = _find_gravity(now) - _find_gravity(before)
    if sign < 0 and now not in (*ACQUITTALS, *CONVICTIONS):
        sign = 0
    text = f"verdict {now}, " + ("as before" if now == before else f"was {before}")
    return Finding(sign, f"{text}: {new['verdict_reason']}" if sign > 0 else text)


def _find_gravity(verdict: str | None) -> int:
    return 1 + CONVICTIONS.index(verdict) if verdict in CONVICTIONS else 0


def _compare_calibrations(new: Row, old: Row, name: str) -> Finding:
    ends = [[row.get(f"{name}{end}") for end in ("", "_lo", "_hi")] for row in (new, old)]
    (value, lo, hi), (before, old_lo, old_hi) = ends
    if not (value and lo and hi and before and old_lo and old_hi):
        return Finding(0, "")
    now = format_with_interval(value, lo, hi)
    was = format_with_interval(before, old_lo, old_hi)
    text = f"{CALIBRATIONS[name]} {now}, was {was}"
    sign = int(lo > max(old_hi, 1.0)) - int(old_lo > max(hi, 1.0))
    # its lower end exceeds the earlier upper one with 95 % where it is as much again above that
    seen = format_number(max(old_hi, 1.0) * (value / lo) ** 2)
    return Finding(sign, text if sign else f"{text} (from {seen} on it would have shown)")


def _compare_seconds(new: Row, old: Row, name: str, slower: float, unlike: bool) -> Finding:
    what = SECONDS[name]
    if reason := _doubt_seconds(new, old, name, unlike):
        return Finding(0, f"{what} not compared: {reason}")
    logs = [np.log(_take_seconds(row, name)) for row in (new, old)]
    interval = stats.ttest_ind(*logs, equal_var=False).confidence_interval(LEVEL)
    middle = float(logs[0].mean() - logs[1].mean())
    value, lo, hi = (math.exp(end) for end in (middle, interval.low, interval.high))
    text = f"{what} {format_with_interval(value, lo, hi, slower)} times the earlier"
    if lo > slower:
        return Finding(1, f"{text}; {slower:g} are tolerated")
    seen = format_number(slower * math.exp(2 * (middle - interval.low)))
    shown = hi < 1 / slower
    return Finding(-shown, text if shown else f"{text} (from {seen} on it would have shown)")


def _doubt_seconds(new: Row, old: Row, name: str, unlike: bool) -> str:
    """Why two rows' seconds give no answer; "" where they do."""
    for row in (new, old):
        seconds = _take_seconds(row, name)
        if not seconds and (reason := (row.get("missing") or {}).get(name)):
            return str(reason)
        if len(seconds) < LEAST_PROCESSES:
            return f"fewer than {LEAST_PROCESSES} processes were timed (--blocks)"
        if any(text.startswith(DISTURBANCES) for text in row["warnings"] or ()):
            return "others used a machine that timed them"
    machines = [row["machine"] or {} for row in (new, old)]
    differ = [each for each in MACHINE if machines[0].get(each) != machines[1].get(each)]
    return f"the machines differ in {', '.join(differ)} (--unlike)" if differ and not unlike else ""


def _take_seconds(row: Row, name: str) -> list[float]:
    return [s for s in (row.get("block_seconds") or {}).get(name) or () if s]
