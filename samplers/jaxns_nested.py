"""Nested sampling by jaxns on a NumPyro program. Albert (2020), arXiv:2012.15286."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Declined,
    Draws,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.background_call import Aside
from samplerbench.samplers.support.jaxns_results import draws_of, options
from samplerbench.samplers.support.latent_sites import Latent, continuous

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
    sites = continuous(model, "nested sampling")
    improper = [site.name for site in sites if site.improper]
    if improper:
        raise Declined(
            f"the prior of {improper[0]!r} is improper; nested sampling needs priors that"
            " integrate to one (give it bounds)"
        )
    held = version_compat.nested_generation()
    compile_ = None
    if held:
        from samplerbench.samplers.support import jaxns_compiled

        compile_ = lambda: jaxns_compiled.compiled(model, sites, settings, held)  # noqa: E731
    return Prepared(plain=_plain(model, sites, settings), compile=compile_)


def _plain(model: Model, sites: list[Latent], settings: Settings) -> Any:
    from numpyro.contrib.nested_sampling import NestedSampler

    kept: list[Any] = []

    def plain(seed: int) -> Draws:
        import jax

        if not kept:
            constructor, termination = options(sites, settings)
            kept.append(
                NestedSampler(
                    model.program, constructor_kwargs=constructor, termination_kwargs=termination
                )
            )
        nested = kept[0]
        run = Aside(lambda: nested.run(jax.random.PRNGKey(seed), **model.data))
        if not run.done(PATIENCE_S):
            refuse_endless(model)
        run.result()
        # NumPyro has no public way to the evidence but its printed summary
        results = nested._results
        return draws_of(results._asdict(), int(results.total_num_samples))

    return plain


def refuse_endless(model: Model) -> None:
    """Raise ValueError where the likelihood is NaN all over the prior.

    jaxns takes NaN for a point outside the contour and looks for another one, for ever.
    """
    import jax
    import jax.numpy as jnp
    from numpyro.handlers import seed, trace

    def log_likelihood(key: Any) -> Any:
        sites = trace(seed(model.program, key)).get_trace(**model.data).values()
        observed = [s for s in sites if s["type"] == "sample" and s["is_observed"]]
        return sum(jnp.sum(s["fn"].log_prob(s["value"])) for s in observed)

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
    )
)
