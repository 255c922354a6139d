"""Arguments and results of jaxns, by the names of the installed release."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.samplers.base import Draws
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.latent_sites import Latent

#: what a set bit of jaxns's termination reason means (jaxns, termination.py of 2.0.1 and 2.6.9)
REASONS = (
    "used the maximum number of samples",
    "evidence uncertainty low enough",
    "remaining evidence small enough",
    "effective sample size reached",
    "used the maximum number of likelihood evaluations",
    "maximum likelihood contour reached",
    "sampler efficiency too low",
    "live points are a plateau",
    "relative spread of live points small",
    "absolute spread of live points small",
    "no seed points left",
    "peak of the posterior mass passed",
)

#: which claims of jaxns 2 are audited
CLAIMS = "ESS: jaxns's own, which knows of the shrinkage; log Z error: jaxns's"

LIMITS = 1 << 0 | 1 << 4  # of REASONS, those that no run should end for alone


def make_arguments(sites: list[Latent], settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Constructor and termination arguments, by the names of the installed jaxns."""
    dimension = sum(int(np.prod(site.shape)) for site in sites)
    constructor = {
        "num_live_points": settings.num_live_points or 25 * dimension,
        "max_samples": settings.max_samples,
    }
    return constructor, {version_compat.name_nested_criterion(): settings.live_evidence_frac}


def read_draws(results: dict[str, Any], count: int) -> Draws:
    """Draws from jaxns's results: the first ``count`` entries, weighted, as one chain.

    ``ESS`` is jaxns's own, Z^2 / sum E[dZ^2], which knows of the shrinkage; Kish's
    (sum w)^2 / sum w^2 of the same weights is about twice too high.
    """
    first = {k: np.asarray(v)[None, :count] for k, v in results["samples"].items()}
    reason = int(results["termination_reason"])
    stats = {
        name: np.asarray(results[key])[None, :count]
        for name, key in (("log_l", "log_L_samples"), ("log_l_birth", "log_L_birth"))
        if key in results
    }
    return Draws(
        first,
        log_weights=np.asarray(results["log_dp_mean"])[None, :count],
        ess=float(results["ESS"]),
        log_z=float(results["log_Z_mean"]),
        log_z_err=float(results["log_Z_uncert"]),
        likelihoods=int(results["total_num_likelihood_evaluations"]),
        termination=describe_reason(reason),
        stats=stats,
        cut_short=is_cut_short(reason),
    )


def describe_reason(reason: int) -> str:
    """jaxns's reasons to stop, a bit mask, in words."""
    words = [text for bit, text in enumerate(REASONS) if reason >> bit & 1]
    return "; ".join(words) or f"unknown reason {reason}"


def is_cut_short(reason: int) -> bool:
    """Whether jaxns stopped for a limit, and for no reason beside it."""
    return bool(reason & LIMITS) and not reason & ~LIMITS
