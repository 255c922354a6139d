"""The contract of a metric: one column of every table, and the function that computes it.

Every module of this folder is imported at the first look-up and registers its metrics::

    @metric("realised", "largest |z| over replicates", "lower", needs=[ground_truth])
    def worst_z(data: TrialData) -> Score:
        ...

The column, the reason where it has no number, and the version of stored scores follow from that.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from samplerbench.harness.statistics.intervals import Estimate
from samplerbench.registry import Registry

if TYPE_CHECKING:
    from samplerbench.harness.scoring.trial_data import TrialData

Better = Literal["higher", "lower", "one", "zero", ""]

#: groups of columns with a heading of their own in reports
GROUPS = tuple("what status claimed realised cost machine".split())
#: the order of the columns: by section, within one by the name of the file, then by line
SECTIONS = tuple("what status claimed realised evidence time cost memory machine".split())

#: what intervals of an average of squares hold on: none holds what was not drawn
IF_NONE_WORSE = "if no run is worse than those seen"


@dataclass(frozen=True)
class Column:
    """One public column."""

    name: str
    group: str  # one of GROUPS
    description: str  # one sentence, with the unit
    better: Better = ""  # "one" is nearest to 1, "zero" nearest to 0
    interval: bool = False  # has <name>_lo and <name>_hi, 95 % each
    unit: str = ""  # "s", "MB", "sd" of the posterior, "nat" of log evidence; "": a pure number
    section: str = ""  # one of SECTIONS; "": the one that is called as the group
    is_text: bool = False  # its value is words, though a row without it states the reason
    condition: str = ""  # what its interval holds on

    def __post_init__(self) -> None:
        if self.group not in GROUPS or self.place not in SECTIONS:
            raise ValueError(
                f"column {self.name!r} is of group {self.group!r} and section {self.place!r}\n"
                f"  expected: one of {', '.join(GROUPS)}, and one of {', '.join(SECTIONS)}"
            )

    @property
    def place(self) -> str:
        """The section that it stands in."""
        return self.section or self.group

    @property
    def is_number(self) -> bool:
        """Whether a row without a value states the reason in its column ``missing``."""
        return self.group in ("claimed", "realised", "cost")


@dataclass(frozen=True)
class Score:
    """What one column of one trial holds: a value with its 95 % interval, or why there is none."""

    value: float | str | None
    lo: float | None = None
    hi: float | None = None
    reason: str = ""  # why there is no value
    by_parameter: Sequence[Estimate] = ()  # of each parameter, in the order of ``TrialData.names``


Compute = Callable[["TrialData"], Score]
#: gives the reason why a trial has not what a metric needs; "" where it has
Need = Callable[["TrialData"], str]


@dataclass(frozen=True)
class Metric:
    """One score column: a pure function of a trial's draws, ground truth, result and timings."""

    column: Column
    compute: Compute
    needs: tuple[Need, ...] = ()  # asked in this order; ``compute`` runs where all are met


metrics: Registry[Metric] = Registry("metric", ("samplerbench.harness.scoring.metrics",))


def metric(
    group: str,
    description: str,
    better: Better = "",
    unit: str = "",
    *,
    needs: Sequence[Need] = (),
    interval: bool = False,
    section: str = "",
    is_text: bool = False,
    condition: str = "",
) -> Callable[[Compute], Compute]:
    """Register the decorated function as the column of its name, where all ``needs`` are met."""
    fields = (group, description, better, interval, unit, section, is_text, condition)

    def register(compute: Compute) -> Compute:
        name = compute.__name__  # type: ignore[attr-defined]
        metrics.add(name, Metric(Column(name, *fields), compute, tuple(needs)))
        return compute

    return register


def all_metrics() -> list[Metric]:
    """Every registered metric, in the order of the columns."""
    return sorted(map(metrics.get, metrics.names()), key=_place)


def _place(entry: Metric) -> tuple[int, str, int]:
    code = entry.compute.__code__  # type: ignore[attr-defined]
    return SECTIONS.index(entry.column.place), entry.compute.__module__, code.co_firstlineno


def digest() -> int:
    """60 bits that change with the set of metrics and with the source of any metric's file."""
    parts = [entry.column.name for entry in all_metrics()]
    files = {inspect.getfile(entry.compute) for entry in all_metrics()}
    sources = sorted(hashlib.sha256(_source(path)).hexdigest() for path in files)
    return int(hashlib.sha256("\n".join([*parts, *sources]).encode()).hexdigest()[:15], 16)


def _source(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def no_score(reason: str) -> Score:
    """No value, and why."""
    return Score(None, reason=reason)


def number(value: float | None, reason: str) -> Score:
    """A number without an interval, or ``reason``."""
    return no_score(reason) if value is None else Score(value)


def score_of(estimate: Estimate, by_parameter: Sequence[Estimate] = ()) -> Score:
    """An estimate with its interval as a score, or the estimate's reason."""
    reason = estimate.reason if estimate.value is None else ""
    return Score(estimate.value, estimate.lo, estimate.hi, reason, by_parameter)
