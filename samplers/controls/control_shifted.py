"""A flawed control: independent exact draws, every parameter shifted."""

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

    by: float = 0.2  # posterior sds


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws plus ``by`` sds. Raises Declined for a model without an exact answer."""

    def flaw(exact, count, rng):
        draws = exact.draw(rng, count)
        shift = by_site(exact, settings.by * exact.sd, draws)
        return {name: x + shift[name] for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(Sampler("control_shifted", Settings, prepare, "flawed on purpose: every mean off by 0.2 sd"))
