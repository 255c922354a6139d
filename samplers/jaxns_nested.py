"""Nested sampling by jaxns on a NumPyro program. Albert (2020), arXiv:2012.15286."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Draws,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.samplers.support.jaxns_results import make_arguments, read_draws
from samplerbench.samplers.support.latent_sites import Latent, require_proper
from samplerbench.samplers.support.log_density import make_log_density

PATIENCE_S = 60.0  # after which it is asked whether the likelihood lets a run end at all


@dataclass(frozen=True)
class Settings:
    """Arguments that NumPyro's ``NestedSampler`` hands to jaxns, defaults as shipped there."""

    num_live_points: int | None = None  # the resolution; None: 25 a dimension
    max_samples: int = 10_000  # stop there, whatever the evidence says
    live_evidence_frac: float = 1e-4  # stop when the live points hold less of the evidence

    def __post_init__(self) -> None:
        if self.num_live_points is not None and self.num_live_points < 2:
            raise ValueError(f"num_live_points={self.num_live_points}\n  expected: at least 2")
        if self.max_samples < 1 or not 0 < self.live_evidence_frac < 1:
            raise ValueError("expected: max_samples >= 1 and live_evidence_frac between 0 and 1")


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model``; chains and warm-up of the budget have no meaning here.

    Raises Declined for discrete parameters and for priors that do not integrate to one.
    """
    sites = require_proper(model, "nested sampling")
    generation = version_compat.find_nested_generation()
    plain = _make_plain(model, sites, settings)
    if not generation:
        return Prepared(plain)
    from samplerbench.samplers.support import jaxns_compiled

    arguments = (model, sites, settings, generation)
    return Prepared(
        plain,
        compile=lambda: jaxns_compiled.compile_sampler(*arguments),
        compile_for_data=lambda: jaxns_compiled.compile_for_data(*arguments),
    )


def _make_plain(model: Model, sites: list[Latent], settings: Settings) -> Any:
    from numpyro.contrib.nested_sampling import NestedSampler

    cache: list[Any] = []

    def plain(seed: int) -> Draws:
        import jax

        if not cache:
            constructor, termination = make_arguments(sites, settings)
            cache.append(
                NestedSampler(
                    model.program, constructor_kwargs=constructor, termination_kwargs=termination
                )
            )
        nested = cache[0]
        call = BackgroundCall(lambda: nested.run(jax.random.PRNGKey(seed), **model.data))
        if not call.wait(PATIENCE_S):
            refuse_endless(model)
        call.result()
        # NumPyro has no public way to the evidence but its printed summary
        results = nested._results
        return read_draws(results._asdict(), int(results.total_num_samples))

    return plain


def refuse_endless(model: Model) -> None:
    """Raise ValueError where the likelihood is NaN all over the prior.

    jaxns takes NaN for a point outside the contour and looks for another one, for ever.
    """
    import jax

    density = make_log_density(model)

    def log_likelihood(key: Any) -> Any:
        return density.log_likelihood(density.draw_prior(key, model.data), model.data)

    keys = jax.random.split(jax.random.PRNGKey(0), 64)
    if np.isnan(jax.jit(jax.vmap(log_likelihood))(keys)).all():
        raise ValueError(
            f"the likelihood of {model.name!r} is NaN at all of 64 points drawn from its prior;"
            " nested sampling would never end"
        )


add(
    Sampler(
        "jaxns_nested",
        Settings,
        prepare,
        "nested sampling: weighted draws and the evidence",
        needs=("jax", "numpyro", "jaxns", "numpyro.contrib.nested_sampling"),
        distributions=("jaxns", "tensorflow-probability", "tfp-nightly"),
    )
)
