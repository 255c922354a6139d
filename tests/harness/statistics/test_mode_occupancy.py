"""The weights of modes: exact draws keep them, and whoever misses or misweights one is told."""

from __future__ import annotations

import numpy as np
import pytest

import samplerbench
from samplerbench.harness.scoring import summarise_replicates
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics import mode_occupancy as modes
from samplerbench.harness.statistics.weighted import kish_ess
from samplerbench.models import base

REPLICATES = 256
ISLANDS = base.build("islands", {}).exact()  # weights 4/7, 2/7, 1/7


def iid(rng, draws=1000, exact=ISLANDS, replicates=REPLICATES):
    """Independent exact draws, [replicate, chain, draw, component]."""
    return exact.draw(rng, replicates * draws)["x"].reshape(replicates, 1, draws, -1)


def of_modes(rng, shares, draws=1000):
    """Exact draws within modes, but modes in ``shares[replicate, mode]``."""
    pool = ISLANDS.draw(rng, 20_000)["x"]
    label = ISLANDS.mode_of(pool)
    found = np.empty((len(shares), 1, draws, 2))
    for one, share in zip(found[:, 0], shares, strict=True):
        k = rng.choice(len(share), size=draws, p=share)
        for mode in range(len(share)):
            one[k == mode] = rng.choice(pool[label == mode], (k == mode).sum())
    return found


def judged(x, exact=ISLANDS, **more):
    return judge(summarise_replicates.summarise(x, exact, **more))


@pytest.mark.slow
@pytest.mark.parametrize("draws", [20, 50, 200, 1000])
def test_independent_draws_are_not_accused_however_few(draws):
    # with 20 draws the smallest island is missed by one replicate in 22, as it must be
    for seed in range(5):
        got = judged(iid(np.random.default_rng([seed, draws]), draws))
        assert got.verdict in ("honest", "undecided"), got.reason


@pytest.mark.slow
@pytest.mark.parametrize("modes", [2, 10, 30])
def test_independent_draws_from_many_modes_are_honest(modes):
    exact = base.build("islands", {"modes": modes, "ratio": 1.1, "prior_sd": 40.0}).exact()
    assert judged(iid(np.random.default_rng(3), 1000, exact), exact).verdict == "honest"


@pytest.mark.slow
def test_slow_jumps_that_the_claims_admit_are_honest():
    # The mode is drawn anew every 20 draws: the mean's ESS says so.
    rng = np.random.default_rng(4)
    centres = 100 / 101 * 8 * np.array([1, 0, -1]) / np.sqrt(2)
    k = np.repeat(rng.choice(3, p=ISLANDS.mode_weights, size=(REPLICATES, 1, 250)), 20, axis=2)
    x = centres[k][..., None] + np.sqrt(100 / 101) * rng.standard_normal((*k.shape, 2))
    got = judged(x)
    assert got.verdict == "honest", got.reason


def test_a_chain_that_stays_on_one_island_is_broken_though_islands_are_hit_as_they_should():
    rng = np.random.default_rng(5)
    shares = np.eye(3)[rng.choice(3, p=ISLANDS.mode_weights, size=REPLICATES)]
    got = judged(of_modes(rng, shares, 200))
    assert got.verdict == "broken" and "255 never in a mode of more than 5 %" in got.reason


@pytest.mark.slow
def test_one_island_missed_by_one_replicate_in_forty_is_found():
    rng = np.random.default_rng(6)
    shares = np.tile(ISLANDS.mode_weights, (REPLICATES, 1))
    shares[:7] = [2 / 3, 1 / 3, 0]
    got = judged(of_modes(rng, shares))
    assert got.verdict == "unreliable" and "7 of 256 runs" in got.reason
    told = summarise_replicates.summarise(of_modes(rng, shares), ISLANDS).modes
    assert told.never_visited[:7, 2].all() and told.misses_surprisingly(1.15).sum() == 7
    assert not told.misses_surprisingly(10.0).any()  # a margin that tolerates such a claim


def test_islands_misweighted_in_every_replicate_are_a_bias():
    rng = np.random.default_rng(7)
    shares = np.tile([4 / 7 - 0.08, 2 / 7 + 0.08, 1 / 7], (REPLICATES, 1))
    got = judged(of_modes(rng, shares))
    assert got.verdict == "biased"


@pytest.mark.slow
def test_a_small_mode_out_of_sight_of_every_marginal_is_missed_aloud():
    # Two modes apart in a direction that no component shows: x0 and x1 standard normal each,
    # the sign of x0 x1 plus or minus. Its weight is wrong, and all marginals are right.
    rng = np.random.default_rng(8)

    def draw(rng, count):
        x = np.abs(rng.standard_normal((count, 2))) * rng.choice([-1, 1], (count, 1))
        x[:, 1] *= rng.choice([-1, 1], count, p=[0.1, 0.9])
        return {"x": x}

    plain = base.build("gaussian", {"correlation": 0.0}).exact()
    exact = base.Exact(
        ("x[0]", "x[1]"),
        np.zeros(2),
        np.eye(2),
        lambda p: (plain.quantile(p) - plain.mean) / plain.sd,
        draw,
        mode_of=lambda x: (x.prod(axis=-1) < 0).astype(int),
        mode_weights=np.array([0.9, 0.1]),
    )
    assert judged(iid(rng, exact=exact), exact).verdict == "honest"
    x = iid(rng, exact=exact)
    x[..., 1] = np.abs(x[..., 1]) * np.sign(x[..., 0])
    got = judged(x, exact)
    assert got.verdict == "broken" and "never in a mode" in got.reason
    few = iid(rng, exact=exact)
    few[..., 1] = np.abs(few[..., 1]) * np.sign(few[..., 0])
    few[..., 1] *= rng.choice([-1, 1], few.shape[:-1], p=[0.04, 0.96])
    got = judged(few, exact)
    assert got.verdict == "biased" and "mode" in got.reason


@pytest.mark.slow
def test_weighted_draws_share_out_by_their_weights():
    rng = np.random.default_rng(9)
    x = iid(rng, 3000)
    label = ISLANDS.mode_of(x)
    # draws from modes in equal parts, with weights that put that right
    part = np.bincount(label.ravel()) / label.size
    keep = rng.uniform(size=label.shape) < part.min() / part[label]
    log_w = np.where(keep, np.log(part[label]), -np.inf)
    ess = kish_ess(log_w)
    assert judged(x, log_w=log_w, ess=ess).verdict == "honest"
    share = summarise_replicates.summarise(x, ISLANDS, log_w=log_w, ess=ess).modes.share.mean(
        axis=0
    )
    # 64 replicates of some 1300 draws each: within 5 standard errors
    np.testing.assert_allclose(share, ISLANDS.mode_weights, atol=5 * 0.5 / np.sqrt(64 * 1000))
    flat = np.where(keep, 0.0, -np.inf)
    assert judged(x, log_w=flat, ess=kish_ess(flat)).verdict in ("biased", "broken")


def test_a_replicate_that_is_not_finite_has_no_shares():
    x = iid(np.random.default_rng(10), 100)
    x[3, 0, 5, 1] = np.nan
    found = summarise_replicates.summarise(x, ISLANDS).modes
    assert np.isnan(found.share[3]).all() and np.isfinite(found.share[4:]).all()
    assert not found.never_visited[3].any() and not found.misses_surprisingly(1.15)[3]


def test_shares_of_exact_draws_err_as_independent_draws_do():
    found = summarise_replicates.summarise(iid(np.random.default_rng(11), 2000), ISLANDS).modes
    assert list(found.testable) == [0, 1, 2]
    for k in range(3):
        # 64 standard normals, claims of ESS exact to 10 %: rms 1 within 5 / sqrt(128)
        assert abs(np.sqrt(np.mean(found.errors(k) ** 2)) - 1) < 5 / np.sqrt(128)


def test_a_model_that_names_no_modes_has_none():
    exact = base.build("gaussian", {}).exact()
    assert modes.measure_occupancy(np.zeros((2, 1, 9, 2)), exact, None, None, np.ones(2)) is None


@pytest.mark.process
def test_the_control_that_lacks_half_the_mass_is_caught_and_told(tmp_path):
    with samplerbench.run(
        model=["islands", "linear"],
        samplers=["exact_iid", "control_missing_mode"],
        env="current",
        replicates=32,
        draws=500,
        out=tmp_path / "c",
    ) as campaign:
        rows = {(row["model"], row["sampler"]): row for row in campaign.rows()}
    good, bad = rows["islands", "exact_iid"], rows["islands", "control_missing_mode"]
    assert good["verdict"] == "undecided" and good["modes_missed"] == 0
    assert good["mode_error_lo"] < 0 < good["mode_error_hi"]
    assert bad["verdict"] in ("broken", "biased")
    # what lies below the median is a half of the mass: 1/14 of the heaviest island is left
    assert bad["mode_error"] > 0.3 or bad["mode_error"] < -0.3
    assert bad["mode_error_lo"] > 0 or bad["mode_error_hi"] < 0
    for name in ("mode_error", "modes_missed"):
        assert rows["linear", "exact_iid"]["missing"][name] == "the model names no modes"
