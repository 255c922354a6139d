"""Nested sampling by jaxns, called without NumPyro's wrapper. Albert (2020), arXiv:2012.15286.

The wrapper can't import every jaxns (2.4.0 to 2.5.0), and takes fewer priors.
"""

from __future__ import annotations

from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.jaxns_nested import Settings
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import keep_constant
from samplerbench.samplers.support.jaxns_compiled import prepare_compiled
from samplerbench.samplers.support.jaxns_cube import TransformCube, make_key
from samplerbench.samplers.support.jaxns_results import CLAIMS, make_arguments, read_draws
from samplerbench.samplers.support.latent_sites import Latent, require_proper
from samplerbench.samplers.support.prior_transform import make_prior_transform
from samplerbench.samplers.support.site_handlers import adapt_sites


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model`` on the unit cube; the budget has no meaning here.

    A likelihood that is NaN counts as 0. Raises Declined for discrete parameters, improper priors
    and priors that have no quantile function.
    """
    model, _ = adapt_sites(model, rename=False)
    sites = require_proper(model, "nested sampling")
    make_prior_transform(model)  # may raise Declined
    plain = _make_plain(model, sites, settings)
    return prepare_compiled(plain, model, sites, settings, TransformCube)


def _make_plain(model: Model, sites: list[Latent], settings: Settings) -> Any:
    cache: list[Any] = []

    def plain(seed: int) -> Draws:
        import jax
        from jaxns import TerminationCondition

        constructor, termination = make_arguments(sites, settings)
        if not cache:
            cube = TransformCube(model, keep_constant(model), sites)
            cache.extend([_build(cube.jaxns_model({}), constructor), jax.jit(cube.constrain)])
        sampler, constrain = cache
        reason, state = sampler(make_key(seed), TerminationCondition(**termination))
        results = sampler.to_results(termination_reason=reason, state=state)._asdict()
        results["samples"] = constrain(results["samples"], {})
        return read_draws(results, int(results["total_num_samples"]))

    return plain


def _build(model: Any, constructor: dict[str, Any]) -> Any:
    """jaxns's own sampler by the name of the installed release."""
    if version_compat.read_version("jaxns") < (2, 3):
        from jaxns import ExactNestedSampler

        return ExactNestedSampler(model, num_parallel_samplers=1, **constructor)
    from jaxns.public import DefaultNestedSampler

    return DefaultNestedSampler(model, **version_compat.choose_nested_devices(), **constructor)


add(
    Sampler(
        "jaxns_direct",
        Settings,
        prepare,
        "nested sampling without NumPyro's wrapper: more priors and releases",
        typical_s=(16.0, 0.09),
        link="https://jaxns.readthedocs.io",
        needs=("jax", "numpyro", "jaxns"),
        distributions=("jaxns", "tensorflow-probability", "tfp-nightly"),
        family="jaxns",
        claims=CLAIMS,
        short_name="jaxns",
        stack_replicates=0,
    )
)
