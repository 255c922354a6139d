"""The log joint density of a model with one or two parameters at many points, for quadrature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.harness.worker.inspection.mode_search import Density, NoAnswer
from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import Latent
from samplerbench.samplers.support.log_density import LogDensity, make_log_density, map_batches

SEEDS = 2048  # points drawn from the prior, and as many about the origin
SEED = 20260703
ROUNDING = 1e-12  # of a component: what varies less does not vary


def make_density(
    model: Model, parameters: Sequence[Latent]
) -> tuple[Density, np.ndarray, list[str]]:
    """Log joint density and components at unconstrained points, points to start from, and names.

    Components are those of ``parameters`` that are not fixed by their support, as the first row of
    a Cholesky factor is. The change of variables is in the density, so that its integral is the
    evidence. Raises NoAnswer for more than two free parameters.
    """
    import jax
    import jax.numpy as jnp

    density = make_log_density(model)
    if density.dim > 2:
        raise NoAnswer(f"quadrature is for one or two parameters, and there are {density.dim}")

    def evaluate(u: Any) -> tuple[Any, Any]:
        sites = density.constrain(u, model.data)
        parts = [jnp.ravel(jnp.asarray(sites[site.name], float)) for site in parameters]
        return density.log_joint(u, model.data), jnp.concatenate(parts)

    compiled = jax.jit(jax.vmap(evaluate))

    def evaluate_all(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logs, values = map_batches(compiled, points)
        if logs.dtype != np.float64:
            raise NoAnswer(f"the program computes in {logs.dtype}, quadrature needs float64")
        return logs, values

    seeds = _start_points(density, model)
    names = [name for site in parameters for name in component_names(site.name, site.shape)]
    free = _find_free(evaluate_all(seeds)[1])
    kept = [name for name, varies in zip(names, free) if varies]  # noqa: B905 (strict= needs 3.10)
    return _cut_circles(lambda u: _select(evaluate_all(u), free), seeds), seeds, kept


def _find_free(values: np.ndarray) -> np.ndarray:
    """Whether each component of ``values[point, component]`` varies by more than rounding."""
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise NoAnswer("parameters overflow at all points tried")
    return np.ptp(values, axis=0) > ROUNDING * np.abs(values).max(axis=0)


def _select(
    found: tuple[np.ndarray, np.ndarray], free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return found[0], found[1][:, free]


def _cut_circles(density: Density, seeds: np.ndarray) -> Density:
    """``density`` with one turn, from -pi to pi, mapped on the line where it repeats for ever.

    So it does over the auxiliary site of NumPyro's CircularReparam, an angle that is not wrapped.
    """
    here = density(seeds)
    turns = 2 * np.pi * np.eye(seeds.shape[1])
    circles = [all(map(_agree, here, density(seeds + turn))) for turn in turns]
    if not any(circles):
        return density

    def cut(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half = points / 2
        angles = np.where(circles, np.pi * np.tanh(half), points)
        slopes = np.log(np.pi / 2) - 2 * (np.logaddexp(half, -half) - np.log(2))
        logs, values = density(angles)
        return logs + np.where(circles, slopes, 0.0).sum(axis=1), values

    return cut


def _agree(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True))


def _start_points(density: LogDensity, model: Model) -> np.ndarray:
    """Points to look for modes from: about a valid one, and from the prior where it is proper."""
    import jax

    start = np.asarray(density.find_start(jax.random.PRNGKey(0), model.data))
    rng = np.random.default_rng(SEED)
    about = rng.normal(0, 3, (SEEDS, density.dim)) + start
    if any(site.improper for site in density.latents):
        return about

    def draw(key: Any) -> Any:
        return density.unconstrain(density.draw_prior(key, model.data), model.data)

    keys = jax.random.split(jax.random.PRNGKey(1), SEEDS)
    return np.concatenate([about, np.asarray(jax.jit(jax.vmap(draw))(keys))])
