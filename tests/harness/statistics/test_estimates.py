"""Scores against the exact answer are right on known cases, and so are their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.statistics import (
    ess_rhat,
    insertion_index,
    self_diagnostics,
    wasserstein,
    weighted,
)
from samplerbench.harness.statistics import (
    estimates as audit,
)
from tests.support.synthetic import (
    Case,
    ar1,
    gaussian,
    iid,
    lognormal,
    two_modes,
)

SD = np.array([1.0, 2.0])
MEAN = np.array([0.0, 5.0])


def held(truth: float, estimates: list[audit.Estimate]) -> int:
    """How many intervals hold the truth."""
    return sum(one.lo <= truth <= one.hi for one in estimates)


def normal_estimates(columns: int, replicates: int, ess: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((replicates, columns)) / np.sqrt(ess)


# Intervals of nominal level p over 1000 independent data sets: held ~ Binomial(1000, p), whose 1e-6
# lower and upper quantiles at 0.95 are 914 and 980. Bootstrap and order statistics are allowed
# their known defects below.
LOW, HIGH = stats.binom.ppf([1e-6, 1 - 1e-6], 1000, 0.95)


def test_realised_ess_interval_holds_the_truth():
    est = normal_estimates(1000, 32, 100.0)
    assert LOW <= held(100.0, audit.realised_ess(est, 0.0, 1.0)) <= HIGH


def test_realised_ess_counts_bias():
    est = np.full((50, 2), 0.1) * SD + MEAN
    values = [one.value for one in audit.realised_ess(est, MEAN, SD)]
    assert values == pytest.approx([100.0, 100.0])


@pytest.mark.slow
def test_mean_error_and_sd_ratio_intervals_hold_the_truth():
    values = 0.3 + normal_estimates(1000, 16, 4.0)
    assert LOW <= held(0.3, audit.mean_error(values, 0.0, 1.0)) <= HIGH
    assert LOW <= held(0.3, audit.sd_ratio(values, 1.0)) <= HIGH


@pytest.mark.parametrize("replicates", [16, 32, 64, 256])
def test_calibration_interval_holds_the_truth(replicates):
    z = normal_estimates(1000, replicates, 1.0)
    assert LOW <= held(1.0, audit.calibration(z, np.ones_like(z), 0.0)) <= HIGH


def test_replicates_count_as_fewer_where_tails_are_heavier_than_normal():
    assert audit.count_freedom(np.ones(50)) == 50  # a kurtosis of 1 is not believed
    assert audit.count_freedom(np.r_[np.zeros(90), np.ones(10), np.nan]) == pytest.approx(200 / 9)
    assert audit.count_freedom(np.zeros(7)) == 7
    lo, hi = audit.rms_bounds(np.r_[np.zeros(90), np.ones(10)], 0.01)
    ends = stats.chi2.ppf([0.99, 0.01], 200 / 9)
    assert (lo, hi) == pytest.approx(tuple(np.sqrt(0.1 * 200 / 9 / ends)))


@pytest.mark.parametrize("replicates", [64, 256])
@pytest.mark.parametrize("kind", ["t with 10 degrees", "half and twice by turns"])
def test_calibration_interval_holds_the_truth_of_errors_with_heavy_tails(kind, replicates):
    rng, tries = np.random.default_rng(22), 4000
    if kind == "t with 10 degrees":
        z = rng.standard_t(10, size=(replicates, tries)) / np.sqrt(1.25)
    else:
        z = rng.standard_normal((replicates, tries)) / np.sqrt(2.125)
        z[::2], z[1::2] = z[::2] * 2, z[1::2] / 2
    kept = held(1.0, audit.calibration(z, np.ones_like(z), 0.0)) / tries
    assert 0.93 < kept < 0.97  # chi-square with a degree for each replicate: 0.855 to 0.90
    # what accuses two parameters: 0.8 to 1.1 % by such a chi-square
    assert np.mean([audit.rms_bounds(column, 0.00125)[0] > 1 for column in z.T]) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("replicates", [16, 32, 64, 256])
def test_calibration_interval_holds_the_truth_of_weighted_draws(replicates):
    """Weights are independent of the draws: Kish's ESS is right, and differs from run to run."""
    rng, runs, count, draws = np.random.default_rng(20), 500, replicates, 200
    w = np.exp(rng.standard_normal((count, runs, draws)))
    w /= w.sum(axis=2, keepdims=True)
    est = np.einsum("rkn,rkn->rk", w, rng.standard_normal(w.shape))
    se = np.sqrt(np.square(w).sum(axis=2))  # of draws whose sd is known
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], runs, 0.95)
    assert low <= held(1.0, audit.calibration(est, se, 0.0)) <= high


@pytest.mark.slow
@pytest.mark.parametrize(("size", "replicates"), [(1, 16), (2, 16), (2, 256), (10, 32), (50, 32)])
def test_the_worst_of_many_has_an_interval_that_holds_the_truth(size, replicates):
    """An ordinary interval of the worst of 50 parameters holds it in 7 % of campaigns."""
    z = normal_estimates(500 * size, replicates, 1.0).reshape(replicates, 500, size)
    level, kept = audit.simultaneous_level(size, of_extreme=True), 0
    for campaign in np.moveaxis(z, 1, 0):
        each = audit.calibration(campaign, np.ones_like(campaign), 0.0, level)
        worst = each[audit.index_of_worst(each, -np.inf)]
        kept += worst.lo <= 1 <= worst.hi
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], 500, [0.95, 0.965])
    assert low <= kept <= high


def test_few_runs_that_rule_the_error_are_few_effective_replicates():
    rng = np.random.default_rng(21)
    # 1024 squares of normals, whose mean square is 3: a third, to six standard errors
    assert audit.effective_replicates(rng.standard_normal(1024)) == pytest.approx(341, rel=0.3)
    assert audit.effective_replicates(np.ones(50)) == pytest.approx(50)
    assert audit.effective_replicates(np.r_[np.full(100, 1e-3), 1.0, np.nan]) < 1.1
    assert audit.effective_replicates(np.zeros(3)) == 0


def test_robust_calibration_interval_holds_the_truth():
    z = normal_estimates(1000, 64, 1.0)
    count = held(1.0, audit.calibration_robust(z, np.ones_like(z), 0.0))
    assert count >= LOW  # exact for any distribution, a little wide as ranks are whole numbers


def test_halved_errors_double_the_calibration_and_a_stuck_replicate_only_the_rms():
    z = normal_estimates(1, 2000, 1.0)
    se = np.ones_like(z)
    # rms of 2000 normals has relative sd 1/sqrt(4000): six of them are 0.095.
    assert audit.calibration(z, se / 2, 0.0)[0].value == pytest.approx(2.0, rel=0.095)
    z[0] = 1000.0
    assert audit.calibration(z, se, 0.0)[0].value > 20
    # The median of |z| has relative sd 1 / (2 f sqrt(n)) / 0.6745 = 0.026 with f = 0.6356: six are
    # 0.16.
    assert audit.calibration_robust(z, se, 0.0)[0].value == pytest.approx(1.0, abs=0.16)


def test_second_moment_of_exact_draws_is_calibrated():
    exact = gaussian(2)
    x = iid(Case(replicates=400, draws=1000), exact, np.random.default_rng(4))
    est, se = audit.second_moment(x, exact.mean)
    for one in audit.calibration(est, se, exact.sd**2):
        assert (
            0.80 < one.value < 1.22
        )  # chi-square of 400, 1e-7, and 4 % for the noise of the error
    np.testing.assert_allclose(est.mean(axis=0), exact.sd**2, rtol=6 * np.sqrt(2 / 400_000))


@pytest.mark.parametrize(
    "count, of, lo, hi",
    # Clopper and Pearson by hand: 1 - 0.025**(1/32) and its mirror; 0.025 tails of the binomial for
    # 5 of 10.
    [(0, 32, 0.0, 0.10888), (32, 32, 0.89112, 1.0), (5, 10, 0.18709, 0.81291)],
)
def test_rate_has_the_exact_interval(count, of, lo, hi):
    one = audit.estimate_share(count, of)
    assert (one.value, one.lo, one.hi) == pytest.approx((count / of, lo, hi), abs=1e-4)


def test_log_z_scores():
    rng = np.random.default_rng(5)
    log_z = -66.0 + 0.3 * rng.standard_normal(2000)
    error = audit.log_z_error(log_z, -66.5)
    assert error.value == pytest.approx(0.5, abs=6 * 0.3 / np.sqrt(2000))
    assert audit.log_z_calibration(log_z, np.full(2000, 0.15), -66.0).value == pytest.approx(
        2.0, rel=0.095
    )


def test_what_cannot_be_computed_has_a_reason():
    one = np.array([[1.0]])
    assert audit.mean_error(one, 0.0, 1.0)[0].lo is None
    assert "one replicate" in audit.mean_error(one, 0.0, 1.0)[0].reason
    assert "one replicate" in audit.calibration(one, one, 0.0)[0].reason
    assert "interval" in audit.calibration_robust(one, one, 0.0)[0].reason
    nothing = np.empty((0, 1))
    assert audit.mean_error(nothing, 0.0, 1.0)[0] == audit.no_estimate("no replicates")
    assert audit.estimate_share(0, 0).value is None
    lost = audit.realised_ess(np.array([[np.nan], [np.nan]]), 0.0, 1.0)[0]
    assert lost.value is None and "2 of 2" in lost.reason
    claims_none = audit.calibration(np.ones((5, 1)), np.zeros((5, 1)), 0.0)[0]
    assert claims_none.value is None and "standard error" in claims_none.reason


def test_replicates_left_out_are_told():
    est = np.array([[0.1], [np.nan], [0.2]])
    one = audit.mean_error(est, 0.0, 1.0)[0]
    assert one.value == pytest.approx(0.15) and "1 of 3" in one.reason


def test_worst_component_is_chosen_by_distance_from_ideal():
    some = [audit.Estimate(v, None, None) for v in (0.5, 1.6, 1.1)]
    assert audit.index_of_worst(some, 1.0) == 1
    assert audit.index_of_worst(some, 1.0, ratio=True) == 0
    assert audit.index_of_worst(some, np.inf) == 0  # the least ESS
    assert audit.index_of_worst([audit.no_estimate("no"), *some], 1.0) == 2


# Weighted draws


def test_weighted_moments_and_ess_equal_hand_computation():
    x = np.array([[[[0.0], [1.0], [4.0], [np.nan]]]])
    log_w = np.log(
        np.array([[[1.0, 2.0, 1.0, 0.0]]]),
        where=np.array([[[True] * 3 + [False]]]),
        out=np.full((1, 1, 4), -np.inf),
    )
    mean, sd = weighted.weighted_moments(x, log_w - 700)  # a constant in the log weights is nothing
    assert mean[0, 0] == pytest.approx(1.5)
    assert sd[0, 0] == pytest.approx(np.sqrt((2.25 + 2 * 0.25 + 6.25) / 4))
    assert weighted.kish_ess(log_w)[0] == pytest.approx(16 / 6)
    q = weighted.weighted_quantiles(x, log_w, np.array([0.0, 0.25, 0.26, 0.75, 0.76, 1.0]))
    assert q[:, 0, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 4.0, 4.0]


def test_equal_weights_are_no_weights():
    exact = gaussian(3)
    x = iid(Case(replicates=4, draws=500, size=3), exact, np.random.default_rng(6), chains=2)
    log_w = np.full(x.shape[:3], 3.0)
    mean, sd = weighted.weighted_moments(x, log_w)
    np.testing.assert_allclose(mean, x.mean(axis=(1, 2)))
    np.testing.assert_allclose(sd, x.std(axis=(1, 2)))
    np.testing.assert_allclose(weighted.kish_ess(log_w), 500)
    np.testing.assert_allclose(
        wasserstein.w1(x, exact, log_w), wasserstein.w1(x, exact), rtol=0.02
    )  # two mid-point rules, on 2000 and on 500 points


def test_no_weight_at_all_gives_nan():
    log_w = np.full((1, 1, 3), -np.inf)
    x = np.ones((1, 1, 3, 2))
    assert np.isnan(weighted.weighted_moments(x, log_w)[0]).all()
    assert np.isnan(weighted.kish_ess(log_w)).all()
    assert np.isnan(weighted.weighted_quantiles(x, log_w, np.array([0.5]))).all()


# The whole distribution


def test_w1_of_a_shift_is_the_shift_and_of_one_draw_the_mean_distance():
    exact = gaussian(2)
    probs = (np.arange(1000) + 0.5) / 1000
    x = (exact.quantile(probs) + 0.2 * exact.sd)[None, None]
    np.testing.assert_allclose(wasserstein.w1(x, exact), 0.2, rtol=1e-10)
    weights = np.zeros((1, 1, 1000))
    np.testing.assert_allclose(wasserstein.w1(x, exact, weights), 0.2, rtol=0.02)
    lone = wasserstein.w1(np.zeros((1, 1, 1, 2)) + exact.mean, exact)
    np.testing.assert_allclose(lone, 0.0, atol=1e-12)  # one mid-point: the median


def test_yardstick_equals_w1_of_exact_draws():
    exact = gaussian(2)
    x = iid(Case(replicates=200, draws=300), exact, np.random.default_rng(7))
    ideal = wasserstein.score_independent_draws(exact, 300)
    error = np.hypot(ideal.w1_error, wasserstein.w1(x, exact).std(axis=0) / np.sqrt(200))
    assert (np.abs(wasserstein.w1(x, exact).mean(axis=0) - ideal.w1) < 6 * error).all()
    assert (np.abs(ideal.calibration - 1) < 6 / np.sqrt(2 * ideal.replications) + 0.01).all()
    assert (wasserstein.score_independent_draws(exact, 300).w1 == ideal.w1).all()


def test_yardstick_shows_where_the_mean_is_hard():
    assert wasserstein.score_independent_draws(lognormal(1, sigma=2.5), 300).calibration[0] > 1.5


@pytest.mark.parametrize(
    "exact", [gaussian(3), two_modes(3), lognormal(3)], ids=["normal", "modes", "skewed"]
)
def test_central_intervals_of_exact_draws_cover_as_they_say(exact):
    x = iid(Case(replicates=100, draws=400, size=3), exact, np.random.default_rng(8))
    for level, covered in wasserstein.measure_coverage(x, exact).items():
        # of n draws they lack level / n and some: quantiles are between draws
        error = covered.std(axis=0) / np.sqrt(100)
        assert (np.abs(covered.mean(axis=0) - level) < 2 / 400 + 6 * error).all()
        assert (error < 0.003).all()  # one exact draw a replicate: 0.05


def test_coverage_shows_draws_that_are_too_narrow():
    exact = gaussian(1)
    x = iid(Case(replicates=50, draws=400, size=1), exact, np.random.default_rng(9))
    narrow = wasserstein.measure_coverage(exact.mean + 0.5 * (x - exact.mean), exact)[0.9]
    (one,) = wasserstein.estimate_coverage(narrow)
    truth = 2 * stats.norm.cdf(0.5 * stats.norm.ppf(0.95)) - 1
    assert one.lo < truth < one.hi < 0.62
    (none,) = wasserstein.estimate_coverage(np.full((3, 1), np.nan))
    assert none.reason == "the reference is moments alone"


def test_components_are_found_by_name():
    sites = {"m": np.arange(2.0), "L": np.arange(8.0).reshape(2, 2, 2)}
    got = wasserstein.component_draws(sites, ("L[1,0]", "m"), lead=1)
    assert got.tolist() == [[2.0, 0.0], [6.0, 1.0]]
    with pytest.raises(KeyError, match="no component 'x'"):
        wasserstein.component_draws(sites, ("x",), lead=1)


# Gates


def gate(x: np.ndarray, **more) -> self_diagnostics.SelfDiagnostics:
    claims = ess_rhat.claims(x)
    return self_diagnostics.diagnose(claims, x.shape[1], claims.finite, claims.moves, **more)


def test_good_draws_pass_the_gates_and_bad_ones_say_why():
    exact, rng = gaussian(2), np.random.default_rng(10)
    x = iid(Case(replicates=6, draws=4000), exact, rng, chains=4)
    assert not gate(x).fails.any() and gate(x).reasons == {}
    x[1, 0] = x[1, 0, 0]
    x[2, 3, 5, 1] = np.nan
    x[3, 0] += 3 * exact.sd
    got = gate(x, divergences=np.array([0, 0, 0, 0, 2, 0]))
    assert got.fails.tolist() == [False, True, True, True, True, False]
    assert got.reasons["draws not finite"] == 1 and got.reasons["a chain never moves"] == 1
    assert got.reasons["divergences"] == 1 and got.reasons["R-hat above 1.01"] >= 2


def test_sticky_chains_fail_for_their_ess():
    x = ar1(Case(replicates=4, draws=500), gaussian(2), np.random.default_rng(11), 0.95)
    assert gate(x).reasons["bulk ESS below 100"] == 4


def test_nested_sampling_that_ran_out_of_samples_fails():
    good = np.ones((3, 2), dtype=bool)
    got = self_diagnostics.diagnose(None, 1, good, good, cut_short=np.array([0.0, 1.0, np.nan]))
    assert got.fails.tolist() == [False, True, False]
    assert got.reasons == {"stopped at max_samples": 1}


def test_silent_failures_are_wrong_and_unnoticed():
    est = np.array([[0.0, 5.0], [0.6, 5.0], [0.0, 7.0], [np.nan, 5.0]])
    is_wrong = self_diagnostics.find_wrong(est, MEAN, SD)
    assert is_wrong.tolist() == [False, True, True, False]
    fails = np.array([False, True, False, True])
    assert self_diagnostics.silent_failures(fails, is_wrong).value == 0.25
    assert self_diagnostics.failure_rate(is_wrong, np.isfinite(est)).value == 0.75


# Insertion index


def nested_run(rng: np.random.Generator, live: int, steps: int, flaw: float = 0.0):
    """Nested sampling of log L = -log(prior mass above it).

    A share ``flaw`` of the new points is drawn too near the contour.

    The mass above a new point is uniform below that of its contour, so log L grows by a standard
    exponential.
    """
    value = rng.exponential(size=live)
    all_value, all_birth = list(value), [-np.inf] * live
    for _ in range(steps):
        worst = value.argmin()
        all_birth.append(value[worst])
        value[worst] += rng.exponential() * (0.3 if rng.uniform() < flaw else 1.0)
        all_value.append(value[worst])
    return np.array(all_value), np.array(all_birth)


def test_insertion_ranks_equal_direct_counting():
    rng = np.random.default_rng(12)
    for decimals in (1, 2, 9):  # with and without ties
        log_l = np.round(rng.uniform(size=200), decimals)
        birth = np.where(
            rng.uniform(size=200) < 0.2,
            -np.inf,
            np.round(log_l * rng.uniform(size=200), decimals) - 0.1,
        )
        alive = (
            (birth[None] <= birth[:, None])
            & (birth[:, None] < log_l[None])
            & ~np.eye(200, dtype=bool)
        )
        ranks, n_live = insertion_index.insertion_ranks(log_l, birth)
        np.testing.assert_array_equal(n_live, alive.sum(axis=1))
        np.testing.assert_array_equal(ranks, (alive & (log_l[None] < log_l[:, None])).sum(axis=1))


@pytest.mark.slow
def test_insertion_p_is_uniform_for_a_perfect_nested_sampler():
    rng = np.random.default_rng(13)
    p = [insertion_index.insertion_index(*nested_run(rng, 30, 300), rng)[0] for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 1e-6


def test_insertion_p_finds_a_flawed_nested_sampler():
    rng = np.random.default_rng(14)
    p, count = insertion_index.insertion_index(*nested_run(rng, 50, 1000, flaw=0.5), rng)
    assert p < 1e-6 and count == 1000


def test_insertion_index_of_nothing_has_no_p():
    rng = np.random.default_rng(15)
    assert insertion_index.insertion_index(np.empty(0), np.empty(0), rng) == (None, 0)
    assert insertion_index.insertion_index(np.ones(1), np.full(1, -np.inf), rng) == (None, 0)


def test_a_varying_number_of_live_points_gives_uniform_ranks():
    # Two runs merged: fifty live points while both go on, then as many as the longer one has.
    rng = np.random.default_rng(16)
    runs = [nested_run(rng, live, 1500) for live in (20, 30)]
    log_l, birth = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    p, count = insertion_index.insertion_index(log_l, birth, rng)
    assert p > 1e-6 and count == 3000


def test_points_on_their_own_contour_are_left_out():
    rng = np.random.default_rng(17)
    log_l, birth = nested_run(rng, 20, 300)
    birth[-1] = log_l[-1]
    assert insertion_index.insertion_index(log_l, birth, rng)[1] == 299


@pytest.mark.slow
def test_the_interval_of_a_median_is_of_order_statistics_and_covers_as_it_says():
    assert audit.median_interval(np.arange(6.0)) == audit.Estimate(2.5, 0.0, 5.0)
    assert audit.median_interval(np.arange(20.0)) == audit.Estimate(9.5, 5.0, 14.0)  # 6th and 15th
    few = audit.median_interval(np.arange(5.0))
    assert few.value == 2.0 and few.lo is None and "needs 6" in few.reason
    assert "needs 8" in audit.median_interval(np.arange(7.0), 0.99).reason
    assert audit.median_interval(np.arange(8.0), 0.99).hi == 7.0
    with_holes = audit.median_interval(np.array([np.nan, np.inf, *range(6)]))
    assert (with_holes.lo, with_holes.hi) == (0.0, 5.0)
    assert audit.median_interval(np.array([np.nan])).value is None
    rng = np.random.default_rng(7)
    found = [audit.median_interval(x) for x in rng.exponential(size=(2000, 32))]
    covers = np.mean([one.lo <= np.log(2) <= one.hi for one in found])
    assert abs(covers - 0.98) < 5 * np.sqrt(0.02 * 0.98 / 2000)  # P(10 <= Binomial(32, 1/2) <= 22)
