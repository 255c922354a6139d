"""Programs whose location-scale sites are sampled as standard ones, for hierarchical models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import is_in_control_flow, is_latent
from samplerbench.samplers.support.site_handlers import adapt_sites

#: distributions of a location and a scale on the whole line; StudentT also has a shape
LOCATION_SCALE = ("Normal", "Cauchy", "Laplace", "Logistic", "StudentT")


def noncenter(model: Model) -> Model:
    """``model`` with its latent location-scale sites reparametrised.

    Papaspiliopoulos, Roberts and Skold (2007), Statistical Science 22:59. The sites keep their
    names and become deterministic; what is sampled is standardised. Funnels of hierarchical priors
    open so; well informed sites are sampled better as they were. Sites within `scan` and `cond`,
    which NumPyro's reparametrisation can't reach, stay, and so do transformed (LogNormal) and
    masked ones, which it does not take.
    """
    adapted, _ = adapt_sites(model, rename=False)  # the reparametrisation knows no sample_shape
    return replace(adapted, program=_reparametrise(adapted.program))


def _name_kind(prior: Any) -> str:
    """The class of a distribution, without the wrappers that ``LocScaleReparam`` takes off."""
    while type(prior).__name__ in ("ExpandedDistribution", "Independent"):
        prior = prior.base_dist
    return type(prior).__name__


def _reparametrise(program: Callable[..., Any]) -> Any:
    from numpyro.handlers import reparam
    from numpyro.infer.reparam import LocScaleReparam

    standard: set[str] = set()  # the sites that the reparametrisation itself samples

    def choose(site: Any) -> Any:
        if not is_latent(site) or is_in_control_flow(site) or site["name"] in standard:
            return None
        kind = _name_kind(site["fn"])
        if kind not in LOCATION_SCALE:
            return None
        standard.add(f"{site['name']}_decentered")
        return LocScaleReparam(0, shape_params=("df",) if kind == "StudentT" else ())

    return reparam(program, config=choose)
