"""A flawed control: honest draws, but an evidence with half the error that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Exact, Model
from samplerbench.options import POSITIVE
from samplerbench.samplers.base import Budget, Declined, Prepared, Sampler, add
from samplerbench.samplers.controls.flawed import prepare_flawed
from samplerbench.samplers.exact_iid import draw_exact


@dataclass(frozen=True)
class Settings:
    """How flawed it is."""

    error: Annotated[float, POSITIVE] = 0.3  # true standard error of log Z, natural log
    factor: Annotated[float, POSITIVE] = 2.0  # true standard error over the claimed one


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws and a noisy log Z. Raises Declined without an exact evidence."""
    exact = model.exact()
    if exact is None or exact.log_evidence is None:
        raise Declined(f"model {model.name!r} has no exact evidence")

    def claims(exact: Exact, rng: np.random.Generator) -> dict[str, Any]:
        assert exact.log_evidence is not None  # other data, the same model
        log_z = exact.log_evidence + settings.error * rng.standard_normal()
        return {"log_z": log_z, "log_z_err": settings.error / settings.factor}

    return prepare_flawed(model, budget, draw_exact, claims)


add(
    Sampler(
        "control_evidence",
        Settings,
        prepare,
        "flawed on purpose: log Z errs twice as claimed",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
