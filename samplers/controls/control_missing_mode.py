"""A flawed control: independent exact draws from one side of the first parameter's median only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.controls.flawed import prepare_flawed


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws, half of the posterior missing. Raises Declined without an exact answer."""

    def flaw(exact, count, rng):
        first = exact.names[0].partition("[")[0]
        median = exact.quantile(np.array([0.5]))[0, 0]
        parts, found = [], 0
        while found < count:
            draws = exact.draw(rng, 3 * count)
            kept = draws[first].reshape(3 * count, -1)[:, 0] <= median
            parts.append({name: x[kept] for name, x in draws.items()})
            found += int(kept.sum())
        return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}

    return prepare_flawed(model, budget, flaw)


add(Sampler("control_missing_mode", Settings, prepare, "flawed on purpose: half the mass missing"))
