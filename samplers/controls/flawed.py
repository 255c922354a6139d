"""Shared by the flawed controls: exact draws with a known flaw, which every score must catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Model, Sites
from samplerbench.samplers.base import Budget, Draws, Prepared
from samplerbench.samplers.exact_iid import prepare_from_exact, split_chains

#: exact posterior, how many draws, random numbers -> draws with the flaw, site -> [n, *event]
Flaw = Callable[[Exact, int, np.random.Generator], Sites]
#: exact posterior, random numbers -> further fields of Draws
Claims = Callable[[Exact, np.random.Generator], dict[str, Any]]
STREAM = 0xF1A  # keeps these draws apart from any other use of the same seed


def prepare_flawed(
    model: Model, budget: Budget, flaw: Flaw, claims: Claims = lambda exact, rng: {}
) -> Prepared:
    """Runs whose draws ``flaw`` makes, and which claim what ``claims`` gives.

    Raises Declined for a model without an exact posterior to draw from.
    """

    def run(exact: Exact, seed: int) -> Draws:
        rng = np.random.default_rng([seed, STREAM])
        flat = flaw(exact, budget.chains * budget.draws, rng)
        return Draws(split_chains(flat, budget), **claims(exact, rng))

    return prepare_from_exact(model, run)


def spread_by_site(exact: Exact, values: Array, draws: Sites) -> Sites:
    """A number for each component, [component] -> site -> [*event], shaped as ``draws``.

    Components that the exact posterior does not name get 0.
    """
    by_name = dict(zip(exact.names, values))  # noqa: B905 (strict= needs Python 3.10)
    sites: Sites = {}
    for site, x in draws.items():
        event = x.shape[1:]
        numbers = [by_name.get(name, 0.0) for name in component_names(site, event)]
        sites[site] = np.array(numbers).reshape(event)
    return sites
