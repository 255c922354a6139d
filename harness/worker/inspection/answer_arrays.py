"""The answer of a model as arrays for a file: its own exact one, or one by quadrature."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.worker.inspection.batched_log_density import make_density
from samplerbench.harness.worker.inspection.cubature import Integral, integrate
from samplerbench.harness.worker.inspection.mode_search import NoAnswer
from samplerbench.models.base import Exact, Model
from samplerbench.samplers.support.latent_sites import find_latents, find_parameters

SECONDS = 60.0  # for the integrals
SEED = 20260701
DRAWS = 2**16
#: probabilities whose quantiles are stored: even steps of the log odds, from 1e-7 on
PROBS = 1 / (1 + np.exp(-np.linspace(-16, 16, 2001)))


def pack_exact(model: Model) -> dict[str, Any]:
    """The arrays of the model's own exact answer; {} where it has none."""
    exact = model.exact()
    if exact is None:
        return {}
    arrays = _pack_moments(exact)
    if exact.quantile is not None:
        arrays.update(probs=PROBS, quantiles=exact.quantile(PROBS))
    if exact.draw is not None:
        sites = exact.draw(np.random.default_rng(SEED), DRAWS)
        arrays["draws"] = component_draws(sites, exact.names, 1)
    return arrays


def _pack_moments(exact: Exact) -> dict[str, Any]:
    optional = {
        "mean_se": exact.mean_se,
        "sd_se": exact.sd_se,
        "log_evidence": exact.log_evidence,
    }
    return {
        "source": np.array(exact.source),
        "names": np.array(exact.names),
        "mean": exact.mean,
        "covariance": exact.covariance,
        **{name: np.asarray(value) for name, value in optional.items() if value is not None},
    }


def pack_quadrature(model: Model, deterministic: Collection[str] = ()) -> dict[str, Any]:
    """The arrays of an answer by quadrature; raises NoAnswer where there is none this way.

    ``deterministic`` sites are among its components. log Z is left out where a site's density is
    not normalised.
    """
    latents = find_latents(model)
    if any(site.discrete for site in latents):
        raise NoAnswer("quadrature is for continuous parameters, and one is discrete")
    density, seeds, names = make_density(model, find_parameters(model, deterministic))
    integral = integrate(density, seeds, SECONDS, np.random.default_rng(SEED))
    arrays: dict[str, Any] = {
        "source": np.array("quadrature"),
        "names": np.array(names),
        "mean": integral.mean,
        "covariance": integral.covariance,
        "mean_se": integral.mean_error,
        "sd_se": integral.sd_error,
        "probs": PROBS,
        "quantiles": _compute_quantiles(integral),
        "draws": integral.draws,
    }
    if not any(site.improper for site in latents):
        arrays.update(log_evidence=integral.log_z, log_evidence_se=integral.log_z_error)
    return arrays


def _compute_quantiles(integral: Integral) -> np.ndarray:
    """Quantiles [prob, component] from the nodes: half of a node's mass lies below it."""
    columns = []
    for x in integral.values.T:
        places, which = np.unique(x, return_inverse=True)
        mass = np.bincount(which, integral.weights)
        columns.append(np.interp(PROBS, np.cumsum(mass) - mass / 2, places))
    return np.stack(columns, axis=1)
