"""A flawed control: independent exact draws, stretched about the exact mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.options import POSITIVE
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.controls.flawed import prepare_flawed, spread_by_site
from samplerbench.samplers.exact_iid import draw_exact


@dataclass(frozen=True)
class Settings:
    """How flawed it is."""

    factor: Annotated[float, POSITIVE] = 1.2  # sd of the draws over the exact sd


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws with ``factor`` times the sd. Raises Declined without an exact posterior."""

    def flaw(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
        draws = draw_exact(exact, count, rng)
        mean = spread_by_site(exact, exact.mean, draws)
        return {name: mean[name] + settings.factor * (x - mean[name]) for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(
    Sampler(
        "control_wide",
        Settings,
        prepare,
        "flawed on purpose: every sd 1.2 times too wide",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
