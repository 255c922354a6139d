"""What finished trials bring to a paired comparison: errors, timed runs, machine and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import RUN_FIELDS, Result, Trial
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.models.base import Exact

Array = np.ndarray

#: what must agree for speeds to be of one population
MACHINE = ("host", "cpu", "cores", "cores_allowed", "architecture", "system", "device_kind")
#: what rows of one label can differ in
AXES = ("model_label", "environment_label", *RUN_FIELDS)


class UnlikeMachines(UsageError):
    """Results from machines that differ; the text names what does."""


@dataclass(frozen=True)
class Side:
    """What one finished trial brings to a comparison."""

    label: str
    trial: Trial
    result: Result
    verdict: str | None
    #: [replicate, component], (estimate - exact) / sd; None: no ground truth, or no draws of it
    errors: Array | None
    where: str = ""  # what tells it from rows of the same label: " on latest"


def read_side(
    trial: Trial, result: Result, verdict: str | None, draws: Path, exact: Exact | None
) -> Side:
    """The side of a finished trial; ``draws`` is its draws file, ``exact`` its ground truth.

    A trial that did not end ok has no errors, and neither has one without a ground truth, or whose
    draws are not of the parameters that this is about.
    """
    judged = result.status == "ok" and exact is not None and not trial.calibrate
    errors = mean_errors(draws, exact) if judged and exact is not None else None
    return Side(trial.label, trial, result, verdict, errors)


def mean_errors(draws: Path, exact: Exact) -> Array | None:
    """Errors of the means in exact sds, [replicate, component]; None for draws of others."""
    with DrawsFile(draws) as file:
        try:
            x, log_w = file.components(exact.names), file.get("log_weights")
        except (KeyError, IndexError):  # the row says which is missing
            return None
    mean = x.mean(axis=(1, 2), dtype=np.float64) if log_w is None else weighted_moments(x, log_w)[0]
    return (mean - exact.mean) / exact.sd


def with_places(sides: Sequence[Side]) -> list[Side]:
    """Sides with what they differ in beside the sampler, which tells rows of one label apart."""
    differing = [axis for axis in AXES if len({getattr(s.trial, axis) for s in sides}) > 1]

    def place(side: Side) -> str:
        values = [f"{getattr(side.trial, axis)}" for axis in differing]
        return f" on {', '.join(values)}" if values else ""

    return [replace(side, where=place(side)) for side in sides]


def refuse_unlike_machines(sides: Sequence[Side]) -> None:
    """Raise UnlikeMachines where results on CPUs come from machines that differ."""
    known = [side for side in sides if side.result.machine and side.trial.device == "cpu"]
    for name in MACHINE:
        values = {str(side.result.machine.get(name)) for side in known}
        if len(values) > 1:
            raise UnlikeMachines(
                f"the results come from machines that differ in {name}: "
                f"{', '.join(sorted(values))}\n"
                "  expected: one machine, since seconds of different machines are no pairs\n"
                "  compare all the same with: --unlike"
            )
