"""Claims of draws equal ArviZ's, and are right on chains of known ESS."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy.signal import lfilter

from samplerbench.harness.statistics import ess_rhat


@pytest.fixture(scope="module")
def arviz() -> ModuleType:
    """Imported by the tests that ask for it, since it takes seconds."""
    import arviz

    return arviz


def chains(kind: str, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Draws [replicate, chain, draw, component] with or without autocorrelation, ties, trend."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    if kind == "tied":
        return np.round(0.7 * noise)
    if kind == "coarse":
        return np.round(noise, 1)
    if kind == "drifting":
        return np.cumsum(noise, axis=2)
    return ar1(noise, {"independent": 0.0, "sticky": 0.9, "antithetic": -0.5}[kind])


def ar1(noise: np.ndarray, rho: float) -> np.ndarray:
    """Stationary AR(1) of unit variance from standard normal noise [..., draw, component]."""
    scale = np.full((noise.shape[2], 1), np.sqrt(1 - rho**2))
    scale[0] = 1.0
    return lfilter([1.0], [1.0, -rho], noise * scale, axis=2)


def by_arviz(x: np.ndarray, one) -> np.ndarray:
    """``one([chain, draw])`` for every replicate and component."""
    moved = np.moveaxis(x, 3, 1)
    return np.array([[one(series) for series in replicate] for replicate in moved])


KINDS = ("independent", "sticky", "antithetic", "tied", "coarse", "drifting")
# Two to four chains, even and odd lengths, and lengths at and just above the shortest allowed.
SHAPES = (
    (3, 1, 1000, 2),
    (2, 4, 250, 2),
    (3, 2, 101, 3),
    (4, 3, 9, 2),
    (3, 1, 4, 2),
    (3, 1, 5, 1),
    (2, 2, 7, 2),
)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_claims_equal_arviz(kind, shape, arviz):
    x = chains(kind, shape)
    got = ess_rhat.claims(x)
    expected = {
        "ess_bulk": by_arviz(x, lambda s: arviz.ess(s, method="bulk")),
        "ess_tail": by_arviz(x, lambda s: arviz.ess(s, method="tail")),
        "ess_mean": by_arviz(x, lambda s: arviz.ess(s, method="mean")),
        "mcse_mean": by_arviz(x, lambda s: arviz.mcse(s, method="mean")),
        "ess_low": by_arviz(x, lambda s: arviz.ess(s, method="quantile", prob=0.05)),
        "ess_high": by_arviz(x, lambda s: arviz.ess(s, method="quantile", prob=0.95)),
    }
    if shape[1] > 1:
        expected["rhat"] = by_arviz(x, arviz.rhat)
    live = (
        np.ptp(x.reshape(shape[0], -1, shape[3]), axis=1) > 0
    )  # a constant component is another test
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(got, name)[live], value[live], rtol=1e-8, err_msg=name)


def test_mean_and_sd_are_those_of_all_chains():
    x = chains("sticky", (2, 2, 60, 3))
    got = ess_rhat.claims(x)
    np.testing.assert_allclose(got.mean, x.mean(axis=(1, 2)))
    np.testing.assert_allclose(got.sd, x.reshape(2, -1, 3).std(axis=1, ddof=1))


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.3])
def test_ess_of_ar1_is_the_known_one(rho):
    # True ESS of the mean is n (1 - rho) / (1 + rho). Truncated at lag m, the estimate of tau has
    # relative standard error about sqrt(2 (2 m + 1) / n) (Sokal 1997, section 3); m ~ 8 tau bounds
    # Geyer's rule here. The mean over 200 replicates is that over sqrt(200); 6 of those, plus 4 %
    # for the bias of truncating.
    n, replicates = 4000, 200
    x = ar1(np.random.default_rng(2).standard_normal((replicates, 1, n, 1)), rho)
    tau = (1 + rho) / (1 - rho)
    bound = 0.04 + 6 * np.sqrt(2 * (16 * max(tau, 1) + 1) / n / replicates)
    got = ess_rhat.claims(x, ranks=False).ess_mean
    assert np.mean(n / got) / tau == pytest.approx(1, abs=bound)


def test_claimed_error_of_ar1_covers_the_real_one():
    # 400 replicates: z^2 summed is chi-square with 400 degrees of freedom up to the error's own
    # noise; its 1e-6 quantiles are 277 and 551, rms 0.83 and 1.17; 6 % more for truncation and the
    # noise.
    x = ar1(np.random.default_rng(3).standard_normal((400, 1, 2000, 1)), 0.8)
    z = x.mean(axis=(1, 2)) / ess_rhat.claims(x, ranks=False).mcse_mean
    assert 0.78 < np.sqrt(np.mean(z**2)) < 1.24


def test_a_constant_component_claims_nothing():
    x = chains("independent", (2, 2, 50, 3))
    x[1, :, :, 2] = 0.1
    got = ess_rhat.claims(x)
    for name in ("ess_bulk", "ess_tail", "ess_mean", "mcse_mean", "rhat"):
        assert np.isnan(getattr(got, name)[1, 2])
        assert np.isfinite(getattr(got, name)).sum() == 5
    assert got.moves.tolist() == [[True] * 3, [True, True, False]]
    assert got.sd[1, 2] == pytest.approx(0, abs=1e-15)


@pytest.mark.slow
def test_one_constant_chain_among_several_is_seen(arviz):
    x = chains("independent", (1, 4, 50, 1))
    x[0, 2] = x[0, 2, 0]
    got = ess_rhat.claims(x)
    assert not got.moves[0, 0]
    assert got.ess_bulk[0, 0] == pytest.approx(arviz.ess(x[0, :, :, 0]), rel=1e-8)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_draw_that_is_not_finite_spoils_its_component_only(value):
    x = chains("independent", (2, 1, 50, 2))
    x[0, 0, 7, 1] = value
    got = ess_rhat.claims(x)
    assert got.finite.tolist() == [[True, False], [True, True]]
    for name in ("mean", "sd", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean", "rhat"):
        assert np.isnan(getattr(got, name)).tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_too_few_draws_give_no_claim(draws):
    got = ess_rhat.claims(chains("independent", (2, 1, draws, 2)))
    assert (
        np.isnan(got.ess_bulk).all() and np.isnan(got.rhat).all() and np.isnan(got.mcse_mean).all()
    )
    assert np.isfinite(got.mean).all()


def test_rhat_of_one_chain_compares_its_halves():
    still, drifting = chains("independent", (1, 1, 2000, 1)), chains("drifting", (1, 1, 2000, 1))
    assert ess_rhat.claims(still).rhat[0, 0] < 1.01
    assert ess_rhat.claims(drifting).rhat[0, 0] > 1.1


def test_chunks_do_not_change_the_answer(monkeypatch):
    x = chains("sticky", (7, 2, 40, 3)).astype(np.float32)
    whole = ess_rhat.claims(x)
    monkeypatch.setattr(ess_rhat, "CHUNK", 500)  # two replicates at once
    parts = ess_rhat.claims(x)
    for name in ("mean", "sd", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean", "rhat"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_scale_and_place_do_not_change_ess():
    x = chains("sticky", (2, 1, 200, 2))
    tiny = ess_rhat.claims(1e-20 * x)  # ArviZ would call this constant
    np.testing.assert_allclose(tiny.ess_mean, ess_rhat.claims(x).ess_mean, rtol=1e-8)


def test_series_mean_applies_its_function():
    x = chains("independent", (3, 1, 100, 2))
    mean, error, ess = ess_rhat.series_mean(x, np.square)
    np.testing.assert_allclose(mean, np.square(x).mean(axis=(1, 2)))
    np.testing.assert_allclose(error, ess_rhat.claims(np.square(x), ranks=False).mcse_mean)
    np.testing.assert_allclose(ess, ess_rhat.claims(np.square(x), ranks=False).ess_mean)


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"\[replicate, chain, draw, component\]"):
        ess_rhat.claims(np.zeros((3, 4)))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["independent", "sticky", "coarse"])
def test_errors_of_quantiles_equal_arviz(kind, shape, arviz):
    x = chains(kind, shape)
    live = np.ptp(x.reshape(shape[0], -1, shape[3]), axis=1) > 0
    claims = ess_rhat.claims(x)
    for prob, ess in ((0.05, claims.ess_low), (0.95, claims.ess_high)):
        value, error = ess_rhat.quantile_errors(x, np.array([prob]), [ess])
        expected = by_arviz(x, lambda s, p=prob: arviz.mcse(s, method="quantile", prob=p))
        np.testing.assert_allclose(error[:, 0][live], expected[live], rtol=1e-8)
        flat = x.reshape(shape[0], -1, shape[3])
        np.testing.assert_allclose(value[:, 0], np.quantile(flat, prob, axis=1))
