"""Independent draws from the exact posterior: the control that every score must call honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.base import Model
from samplers.base import Budget, Compiled, Declined, Draws, Prepared, Sampler, add

STREAM = 0x11D  # keeps these draws apart from any other use of the same seed


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Draws from ``model.exact()``. Raises Declined for a model without an exact answer."""
    if model.exact is None:
        raise Declined(f"model {model.name!r} has no exact answer to draw from")
    exact = model.exact()

    def draw(seed: int) -> Draws:
        flat = exact.draw(np.random.default_rng([seed, STREAM]), budget.chains * budget.draws)
        shape = (budget.chains, budget.draws)
        return Draws({name: x.reshape(shape + x.shape[1:]) for name, x in flat.items()})

    return Prepared(plain=draw, compile=lambda: Compiled(sample=draw, collect=lambda raw: raw))


add(Sampler("exact_iid", Settings, prepare, "independent draws from the exact answer (the control)"))
