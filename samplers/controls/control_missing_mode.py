"""A flawed control: independent exact draws from one side of the first parameter's median only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_draws
from samplerbench.models.base import Exact, Model, Sites
from samplerbench.samplers.base import Budget, Declined, Prepared, Sampler, add
from samplerbench.samplers.controls.flawed import prepare_flawed
from samplerbench.samplers.exact_iid import draw_exact


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws, half of the posterior missing. Raises Declined without an exact posterior."""

    def flaw(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
        if exact.quantile is None:
            raise Declined(f"model {model.name!r} has no exact quantiles")
        median = exact.quantile(np.array([0.5]))[0, 0]
        parts: list[Sites] = []
        total = 0
        while total < count:
            draws = draw_exact(exact, 3 * count, rng)
            low = component_draws(draws, exact.names[:1], lead=1)[:, 0] <= median
            parts.append({name: x[low] for name, x in draws.items()})
            total += int(low.sum())
        return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}

    return prepare_flawed(model, budget, flaw)


add(
    Sampler(
        "control_missing_mode",
        Settings,
        prepare,
        "flawed on purpose: half the mass missing",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
