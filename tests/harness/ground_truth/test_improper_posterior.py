"""Draws of an improper posterior are told from those of a proper one, however large."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.ground_truth.improper_posterior import describe_wandering
from samplerbench.samplers.base import Draws

RUNS, DRAWS = 16, 400
RNG = np.random.default_rng(11)
NOISE = RNG.standard_normal((RUNS, 1, DRAWS, 1))
PLACES = 10.0 ** RNG.uniform(6, 9, (RUNS, 1, 1, 1))
DRIFT = NOISE + np.linspace(0, 10, DRAWS)[:, None]


def correlate(noise):
    """An autoregression, whose runs are of some 200 draws' worth."""
    x = noise.copy()
    for i in range(1, DRAWS):
        x[:, :, i] += 0.3 * x[:, :, i - 1]
    return x


LOST = {
    "overflow": np.where(np.arange(DRAWS)[:, None] > 300, np.inf, 1.0) * NOISE,
    "wander": NOISE + PLACES,  # a place of its own each
    "overflow or wander": np.where(PLACES > np.median(PLACES), np.nan, DRIFT),
}
PROPER = {
    "of large numbers": 1e9 + 1e7 * correlate(NOISE),
    "with a site that is fixed in part": np.concatenate([np.zeros_like(NOISE), NOISE], axis=-1),
    "with modes far apart": np.where(np.arange(RUNS) % 2, -1e6, 1e6)[:, None, None, None] + NOISE,
    "of which a few runs are lost": np.where(PLACES > np.sort(PLACES.ravel())[12], np.nan, NOISE),
}


def write(folder, x, **more):
    runs = [Draws({"b": run, **{n: v[i] for n, v in more.items()}}) for i, run in enumerate(x)]
    draws_file.save_draws(folder / "draws.npz", {"replicates": runs})
    return folder / "draws.npz"


@pytest.mark.parametrize("words", LOST)
def test_draws_that_never_settle_are_said_to_be_of_an_improper_posterior(tmp_path, words):
    reason = describe_wandering(write(tmp_path, LOST[words]), ["b"])
    assert f"draws {words} in 16 of 16 runs: the posterior may be improper" in reason
    assert "the prior of 'b'" in reason


@pytest.mark.parametrize("kind", PROPER)
def test_draws_that_settle_are_not(tmp_path, kind):
    assert describe_wandering(write(tmp_path, PROPER[kind]), ["b"]) == ""


def test_sites_of_proper_priors_are_not_looked_at(tmp_path):
    path = write(tmp_path, NOISE, c=LOST["wander"])
    assert describe_wandering(path, ["b"]) == "" and describe_wandering(path, []) == ""
