"""The log likelihood of draws and truths: what ranks of parameters leave out, ranked beside them.

A sampler that ignores the data gives draws from the prior, and ranks of every parameter that are
uniform; those of a quantity that depends on the data are not (Modrak et al. 2023, Bayesian
Analysis, arXiv:2211.02383, section 3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from samplerbench.models.base import Array, Model, Sites
from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.log_density import make_log_density, map_batches

NAME = "log_likelihood"


def add_log_likelihood(
    model: Model, replicates: list[Draws], truths: list[Sites], data: list[Sites]
) -> tuple[list[Draws], list[Sites]]:
    """Draws with it among their statistics, and truths with it, each given its own data.

    As they are where draws or truths lack a latent site of the program.
    """
    import jax

    density = make_log_density(model)
    names = [site.name for site in density.latents]
    if not all(set(names) <= sites.keys() for sites in (replicates[0].sites, truths[0])):
        return replicates, truths
    of_many = jax.jit(jax.vmap(density.log_likelihood, (0, None)))
    runs, whole = [], []
    for draws, truth, own in zip(replicates, truths, data):  # noqa: B905 (Python 3.9)
        sites = {name: np.concatenate([_flatten(draws, name), truth[name][None]]) for name in names}
        values = _evaluate(of_many, sites, own)
        shape = draws.sites[names[0]].shape[:2]
        stats = {**draws.stats, NAME: values[:-1].reshape(shape)}
        runs.append(replace(draws, stats=stats))
        whole.append({**truth, NAME: values[-1]})
    return runs, whole


def _flatten(draws: Draws, name: str) -> Array:
    x = draws.sites[name]
    return x.reshape(-1, *x.shape[2:])


def _evaluate(of_many: Any, sites: Sites, data: Sites) -> Array:
    """The function of points [n] of every site, in batches of one size."""
    count = len(next(iter(sites.values())))
    of_rows = map_batches(
        lambda rows: of_many({name: x[rows] for name, x in sites.items()}, data), np.arange(count)
    )
    return np.asarray(of_rows)
