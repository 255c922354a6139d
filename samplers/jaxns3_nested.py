"""Nested sampling by jaxns 3 on a race tree of samples. Albert (2026), arXiv:2609.32120."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import Choices, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.latent_sites import require_proper
from samplerbench.samplers.support.log_density import LogDensity, make_log_density
from samplerbench.samplers.support.prior_transform import PriorTransform, make_prior_transform
from samplerbench.samplers.support.site_handlers import adapt_sites

TARGETS = ("uniform", "evidence_improving", "posterior_improving")
PHANTOM_DRAWS = 1000  # simulated shrinkages of the evidence that phantom samples narrow


@dataclass(frozen=True)
class Settings:
    """Arguments of jaxns's ``NestedSampler``, defaults as shipped."""

    # live points at the start; None: jaxns's choice
    root_allocation_degree: Annotated[int | None, Range(2)] = None
    # stop there, whatever the evidence says; None: jaxns's choice
    max_samples: Annotated[int | None, Range(2)] = None
    # or evidence_improving, posterior_improving
    allocation_target: Annotated[str, Choices(TARGETS)] = "uniform"
    phantom: bool = False  # whether phantom samples join the estimate of the evidence


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model`` on the unit cube; the budget has no meaning here.

    jaxns takes a likelihood that is NaN for 0, and switches JAX to 64 bits. Raises Declined for
    discrete parameters, improper priors and priors that have no quantile function.
    """
    model, _ = adapt_sites(model, rename=False)
    require_proper(model, "nested sampling")
    prior = make_prior_transform(model)  # may raise Declined
    build = functools.cache(lambda: _build(prior, make_log_density(model), settings, model.data))

    def plain(seed: int) -> Draws:
        import jax

        sampler, constrain = build()
        run_key, evidence_key = jax.random.split(jax.random.PRNGKey(seed))
        results = sampler.run(key=run_key, args=()).to_result().trim()
        evidence = results.log_Z_mean, results.log_Z_uncert
        if settings.phantom:
            ensemble = results.sample_evidence(
                PHANTOM_DRAWS, phantom_conditioning=True, key=evidence_key
            )
            evidence = ensemble.log_Z_mean, ensemble.log_Z_uncert
        sites = constrain(results.X_samples["cube"])
        return _read_draws(results, sites, *evidence)

    return Prepared(plain)


def _build(
    prior: PriorTransform, density: LogDensity, settings: Settings, data: Any
) -> tuple[Any, Any]:
    """jaxns's sampler, and the map from its samples to sites."""
    import jax
    import jax.numpy as jnp
    import tensorflow_probability.substrates.jax as tfp
    from jaxns.core import NestedSampler
    from jaxns.model import Model as JaxnsModel
    from jaxns.priors import Prior

    def log_likelihood() -> Any:
        zeros = jnp.zeros(prior.dim)
        cube = Prior(tfp.distributions.Uniform(zeros, zeros + 1), name="cube").realise()
        return density.log_likelihood(prior.transform(cube, data), data)

    sampler = NestedSampler(
        model=JaxnsModel(prior_model=log_likelihood),
        root_allocation_degree=settings.root_allocation_degree,
        max_samples=settings.max_samples,
        allocation_target=settings.allocation_target,
        collect_phantom_samples=settings.phantom,
    )
    constrain = jax.jit(jax.vmap(lambda cube: prior.transform(cube, data)))
    return sampler, constrain


def _read_draws(results: Any, sites: dict[str, Any], log_z: Any, log_z_err: Any) -> Draws:
    is_cut = int(results.termination_reason) != 0
    return Draws(
        {name: np.asarray(values)[None] for name, values in sites.items()},
        log_weights=np.asarray(results.log_dp)[None],
        ess=float(results.ess),
        log_z=float(log_z),
        log_z_err=float(log_z_err),
        likelihoods=int(results.total_num_likelihood_evaluations),
        termination="met a limit" if is_cut else "remaining evidence small enough",
        cut_short=is_cut,
        stats={
            "log_l": np.asarray(results.log_L)[None],
            "log_l_birth": np.asarray(results.log_L_constraints)[None],
        },
    )


add(
    Sampler(
        "jaxns3_nested",
        Settings,
        prepare,
        "nested sampling by jaxns 3: weighted draws and the evidence",
        typical_s=(50.0, 4.0),
        link="https://jaxns.readthedocs.io",
        needs=("jax", "numpyro", "jaxns.core"),
        distributions=("jaxns", "jaxctx", "tfp-nightly"),
        family="jaxns",
        environment="jaxns3",
        claims="ESS: Kish's by jaxns; log Z error: jaxns's expectation over shrinkages",
        short_name="jaxns 3",
    )
)
