"""E-BFMI: how much the energies of Hamiltonian samplers change from draw to draw."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from samplerbench.harness.scoring.metrics import energy
from samplerbench.harness.scoring.metrics.base import metrics

RNG = np.random.default_rng(2)


def data(stats):
    return SimpleNamespace(file=SimpleNamespace(stats=lambda: stats))


def walk(rho: float, shape=(3, 2, 20_000)):
    """Energies with autocorrelation ``rho`` at lag 1."""
    from scipy.signal import lfilter

    return lfilter([1.0], [1.0, -rho], RNG.normal(size=shape))


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_it_is_twice_one_less_the_autocorrelation_of_energies(rho):
    found = energy.measure_ebfmi(walk(rho))
    # Var(E_n - E_(n-1)) = 2 (1 - rho) Var(E); of 20,000 draws within some per cent
    np.testing.assert_allclose(found, 2 * (1 - rho), rtol=0.1)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("arviz") is None, reason="needs ArviZ")
def test_it_is_arvizs_number():
    import arviz

    energies = walk(0.5, (1, 4, 500))
    ours = energy.measure_ebfmi(energies)[0]
    theirs = np.asarray(arviz.bfmi(energies[0]))
    np.testing.assert_allclose(ours, theirs, rtol=0.01)


def test_the_column_is_of_the_worst_chain_and_leaves_runs_out_that_never_ended():
    energies = walk(0.0, (3, 2, 5000))
    energies[:, 1] = walk(0.8, (3, 5000))
    energies[2] = 0.0  # as of a run that was given up
    score = metrics.get("ebfmi").compute(data({"energy": energies}))
    assert score.value == pytest.approx(0.4, rel=0.1)


def test_a_sampler_without_energies_says_so():
    assert energy.energies(data({"lp": 1.0})).startswith("no energies")
    assert energy.energies(data({"energy": 1.0})) == ""
