"""What tests of models share: a model with its answer, its draws in columns, its own density."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from samplerbench.models import base


def build_with_answer(name, **options):
    """The model and its exact answer."""
    model = base.build(name, options)
    return model, model.exact()


def column(sites, name):
    """The draws of the component called ``name``, [draw]."""
    site, _, index = name.partition("[")
    return sites[site][:, int(index[:-1])] if index else sites[site]


def columns(sites, names):
    """The draws of the components called ``names``, [draw, component]."""
    return np.stack([column(sites, name) for name in names], axis=1)


def furthest(count):
    """The distance from the true cdf that ``count`` draws exceed with a probability below 1e-6.

    Dvoretzky, Kiefer and Wolfowitz with Massart's constant: P(D > d) < 2 exp(-2 n d^2).
    """
    return math.sqrt(math.log(2 / 1e-6) / (2 * count))


def assert_moments(exact, x):
    """Draws [draw, component] have the exact moments, to 5 standard errors of their own.

    One in 1.7 million by chance, with one fixed seed for each test.
    """
    z = (x - exact.mean) / exact.sd
    i, j = np.triu_indices(len(exact.names))
    products = np.hstack([z, z[:, i] * z[:, j]])
    correlation = (exact.covariance / np.outer(exact.sd, exact.sd))[i, j]
    wanted = np.append(np.zeros(len(exact.names)), correlation)
    errors = products.std(axis=0) / math.sqrt(len(x))
    assert np.all(np.abs(products.mean(axis=0) - wanted) < 5 * errors)


def assert_quantiles(exact, x):
    """Draws [draw, component] follow the exact quantiles."""
    p = np.linspace(0.001, 0.999, 999)
    for values, quantiles in zip(x.T, exact.quantile(p).T, strict=True):
        below = np.searchsorted(np.sort(values), quantiles, side="right") / len(x)
        assert np.abs(below - p).max() < furthest(len(x))


def assert_even_ranks(model):
    """The truth ranks evenly among draws given data simulated from it (Talts et al. 2018)."""
    rng, ranks = np.random.default_rng(11), []
    for _ in range(300):
        parameters, data = model.simulate(rng)
        assert data.keys() == model.data.keys()
        exact = model.exact_given(data)
        draws = columns(exact.draw(rng, 199), exact.names)
        truth = columns({k: np.asarray(v)[None] for k, v in parameters.items()}, exact.names)
        ranks.append((draws < truth).mean(axis=0))
    for one in np.array(ranks).T:  # over 200, and so uniform to 1/200
        assert stats.kstest(one, "uniform").statistic < furthest(300) + 1 / 200


def log_joint(model, sites, bits=64):
    """The program's log density of parameters and data at ``sites``, each [point, *event]."""
    jax = pytest.importorskip("jax")
    from numpyro.infer.util import log_density

    # jax 0.4 has it in jax.experimental, jax 0.10 in jax only
    x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64

    def density(parameters, data):
        return log_density(model.program, (), data, parameters)[0]

    with x64(bits == 64):
        values = jax.jit(jax.vmap(density, (0, None)))(sites, model.data)  # data traced
        return np.asarray(values, dtype=np.float64)


def evaluate_sites(model, parameters):
    """All sites of the program, deterministic ones too, at one point."""
    pytest.importorskip("jax")
    from numpyro import handlers

    program = handlers.substitute(handlers.seed(model.program, 0), parameters)
    trace = handlers.trace(program).get_trace(**model.data)
    return {name: site["value"] for name, site in trace.items()}
