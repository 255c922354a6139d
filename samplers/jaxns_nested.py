"""Nested sampling by jaxns on a NumPyro program. Albert (2020), arXiv:2012.15286."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.errors import one_line
from samplerbench.models.base import Model
from samplerbench.options import SHARE, Range
from samplerbench.samplers.base import Budget, Declined, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.samplers.support.jaxns_compiled import prepare_compiled
from samplerbench.samplers.support.jaxns_results import CLAIMS, make_arguments, read_draws
from samplerbench.samplers.support.latent_sites import (
    Latent,
    find_latents,
    is_in_control_flow,
    make_unmapped_error,
    name_distribution,
    read_sites,
    require_proper,
)
from samplerbench.samplers.support.log_density import make_log_density
from samplerbench.samplers.support.prior_transform import make_prior_transform
from samplerbench.samplers.support.site_handlers import adapt_sites, restore_names

PATIENCE_S = 60.0  # after which it is asked whether the likelihood lets a run end at all
POLL_S = 1.0


@dataclass(frozen=True)
class Settings:
    """Arguments that NumPyro's ``NestedSampler`` hands to jaxns, defaults as shipped there."""

    num_live_points: Annotated[int | None, Range(2)] = None  # the resolution; None: 25 a dimension
    max_samples: Annotated[int, Range(1)] = 10_000  # stop there, whatever the evidence says
    # stop when the live points hold less of the evidence
    live_evidence_frac: Annotated[float, SHARE] = 1e-4


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model``; chains and warm-up of the budget have no meaning here.

    Raises Declined for discrete parameters that are not marked to be enumerated, for priors that
    do not integrate to one, and for those that NumPyro can't map from the unit cube.
    """
    adapted, names = adapt_sites(model)
    require_proper(model, "nested sampling", enumerates=True)  # by the model's own names
    sites = require_proper(adapted, "nested sampling", enumerates=True)
    _require_transforms(adapted, sites, names)
    plain = _make_plain(adapted, sites, settings)
    return restore_names(prepare_compiled(plain, adapted, sites, settings), names)


def _require_transforms(model: Model, sites: list[Latent], names: dict[str, str]) -> None:
    """Raise Declined for a site that NumPyro can't map from the unit cube; nothing is computed."""
    import numpyro.contrib.nested_sampling  # here: jaxns makes arrays when it is imported

    transform = numpyro.contrib.nested_sampling.UniformReparam()
    wanted = {site.name: site.shape for site in sites}

    def check(records: Any) -> None:
        for name, record in records.items():
            if name in wanted:
                own = names.get(name, name)
                if is_in_control_flow(record):
                    raise Declined(
                        f"site {own!r} of {model.name!r} is sampled within scan or cond, where "
                        "NumPyro's nested sampling can't reach it; numpyro_nuts and jaxns_direct "
                        "sample such a site"
                    )
                why = _explain_unmapped(transform, name, record["fn"], wanted[name])
                if why:
                    raise make_unmapped_error(model, own, why, _find_takers(model))

    read_sites(model, check)


def _find_takers(model: Model) -> str:
    """Samplers that take the program: jaxns itself, where a map is known here."""
    try:
        make_prior_transform(model)
    except Declined:
        return "numpyro_nuts"
    return "numpyro_nuts or, with jaxns as well, jaxns_direct"


def _explain_unmapped(transform: Any, name: str, prior: Any, shape: tuple[int, ...]) -> str:
    """Why NumPyro's ``transform`` makes no draw of ``prior`` with ``shape``; "" where it does."""
    from numpyro.handlers import seed

    kind = name_distribution(prior)
    try:
        with seed(rng_seed=0):
            value = transform(name, prior, None)[1]
    except NotImplementedError:
        return f"{kind} has no quantile function (icdf) in the installed NumPyro"
    except Exception as error:  # whatever shapes of a transform lead to
        return f"NumPyro's transform of {kind} fails ({one_line(error)})"
    same = tuple(np.shape(value)) == shape
    return "" if same else f"NumPyro's transform gives {kind} another shape {np.shape(value)}"


def _make_plain(model: Model, sites: list[Latent], settings: Settings) -> Any:
    from numpyro.contrib.nested_sampling import NestedSampler
    from numpyro.primitives import _PYRO_STACK

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
        has_ended = call.wait(PATIENCE_S)
        while not has_ended and _PYRO_STACK:  # it is traced still: NumPyro's handlers are one stack
            has_ended = call.wait(POLL_S)
        if not has_ended:
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

    if any(site.enumerated for site in find_latents(model)):
        return  # the density here does not sum them out
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
        typical_s=(8.0, 0.07),
        link="https://num.pyro.ai/en/stable/contrib.html#nested-sampling",
        needs=("jax", "numpyro", "jaxns", "numpyro.contrib.nested_sampling"),
        distributions=("jaxns", "tensorflow-probability", "tfp-nightly"),
        claims=CLAIMS,
        family="jaxns",
        short_name="nested",
        stack_replicates=6,
        import_stage="nested sampling imports",
    )
)
