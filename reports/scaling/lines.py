"""Rows along an axis of size: which numbers were varied, and the lines that this makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from samplerbench.harness.campaign.sweep import option_values
from samplerbench.harness.records import Trial
from samplerbench.reports.tables.cells import Row
from samplerbench.reports.tables.notes import describe_value

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

FEWEST_UNSWEPT = 3  # sizes that make an axis where no sweep was requested
PLACES = ("environment", "device", "precision")


@dataclass(frozen=True)
class Line:
    """One sampler in one place, by size."""

    label: str  # the sampler, with its settings but for the axis
    place: tuple[str, ...]  # environment, device, precision
    sizes: tuple[float, ...]  # ascending
    rows: tuple[Row, ...]  # of each size
    trials: tuple[Trial, ...]

    def select(self, sizes: Collection[float]) -> Line:
        """The same line at those of ``sizes`` that it has."""
        places = [at for at, size in enumerate(self.sizes) if size in sizes]
        return Line(
            self.label,
            self.place,
            tuple(self.sizes[at] for at in places),
            tuple(self.rows[at] for at in places),
            tuple(self.trials[at] for at in places),
        )


@dataclass(frozen=True)
class Axis:
    """What is varied, of what, and its lines."""

    name: str  # n_points, chains, num_live_points
    setting: str  # the model and the budget that all lines share, in words
    lines: tuple[Line, ...]

    @property
    def sizes(self) -> list[float]:
        """Every size of any line, ascending."""
        return sorted({size for line in self.lines for size in line.sizes})

    def get_name(self, line: Line) -> str:
        """The line's sampler, and of its place what tells it from other lines."""
        shared = [len({one.place[at] for one in self.lines}) == 1 for at in range(len(PLACES))]
        words = [
            f"{word}-bit" if PLACES[at] == "precision" else word
            for at, word in enumerate(line.place)
            if not shared[at]
        ]
        return f"{line.label} on {', '.join(words)}" if words else line.label


def find_axes(campaign: Campaign, rows: Sequence[Row]) -> list[Axis]:
    """Every axis of size in the campaign, in the order of the plan.

    A number that was swept makes one from 2 sizes on; an option of the model or a budget that
    merely differs between trials, from 3 on.
    """
    by_trial = {row["trial"]: row for row in rows}
    trials = [trial for trial in campaign.store.trials() if trial.id in by_trial]
    values = {trial.id: option_values(trial) for trial in trials}
    swept = set(campaign.store.fact("sweep") or ())
    axes: list[Axis] = []
    for name in _varying_names(values.values()):
        if name.endswith("seed") or name == "budget.replicates":
            continue  # no size
        if name not in swept and name.startswith("sampler."):
            continue  # two settings side by side are a choice, no scale
        fewest = 2 if name in swept else FEWEST_UNSWEPT
        axes += _axes_called(name, trials, values, by_trial, fewest)
    return axes


def _varying_names(all_values: Iterable[dict[str, Any]]) -> list[str]:
    """Names whose values are positive numbers, not all the same."""
    seen: dict[str, set[Any]] = {}
    for values in all_values:
        for name, value in values.items():
            seen.setdefault(name, set()).add(value)
    return [name for name, each in seen.items() if sum(map(_is_size, each)) > 1]


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _axes_called(
    name: str,
    trials: Sequence[Trial],
    values: dict[str, dict[str, Any]],
    rows: dict[str, Row],
    fewest: int,
) -> list[Axis]:
    """The axes called ``name``: one for each model and budget that lines share."""
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[float, Trial]]] = {}
    for trial in trials:
        size = values[trial.id].get(name)
        if size is None or not _is_size(size):
            continue
        group, line = _keys(name, trial)
        groups.setdefault(group, {}).setdefault(line, {})[size] = trial
    axes = []
    for group, by_line in groups.items():
        lines = [_line(key, by_size, rows) for key, by_size in by_line.items()]
        long = tuple(line for line in lines if len(line.sizes) >= fewest)
        if long:
            axes.append(Axis(name.partition(".")[2], _describe_group(group), long))
    return axes


def _keys(name: str, trial: Trial) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What the lines of an axis share, and what tells one line from another."""
    kind, _, bare = name.partition(".")
    options = {k: v for k, v in trial.model_options.items() if (kind, k) != ("model", bare)}
    settings = {k: v for k, v in trial.settings.items() if (kind, k) != ("sampler", bare)}
    budget = tuple(
        (field, getattr(trial, field))
        for field in ("chains", "warmup", "draws")
        if (kind, field) != ("budget", bare)
    )
    shown = replace(trial, model_options=options, settings=settings)
    shared = (shown.model_label, budget, trial.replicates, trial.seed, trial.calibrate, trial.model)
    place = (trial.environment_label, trial.device, str(trial.precision))
    return shared, (shown.label, place, trial.sampler, trial.environment)


def _line(key: tuple[Any, ...], by_size: dict[float, Trial], rows: dict[str, Row]) -> Line:
    sizes = tuple(sorted(by_size))
    trials = tuple(by_size[size] for size in sizes)
    return Line(key[0], key[1], sizes, tuple(rows[trial.id] for trial in trials), trials)


def _describe_group(group: tuple[Any, ...]) -> str:
    model, budget, replicates, _, calibrate, _ = group
    shared = [("model", model), ("replicates", replicates), *budget]
    words = [describe_value(name, value) for name, value in shared]
    return ", ".join(words + ["calibrated by simulation"] * bool(calibrate))


def may_have_axes(campaign: Campaign, trials: Sequence[Trial]) -> bool:
    """Whether it is worth looking for axes: a sweep was requested, or sizes differ."""
    if campaign.store.fact("sweep"):
        return True
    models = {(trial.model, trial.model_label) for trial in trials}
    budgets = {(trial.chains, trial.warmup, trial.draws) for trial in trials}
    return max(len(models), len(budgets)) >= FEWEST_UNSWEPT
