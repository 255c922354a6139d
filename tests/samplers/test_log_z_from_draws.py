"""The evidence from draws has the errors that it claims, where the answer is exact.

The densities integrate to numbers that are known; draws are chains of known autocorrelation. The
rms of R normal errors over their standard errors is the root of chi-square over R; claimed ones
are estimates of their own, for which the interval is widened by an eighth either way.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from samplerbench.models.base import build
from samplerbench.options import fill
from samplerbench.samplers.base import Budget, samplers
from samplerbench.samplers.support.log_z_from_draws import log_z_from_draws

RUNS, CHAINS, DRAWS, DIM = 64, 2, 1000, 2


def correlated_normals(rng: np.random.Generator, rho: float) -> np.ndarray:
    """Stationary AR(1) chains [chain, draw, dim] of standard normals."""
    noise = rng.standard_normal((CHAINS, DRAWS, DIM))
    x = noise.copy()
    for t in range(1, DRAWS):
        x[:, t] = rho * x[:, t - 1] + math.sqrt(1 - rho**2) * noise[:, t]
    return x


#: draws from standard normals, log density [n], exact log Z
TARGETS = {
    "normal": (lambda x: x, lambda u: -0.5 * (u**2).sum(axis=1), DIM / 2 * math.log(2 * math.pi)),
    "skewed": (  # the log of Gamma(2), of density exp(2 u - exp u)
        lambda x: np.log(stats.gamma(2).ppf(special.ndtr(x))),
        lambda u: (2 * u - np.exp(u)).sum(axis=1),
        0.0,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.8])
@pytest.mark.parametrize("target", TARGETS)
def test_errors_of_log_z_are_as_large_as_claimed(target, rho):
    place, log_density, exact = TARGETS[target]
    off = []
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 5])
        found = log_z_from_draws(place(correlated_normals(rng, rho)), log_density, rng)
        off.append((found.log_z - exact) / found.error)
    least, most = np.sqrt(stats.chi2.ppf([1e-4, 1 - 1e-4], RUNS) / RUNS)
    assert least / 1.125 < math.sqrt(np.mean(np.square(off))) < most * 1.125
    assert abs(np.mean(off)) < 4.5 * 1.125 / math.sqrt(RUNS)
    assert found.evaluations == 4 * CHAINS * DRAWS // 2


def test_autocorrelation_counts_in_the_claimed_error():
    place, log_density, _ = TARGETS["skewed"]
    errors = {}
    for rho in (0.0, 0.95):
        rng = np.random.default_rng(1)
        errors[rho] = log_z_from_draws(place(correlated_normals(rng, rho)), log_density, rng).error
    assert errors[0.95] > 1.5 * errors[0.0]


def test_a_chain_that_never_moved_gives_no_number():
    found = log_z_from_draws(np.ones((1, 100, 2)), TARGETS["normal"][1], np.random.default_rng(0))
    assert math.isnan(found.log_z) and math.isnan(found.error)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:There are not enough devices:UserWarning")
def test_nuts_gives_the_exact_evidence_of_a_line_in_both_modes():
    model, budget = build("linear", {}), Budget(1, 300, 1000)
    nuts = samplers.get("numpyro_nuts")
    ready = nuts.prepare(model, budget, fill(nuts.settings, {"log_z": "bridge"}, nuts.name))
    assert "bridge sampling" in ready.claims
    compiled = ready.compile()
    runs = [compiled.collect(compiled.sample(compiled.warmup(seed))) for seed in (0, 1)]
    for draws in (ready.plain(0), *runs, *compiled.batch([1])):
        assert abs(draws.log_z - model.exact().log_evidence) < 5.5 * draws.log_z_err
        assert 0 < draws.log_z_err < 0.02 and draws.likelihoods == 2000
    assert runs[1].log_z == compiled.collect(compiled.sample(compiled.warmup(1))).log_z
    own = nuts.prepare(model, budget, nuts.settings()).compile()
    np.testing.assert_array_equal(
        own.collect(own.sample(own.warmup(0))).sites["m"], runs[0].sites["m"]
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_draws_to_halve_give_no_number(count):
    u = np.random.default_rng(0).standard_normal((4, count, 2))
    found = log_z_from_draws(u, lambda u: -0.5 * (u**2).sum(axis=1), np.random.default_rng(1))
    assert math.isnan(found.log_z) and math.isnan(found.error) and found.evaluations == 0
