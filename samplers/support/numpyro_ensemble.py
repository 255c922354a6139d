"""Runs NumPyro's ensemble kernels, whose walkers are merged into one chain.

An iteration of the budget is a step of the whole ensemble. ``numpyro`` has these kernels from 0.15
on.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Draws, Prepared
from samplerbench.samplers.support.chain_programs import make_chain_keys, prepare_chains
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import require_continuous
from samplerbench.samplers.support.log_density import make_log_density
from samplerbench.samplers.support.version_compat import tree_map
from samplerbench.samplers.support.walkers import count_walkers, merge_paths


def import_kernel(name: str) -> Any:
    """NumPyro's kernel class ``name``; raises ImportError for a release that has none."""
    import numpyro
    import numpyro.infer

    kernel = getattr(numpyro.infer, name, None)
    if kernel is None:
        raise ImportError(
            f"numpyro {numpyro.__version__} has no {name}; it came with 0.15 (--env latest has it)"
        )
    return kernel


def prepare_ensemble(
    make: Callable[[], Any], model: Model, budget: Budget, walkers: int | None, counts: bool
) -> Prepared:
    """Plain and compiled runs of the ensemble kernel that ``make`` builds: an ensemble a chain.

    ``counts``: whether it evaluates the density once for each walker and iteration. Raises Declined
    for no and for discrete latent sites, ValueError for too few walkers.
    """
    require_continuous(model, "an ensemble")
    dim = make_log_density(model).dim
    number = count_walkers(walkers, dim, model.name)
    kept = math.ceil(budget.draws / number)  # steps of each walker

    make_chain = functools.partial(_make_chain, make, budget, number, kept, counts)
    plain = _make_plain(make, model, budget, number, kept)
    return prepare_chains(make_chain, model, budget, "vectorized", plain)


def _make_plain(
    make: Callable[[], Any], model: Model, budget: Budget, walkers: int, kept: int
) -> Any:
    from numpyro.infer import MCMC

    @functools.cache
    def build() -> Any:
        sizes = {"num_warmup": budget.warmup, "num_samples": kept * walkers}
        method: dict[str, Any] = {"chain_method": "vectorized", "progress_bar": False}
        return MCMC(make(), **sizes, thinning=walkers, num_chains=walkers, **method)

    def plain(seed: int) -> Draws:
        mcmc, chains = build(), []
        for key in make_chain_keys(seed, budget.chains):
            mcmc.run(key, **model.data)
            paths = mcmc.get_samples(group_by_chain=True)  # [walker, step, *event]
            chains.append(
                {name: np.asarray(merge_paths(x, budget.draws)) for name, x in paths.items()}
            )
        sites = {name: np.stack([each[name] for each in chains]) for name in chains[0]}
        return Draws(sites, walkers=budget.chains * walkers)

    return plain


def _make_chain(
    make: Callable[[], Any], budget: Budget, walkers: int, kept: int, counts: bool, split: DataSplit
) -> tuple[Any, Any]:
    """Pure functions of one ensemble, as ``chain_programs`` takes them of a chain."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def start(key: Any, data: Any) -> tuple[Any, Any]:
        with jax.ensure_compile_time_eval():  # it asks for the values of its moves' weights
            kernel = make()
        keys = jax.random.split(key, walkers)
        return kernel, kernel.init(keys, budget.warmup, None, (), split.merge(data))

    def advance(kernel: Any, state: Any, data: Any, steps: int) -> Any:
        def step(_: Any, state: Any) -> Any:
            return kernel.sample(state, (), split.merge(data))

        return lax.fori_loop(0, steps, step, state)

    def warm_chain(key: Any, data: Any) -> Any:
        kernel, state = start(key, data)
        return advance(kernel, state, data, budget.warmup)

    def draw_chain(state: Any, data: Any) -> Any:
        # only for what init leaves in the kernel; its state is unused, so XLA drops the work
        kernel, _ = start(jax.random.PRNGKey(0), data)

        def keep(state: Any, _: None) -> Any:
            state = advance(kernel, state, data, walkers)
            return state, state.z

        _, z = lax.scan(keep, state, None, length=kept)  # [step, walker, *event]
        constrain = jax.vmap(jax.vmap(kernel.postprocess_fn((), split.merge(data))))
        sites = tree_map(lambda x: merge_paths(jnp.swapaxes(x, 0, 1), budget.draws), constrain(z))
        evaluations = np.int32(walkers * (1 + budget.warmup + kept * walkers))
        cost = {"likelihoods": evaluations} if counts else {}
        return sites, {}, {"walkers": np.int32(walkers), **cost}

    return warm_chain, draw_chain
