"""Independent draws from the exact posterior: the control that every score must call honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Declined,
    Draws,
    Prepared,
    Sampler,
    add,
)

STREAM = 0x11D  # keeps these draws apart from any other use of the same seed


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Draws from ``model.exact()``. Raises Declined for a model without an exact answer."""
    exact = exact_answer(model)

    def draw(seed: int) -> Draws:
        flat = exact.draw(np.random.default_rng([seed, STREAM]), budget.chains * budget.draws)
        return Draws(by_chain(flat, budget))

    def with_data(data: Sites) -> Compiled:
        return prepare(model.with_data(data), budget, settings).compile()

    compiled = Compiled(sample=draw, collect=lambda raw: raw, with_data=with_data)
    return Prepared(plain=draw, compile=lambda: compiled)


def exact_answer(model: Model) -> Exact:
    """The model's exact answer; raises Declined where it has none."""
    exact = model.exact()
    if exact is None:
        raise Declined(f"model {model.name!r} has no exact answer to draw from")
    return exact


def by_chain(flat: Sites, budget: Budget) -> Sites:
    """Sites [chains * draws, *event] -> [chain, draw, *event]."""
    shape = (budget.chains, budget.draws)
    return {name: x.reshape(shape + x.shape[1:]) for name, x in flat.items()}


add(
    Sampler("exact_iid", Settings, prepare, "independent draws from the exact answer (the control)")
)
