"""The evidence from draws of the posterior, by warped bridge sampling, with its claimed error.

Meng and Wong (1996), Statistica Sinica 6:831: the ratio of two normalising constants from draws of
both densities, by their optimal bridge. One is a standard normal; the other is the posterior,
standardised by the mean and covariance of one half of the draws and made symmetric (Warp-III: Meng
and Schilling 2002, JCGS 11:552), of which the other half are draws. The claimed error counts both:
Fruehwirth-Schnatter (2004), Econometrics Journal 7:143, by the ESS of what chains are averaged of.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from samplerbench.models.base import Array, Model
from samplerbench.samplers.base import Compiled, Draws, Prepared
from samplerbench.samplers.support.latent_sites import require_proper
from samplerbench.samplers.support.log_density import (
    count_nan_as_zero,
    make_log_density,
    map_batches,
)

METHODS = ("none", "bridge")  # what a setting ``log_z`` may be
CLAIMS = "log Z error: of bridge sampling, by the ESS of its terms"
LEAST_DRAWS = 4  # of a chain: halves of one have no autocorrelation
ITERATIONS, TOLERANCE = 1000, 1e-10  # of log r: it converges within tens


@dataclass(frozen=True)
class Evidence:
    """An estimate of log Z, natural, its claimed standard error, and what it cost."""

    log_z: float
    error: float
    evaluations: int  # of the log density


def log_z_from_draws(
    u: Array, log_density: Callable[[Array], Array], rng: np.random.Generator
) -> Evidence:
    """The log of the integral of a density, from ``u`` [chain, draw, dim] drawn from it.

    ``log_density``: points [n, dim] -> natural logs [n]. NaN where draws can't be standardised, as
    of a chain that never moved, and of fewer than LEAST_DRAWS a chain.
    """
    u = np.asarray(u, np.float64)
    dim, half = u.shape[2], u.shape[1] // 2
    if u.shape[1] < LEAST_DRAWS:
        return Evidence(np.nan, np.nan, 0)
    fitted, rest = u[:, :half].reshape(-1, dim), u[:, half:]
    try:
        mean, root = fitted.mean(axis=0), np.linalg.cholesky(np.atleast_2d(np.cov(fitted.T)))
    except np.linalg.LinAlgError:
        return Evidence(np.nan, np.nan, 0)

    def log_ratio(z: Array) -> Array:
        """Log of the warped posterior, not normalised, over the standard normal at z [n, dim]."""
        step = z @ root.T
        warped = np.logaddexp(log_density(mean + step), log_density(mean - step)) - np.log(2)
        normal = -0.5 * (np.square(z).sum(axis=1) + dim * np.log(2 * np.pi))
        return warped + np.log(np.diag(root)).sum() - normal

    drawn = np.linalg.solve(root, (rest - mean).reshape(-1, dim).T).T
    ratios = log_ratio(drawn).reshape(rest.shape[:2])
    proposed = log_ratio(rng.standard_normal(drawn.shape))
    return Evidence(*_bridge(ratios, proposed), evaluations=4 * len(drawn))


def _bridge(drawn: Array, proposed: Array) -> tuple[float, float]:
    """Log Z and its error from log ratios at draws [chain, draw] and at the normal's draws [n]."""
    share = _count_effective(drawn)
    share /= share + len(proposed)  # of the posterior in the bridge: what its draws are worth
    shift = float(np.median(drawn))
    drawn, proposed = drawn - shift, proposed - shift

    def weigh(log_r: float) -> tuple[Array, Array]:
        """Terms of the two averages, whose ratio is r: over the normal's draws and the others."""
        low = np.log1p(-share) + log_r
        above = np.exp(proposed - np.logaddexp(np.log(share) + proposed, low))
        return above, np.exp(-np.logaddexp(np.log(share) + drawn, low))

    log_r = 0.0
    for _ in range(ITERATIONS):
        above, below = weigh(log_r)
        with np.errstate(divide="ignore"):  # no proposal where the posterior is: -inf
            new = float(np.log(above.mean()) - np.log(below.mean()))
        if not abs(new - log_r) > TOLERANCE:
            break
        log_r = new
    above, below = weigh(log_r)
    variance = _relative_variance(above) / above.size
    variance += _relative_variance(below) / _count_effective(below)
    return shift + log_r, float(np.sqrt(variance))


def _relative_variance(terms: Array) -> float:
    return float(terms.var() / np.square(terms.mean()))


def _count_effective(series: Array) -> float:
    """Independent draws that ``series`` [chain, draw] is worth; all of them where it is constant.

    Its rounded values count as one where they differ by less than single precision resolves.
    """
    from numpyro.diagnostics import effective_sample_size

    if np.ptp(series) <= 1e-6 * max(1.0, np.abs(series).max()):
        return float(series.size)
    return float(effective_sample_size(series))


def add_log_z(prepared: Prepared, model: Model, method: str) -> Prepared:
    """The same runs, which also give log Z by ``method``; data other than the model's give none.

    Its evaluations and seconds are part of the run. Raises Declined for an improper prior.
    """
    if method == "none":
        return prepared
    require_proper(model, "an evidence")
    estimate = make_estimator(model)
    compile_own = prepared.compile

    def compile_with_log_z() -> Compiled:
        assert compile_own is not None
        return _wrap(compile_own(), estimate)

    return replace(
        prepared,
        plain=lambda seed: estimate(prepared.plain(seed)),
        compile=compile_own and compile_with_log_z,
        compile_for_data=prepared.compile_for_data or compile_own,
        claims=CLAIMS,
    )


def _wrap(compiled: Compiled, estimate: Callable[[Draws], Draws]) -> Compiled:
    batch = compiled.batch
    return replace(
        compiled,
        sample=lambda state: estimate(compiled.collect(compiled.sample(state))),
        collect=lambda draws: draws,
        batch=batch and (lambda seeds: [estimate(draws) for draws in batch(seeds)]),
    )


def make_estimator(model: Model) -> Callable[[Draws], Draws]:
    """The function that adds log Z to draws of ``model``'s posterior; compiled in its first call.

    The normal's draws are seeded by the posterior's, so that the same run has the same log Z.
    """
    import jax

    density, data = make_log_density(model), model.data
    joint = jax.jit(jax.vmap(lambda u: count_nan_as_zero(density.log_joint(u, data))))
    unconstrain = jax.jit(jax.vmap(jax.vmap(lambda sites: density.unconstrain(sites, data))))

    def log_density(u: Array) -> Array:
        return np.asarray(map_batches(joint, u), np.float64)

    def estimate(draws: Draws) -> Draws:
        u = np.asarray(unconstrain({name: draws.sites[name] for name in density.shapes}))
        rng = np.random.default_rng(zlib.crc32(u.tobytes()))
        found = log_z_from_draws(u, log_density, rng)
        likelihoods = (draws.likelihoods or 0) + found.evaluations
        return replace(draws, log_z=found.log_z, log_z_err=found.error, likelihoods=likelihoods)

    return estimate
