"""A flawed control: independent exact draws, but some runs never leave where they start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.options import Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.controls.flawed import prepare_flawed
from samplerbench.samplers.exact_iid import draw_exact


@dataclass(frozen=True)
class Settings:
    """How flawed it is."""

    share: Annotated[float, Range(1e-9, 1)] = 0.25  # of the runs


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws, or one of them again and again. Raises Declined without an exact posterior."""

    def flaw(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
        stuck = rng.uniform() < settings.share
        draws = draw_exact(exact, count, rng)
        return {name: np.repeat(x[:1], count, axis=0) if stuck else x for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(
    Sampler(
        "control_stuck",
        Settings,
        prepare,
        "flawed on purpose: 1 run in 4 never moves",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
