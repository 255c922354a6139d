"""A flawed control: independent exact draws, stretched about the exact mean."""

from __future__ import annotations

from dataclasses import dataclass

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.controls.flawed import by_site, prepare_flawed


@dataclass(frozen=True)
class Settings:
    """How flawed it is."""

    factor: float = 1.2  # sd of the draws over the exact sd


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws with ``factor`` times the sd. Raises Declined without an exact answer."""

    def flaw(exact, count, rng):
        draws = exact.draw(rng, count)
        mean = by_site(exact, exact.mean, draws)
        return {name: mean[name] + settings.factor * (x - mean[name]) for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(Sampler("control_wide", Settings, prepare, "flawed on purpose: every sd 1.2 times too wide"))
