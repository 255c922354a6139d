"""Flawed controls: exact draws with a known flaw, which every judge of samplers must catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
)
from samplerbench.samplers.exact_iid import by_chain, exact_answer

#: exact answer, how many draws, random numbers -> draws with the flaw, site -> [n, *event]
Flaw = Callable[[Exact, int, np.random.Generator], Sites]
STREAM = 0xF1A


def prepare_flawed(model: Model, budget: Budget, flaw: Flaw, claims: Any = None) -> Prepared:
    """Runs of ``flaw``. ``claims(exact, rng)`` gives further fields of Draws. Raises Declined."""
    exact = exact_answer(model)

    def draw(seed: int) -> Draws:
        rng = np.random.default_rng([seed, STREAM])
        flat = flaw(exact, budget.chains * budget.draws, rng)
        return Draws(by_chain(flat, budget), **(claims(exact, rng) if claims else {}))

    def with_data(data: Sites) -> Compiled:
        other = prepare_flawed(model.with_data(data), budget, flaw, claims)
        return Compiled(sample=other.plain, collect=lambda raw: raw, with_data=with_data)

    compiled = Compiled(sample=draw, collect=lambda raw: raw, with_data=with_data)
    return Prepared(plain=draw, compile=lambda: compiled)


def by_site(exact: Exact, values: np.ndarray, like: Sites) -> Sites:
    """A number for each component, [component] -> site -> [*event], shaped as draws ``like``."""
    place = dict(zip(exact.names, values))  # noqa: B905 (strict= needs Python 3.10)
    found: Sites = {}
    for site, draws in like.items():
        event = draws.shape[1:]
        names = [
            f"{site}[{','.join(map(str, index))}]" if event else site
            for index in np.ndindex(*event)
        ]
        found[site] = np.array([place.get(name, 0.0) for name in names]).reshape(event)
    return found
