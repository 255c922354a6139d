"""Chains of a JAX library that takes a log density, on the density of a NumPyro program.

The library moves in the space of unconstrained parameters; its draws are constrained back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Prepared
from samplerbench.samplers.support.chain_programs import prepare_chains
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import require_continuous, require_two
from samplerbench.samplers.support.log_density import make_log_density

#: key, log density of ``u`` [dim], start [dim] -> carry (arrays alone), gradients so far
Warm = Callable[[Any, Callable[[Any], Any], Any], tuple[Any, Any]]
#: carry, log density -> draws of ``u`` [draw, dim], statistics by name [draw], gradients
Draw = Callable[[Any, Callable[[Any], Any]], tuple[Any, dict[str, Any], Any]]


def prepare_density_chains(
    warm: Warm, draw: Draw, model: Model, budget: Budget, sampler: str, chain_method: str
) -> Prepared:
    """Plain and compiled runs of chains that ``warm`` and ``draw`` make of a log density.

    Chains start where NumPyro's do. Raises Declined for no and for discrete latent sites.
    """
    require_continuous(model, sampler)
    make_chain = functools.partial(_make_chain, warm, draw, model)
    return prepare_chains(make_chain, model, budget, chain_method)


def require_directions(model: Model) -> None:
    """Raise Declined for a single parameter, which gives MCLMC no direction to turn to."""
    why = "MCLMC turns a direction of motion, which needs two at least (blackjax_nuts does not)"
    require_two(model, make_log_density(model).dim, why)


def _make_chain(warm: Warm, draw: Draw, model: Model, split: DataSplit) -> tuple[Any, Any]:
    """Pure functions of one chain, as ``chain_programs`` takes them."""
    import jax

    density = make_log_density(model)

    def bind(data: Any) -> Callable[[Any], Any]:
        every = split.merge(data)
        return lambda u: density.log_joint(u, every)

    def warm_chain(key: Any, data: Any) -> Any:
        start_key, warm_key = jax.random.split(key)
        start = density.find_start(start_key, split.merge(data))
        return warm(warm_key, bind(data), start)

    def draw_chain(carry: Any, data: Any) -> Any:
        state, before = carry
        u, stats, gradients = draw(state, bind(data))
        sites = jax.vmap(lambda v: density.constrain(v, split.merge(data)))(u)
        return sites, stats, {"gradients": before + gradients, "tuning_gradients": before}

    return warm_chain, draw_chain
