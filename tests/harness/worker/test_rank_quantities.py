"""The log likelihood, ranked beside parameters, shows a sampler that ignores the data."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics import sbc
from samplerbench.harness.worker.rank_quantities import NAME, add_log_likelihood
from samplerbench.models.base import build
from samplerbench.samplers.base import Draws

REPLICATES, DRAWS = 128, 40


def rank(draw_given):
    """Ranks' p of both parameters and of the log likelihood, for ``draw_given(data, rng)``."""
    model, rng = build("linear", {}), np.random.default_rng(1)
    pairs = [model.simulate(rng) for _ in range(REPLICATES)]
    runs = []
    for _, data in pairs:
        sites = draw_given(model, data, rng)
        runs.append(Draws({name: x.astype(np.float32)[None] for name, x in sites.items()}))
    runs, truths = add_log_likelihood(model, runs, [t for t, _ in pairs], [d for _, d in pairs])
    x = np.stack([[*run.sites.values(), run.stats[NAME]] for run in runs])
    truth = np.array([[t[name] for name in (*runs[0].sites, NAME)] for t in truths])
    ranks = sbc.rank_truths(np.moveaxis(x, 1, 3), truth, DRAWS)
    return [sbc.uniformity(column, DRAWS).p for column in ranks.T]


@pytest.mark.slow
def test_draws_from_the_prior_rank_as_they_should_but_for_the_log_likelihood():
    def from_prior(model, data, rng):
        return {"m": rng.uniform(-5, 5, DRAWS), "c": rng.uniform(-10, 10, DRAWS)}

    slope, intercept, likelihood = rank(from_prior)
    assert min(slope, intercept) > 0.01 and likelihood < 1e-4


@pytest.mark.slow
def test_draws_from_the_posterior_rank_as_they_should_throughout():
    p = rank(lambda model, data, rng: model.exact_given(data).draw(rng, DRAWS))
    assert min(p) > 0.01


def test_programs_whose_truths_lack_a_latent_site_are_left_as_they_are():
    model, rng = build("eight_schools", {}), np.random.default_rng(2)  # theta_base is latent
    truth, data = model.simulate(rng)
    runs = [Draws({"mu": np.zeros((1, 3)), "tau": np.ones((1, 3))})]
    assert add_log_likelihood(model, runs, [truth], [data]) == (runs, [truth])
