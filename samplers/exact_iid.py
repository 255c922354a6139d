"""Independent draws from the exact posterior: the control that every score must call honest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.samplers.base import Budget, Compiled, Declined, Draws, Prepared, Sampler, add

STREAM = 0x11D  # keeps these draws apart from any other use of the same seed


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Draws from ``model.exact()``. Raises Declined for a model without an exact posterior."""

    def run(exact: Exact, seed: int) -> Draws:
        rng = np.random.default_rng([seed, STREAM])
        return Draws(split_chains(draw_exact(exact, budget.chains * budget.draws, rng), budget))

    return prepare_from_exact(model, run)


def prepare_from_exact(model: Model, run: Callable[[Exact, int], Draws]) -> Prepared:
    """A sampler that ``run(exact, seed)`` is, in NumPy alone.

    Raises Declined for a model without an exact posterior to draw from.
    """

    def compile_for(model: Model) -> Compiled:
        exact = require_exact(model)
        return Compiled(
            sample=lambda seed: run(exact, seed),
            collect=lambda raw: raw,
            with_data=lambda data: compile_for(model.with_data(data)),
        )

    compiled = compile_for(model)
    return Prepared(plain=compiled.sample, compile=lambda: compiled)


def require_exact(model: Model) -> Exact:
    """The model's exact posterior; raises Declined where it has none to draw from."""
    exact = model.exact()
    if exact is None or exact.draw is None:
        raise Declined(f"model {model.name!r} has no exact answer to draw from")
    return exact


def draw_exact(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Independent draws from the exact posterior, site -> [count, *event]."""
    assert exact.draw is not None  # of ``require_exact``
    return exact.draw(rng, count)


def split_chains(flat: Sites, budget: Budget) -> Sites:
    """Sites [chains * draws, *event] -> [chain, draw, *event]."""
    shape = (budget.chains, budget.draws)
    return {name: x.reshape(shape + x.shape[1:]) for name, x in flat.items()}


add(
    Sampler(
        "exact_iid",
        Settings,
        prepare,
        "independent draws from the exact answer (the control)",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
