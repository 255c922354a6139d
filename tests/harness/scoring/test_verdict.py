"""Exact draws are honest, draws with a known flaw are not, few replicates make no complaint.

The error rates proper, on many campaigns, are measured by tests/benchmarks/judge.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from samplerbench.components import component_draws
from samplerbench.harness.scoring import summarise_replicates
from samplerbench.harness.scoring.bias_tests import _describe_mean, check_bias
from samplerbench.harness.scoring.calibration_tests import check_overcaution, check_overconfidence
from samplerbench.harness.scoring.complaint import Complaint, t_interval, t_intervals
from samplerbench.harness.scoring.equivalence import find_disasters
from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.scoring.verdict_words import COMPARABLE, CONVICTIONS, LEAST, VERDICTS
from samplerbench.harness.statistics import wasserstein
from samplerbench.models.base import build
from tests.support.campaign_kinds import EXACT, FLAWED, Kind
from tests.support.summaries import ideal
from tests.support.synthetic import Case, gaussian, iid, lognormal

SMALL = Case(replicates=256, draws=1000, size=2)


def score(kind: Kind, size: int = 2) -> ReplicateSummary:
    return kind.make(256, size, np.random.default_rng(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_exact_draws_are_honest(name):
    got = judge(score(EXACT[name]))
    assert got.verdict == "honest", got.reason


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 20])
def test_independent_draws_of_many_parameters_are_honest(size):
    got = judge(score(replace(EXACT["independent draws"], draws=500), size))
    assert got.verdict == "honest", got.reason


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [2.0, 3.0])
def test_independent_draws_of_a_skewed_posterior_are_honest(sigma):
    # The sd of such draws is far too small nearly always, and their claimed error with it.
    got = judge(score(Kind("", answer=partial(lognormal, sigma=sigma))))
    assert got.verdict == "honest", got.reason


#: verdicts on flaws that are told by one word
EXPECTED = {
    "random claims": "overcautious",
    **{name: "broken" for name in ("one mode", "either mode", "constant", "never ends")},
    **{name: "not judged" for name in list(FLAWED)[list(FLAWED).index("mirrored") :]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FLAWED)
def test_flawed_draws_are_not_honest(name):
    got = judge(score(FLAWED[name]))
    expected = {EXPECTED[name]} if name in EXPECTED else {*CONVICTIONS}
    assert got.verdict in expected & {*VERDICTS}, got.reason


@pytest.mark.slow
def test_the_reason_tells_the_number_and_its_interval():
    got = judge(score(FLAWED["one bias"]))
    assert got.verdict == "biased"
    assert re.match(r"mean of 'p\[1\]' off by 0\.\d+ sd \(0\.09", got.reason)
    assert got.lo < 0.1 < got.hi and got.value == pytest.approx(0.1, abs=0.03)
    assert "too narrow: 58" in judge(score(FLAWED["narrow"], 1)).reason  # in the central half
    assert "98 %" in judge(score(FLAWED["wide"], 1)).reason  # twice as many beyond
    wide = replace(FLAWED["wide"], answer=partial(lognormal, sigma=2.0))
    assert "too far out" in judge(score(wide, 1)).reason  # its sd is not tame
    assert "log Z" in judge(score(FLAWED["log z error"])).reason
    assert "never moves" in judge(score(FLAWED["constant"])).reason


def test_a_shifted_mean_complains_alone_and_its_interval_holds_the_shift():
    summary = summarise_replicates.summarise(
        iid(SMALL, gaussian(2), np.random.default_rng(1)), gaussian(2)
    )
    assert not [test.reason for test in check_bias(summary) if test.excess > 1]
    shifted = replace(summary, est=summary.est + [0.0, 0.2 * summary.sd[1]])
    (complaint,) = (test for test in check_bias(shifted) if test.excess > 1)
    assert complaint.reason.startswith("mean of 'p[1]' off by ")
    assert complaint.lo < 0.2 < complaint.hi


def test_without_an_exact_answer_there_is_no_verdict():
    assert judge(None).verdict == "no exact answer"


def test_few_replicates_decide_nothing_and_say_what_would():
    assert judge(ideal(LEAST - 1)).verdict == "too few replicates"
    for count in (LEAST, 32, 64, 128):
        got = judge(ideal(count))
        assert got.verdict == "undecided" and "more replicates would show it" in got.reason
    # none of 32 is a disaster: 0.01 ** (1 / 228) is 0.98
    assert (
        "0 of 32 runs off by more than 5 median claimed errors, a rate" in judge(ideal(32)).reason
    )
    assert "about 200 more replicates" in judge(ideal(32)).reason
    assert judge(ideal(228)).verdict == "honest"


def test_draws_that_claim_no_error_cannot_be_judged():
    e = ideal()
    assert judge(replace(e, se=np.full_like(e.se, np.nan))).verdict == "too few replicates"


def test_runs_on_one_side_of_the_median_claim_no_error_of_it_and_the_reason_says_so():
    e = ideal(16, ess=5.0)
    alone = np.arange(16)[:, None] < [6, 0]
    below, se = np.where(alone, 1.0, e.below_median), np.where(alone, np.nan, e.below_se)
    got = judge(replace(e, below_median=below, below_se=se, mean_tame=np.zeros(2, dtype=bool)))
    assert got.verdict == "too few replicates"
    assert got.reason.startswith("10 of 16 replicates claim an error of the place (share below")
    assert "of 'a'; all draws of 6 lie on one side of that median" in got.reason


@pytest.mark.parametrize("replicates", [256, 1024])
def test_a_calibration_inside_the_margin_stays_honest(replicates):
    for factor in (1 / 1.05, 1.0, 1.05):
        e = ideal(replicates)
        assert judge(replace(e, se=e.se / factor)).verdict == "honest"


def test_half_the_ess_claimed_is_overcautious():
    e = ideal(256)
    got = judge(replace(e, se=e.se * np.sqrt(2)))
    assert got.verdict == "overcautious" and got.hi < 1 / DEFAULT.accused_calibration
    assert got.verdict in COMPARABLE


def test_twice_the_ess_delivered_is_overconfident_with_enough_replicates():
    e = ideal(512)
    assert judge(replace(e, se=e.se / np.sqrt(2))).verdict == "overconfident"


def with_rms(replicates, value):
    """Evidence whose errors are exactly ``value`` times the claimed ones."""
    e = ideal(replicates)
    return replace(e, se=e.se * np.sqrt(np.mean((e.est / e.se) ** 2, axis=0)) / value)


def test_the_same_errors_from_few_replicates_are_neither_a_complaint_nor_honest():
    assert judge(with_rms(16, 1.4)).verdict == "undecided"
    assert judge(with_rms(512, 1.4)).verdict == "overconfident"


def test_what_lies_between_both_margins_is_undecided():
    # 1.25 is above 1.15 by too little to accuse, and its limit at 256 replicates is 1.39
    got = judge(with_rms(256, 1.25))
    assert got.verdict == "undecided" and got.hi == pytest.approx(1.393, abs=1e-3)
    assert "are at most 1.39 times the claimed ones; honest is below 1.35" in got.reason
    assert judge(with_rms(256, 1.20)).verdict == "honest"  # 1.34


@pytest.mark.slow
def test_errors_with_the_tails_of_noisy_claims_are_never_accused_and_mostly_honest():
    # z like Student's t with 12 degrees of freedom: claimed errors that scatter by 20 %. Its rms is
    # 1.095.
    words = []
    for seed in range(50):
        e = ideal(256, ess=90.0, size=10, seed=seed)
        noise = np.sqrt(np.random.default_rng(1000 + seed).chisquare(12, e.se.shape) / 12)
        words.append(judge(replace(e, se=e.se * noise)).verdict)
    assert set(words) <= {"honest", "undecided"}
    assert words.count("honest") >= 30  # ten parameters at once


@pytest.mark.parametrize("ess", [100.0, 300.0])
def test_a_shift_is_found_at_low_ess_too(ess):
    e = ideal(64, ess=ess)
    assert judge(replace(e, est=e.est + 0.2)).verdict == "biased"


def test_a_shift_within_the_noise_of_one_run_is_neither_a_bias_nor_honest():
    e = ideal(ess=100.0)
    got = judge(replace(e, est=e.est + 0.045))  # the noise of one run is 0.1
    assert got.verdict == "undecided" and "is off by at most 0.0" in got.reason


def test_a_small_bias_that_the_claims_do_not_cover_is_overconfident():
    e = ideal(ess=10_000.0)
    assert judge(replace(e, est=e.est + 0.03)).verdict == "overconfident"


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_run_that_comes_twice_or_mirrored_is_not_judged(sign):
    e = ideal()
    est, sd = e.est.copy(), e.sd_hat.copy()
    est[7], sd[7] = sign * est[3], sd[3]
    got = judge(replace(e, est=est, sd_hat=sd))
    assert got.verdict == "not judged"
    assert got.reason.startswith("replicates are not independent: 3 and 7 are the same run")
    assert judge(replace(e, est=est)).verdict == "honest"  # the same mean alone is chance


@pytest.mark.parametrize(("back", "which"), [(1, "run before"), (9, "run 9 before")])
def test_runs_that_follow_an_earlier_run_are_not_judged(back, which):
    e = ideal()
    est = e.est + np.roll(e.est, back, axis=0)  # a correlation of a half, 8 standard errors
    got = judge(replace(e, est=est / np.sqrt(2)))
    assert got.verdict == "not judged" and f"follow those of the {which}" in got.reason


@pytest.mark.parametrize("what", ["mean", "log Z"])
def test_claims_that_have_nothing_to_do_with_errors_are_overcautious_in_the_typical_run(what):
    # log-normal claims of sigma 1 with the rms z of right ones: the median claim is e times too
    # large, and the bound of the median of 256 is some 20 % above it
    claims = np.exp(1 + np.random.default_rng(5).standard_normal((256, 1)))
    e = ideal()
    if what == "mean":
        changes = {"se": e.se * claims}
    else:
        log_z = 0.3 * np.random.default_rng(6).standard_normal(256)
        changes = {"log_z": log_z, "log_z_err": 0.3 * claims[:, 0], "log_z_true": 0.0}
    got = judge(replace(e, **changes))
    assert got.verdict == "overcautious" and "in the typical run" in got.reason


def test_evidence_without_a_claimed_error_is_judged_by_its_place_alone():
    nothing = np.full(256, np.nan)
    e = replace(ideal(), log_z=np.zeros(256), log_z_err=nothing, log_z_true=0.0)
    assert judge(e).verdict == "honest"
    assert judge(replace(e, log_z=np.full(256, 2.0))).verdict == "biased"
    assert judge(replace(e, log_z=nothing)).verdict == "honest"


def test_evidence_without_a_claimed_error_is_honest_by_how_much_runs_differ():
    # off by 0.45 of what runs differ by: no complaint, and not shown to be less than a half
    e = replace(ideal(), log_z=2 * np.random.default_rng(6).standard_normal(256), log_z_true=0.0)
    e = replace(e, log_z=e.log_z - e.log_z.mean())
    assert judge(e).verdict == "honest"
    got = judge(replace(e, log_z=e.log_z + 0.9))
    assert got.verdict == "undecided" and "log Z is off by at most 1.197 nat" in got.reason


def test_evidence_far_off_in_two_runs_is_a_disaster_where_they_do_not_admit_it():
    rng, error = np.random.default_rng(3), np.full(256, 0.3)
    log_z = 0.3 * rng.standard_normal(256)
    log_z[:2] = 2.1  # seven claimed errors, which leave the rms of all at 1.2
    e = replace(ideal(), log_z=log_z, log_z_err=error, log_z_true=0.0)
    got = judge(e)
    assert got.verdict == "unreliable" and "2 of 256 runs off by more than 5" in got.reason
    admitted = np.where(np.arange(256) < 2, 2.0, error)
    assert judge(replace(e, log_z_err=admitted)).verdict == "honest"
    small = replace(e, log_z=log_z / 100, log_z_err=error / 100)  # 0.02 of log Z matters to nobody
    assert judge(small).verdict == "honest"


def test_medians_that_are_off_either_way_are_overconfident_under_right_means():
    e = ideal()
    off = np.where(np.arange(256) % 2, 0.034, -0.034)[:, None]  # as of a skewness of 0.5
    got = judge(replace(e, below_median=e.below_median + off))
    assert got.verdict == "overconfident" and "share below the exact median" in got.reason


def test_each_parameter_is_compared_with_as_many_independent_draws_as_it_claims():
    exact, rng = gaussian(3), np.random.default_rng(8)
    x = iid(Case(replicates=16, draws=2000, size=3), exact, rng)
    x[..., 0] = x[:, :, :25, 0].repeat(80, axis=2)
    e = summarise_replicates.summarise(x, exact)
    for component, draws in enumerate((32, 2048, 2048)):
        ideal_scores = wasserstein.score_independent_draws(exact, draws)
        assert e.w1_iid[component] == ideal_scores.w1[component]


def test_few_draws_all_in_one_place_by_chance_are_no_bias():
    # none of 32 runs of 8 exact draws lies in the outer 2 %: once in 170 campaigns
    e = ideal(32, ess=8.0)
    e = replace(e, half_se=np.full((32, 2), 0.5 / np.sqrt(8)))
    full = replace(e, most=np.ones((32, 2)), mean_tame=np.ones(2, dtype=bool))
    assert "98 %" not in judge(full).reason
    many = replace(full, half_se=full.half_se / 10)
    got = judge(many)
    assert got.verdict == "biased" and "too narrow: 100.0 % (99.7 to 100.0)" in got.reason


def test_draws_that_are_not_finite_go_through_the_whole_scoring():
    exact = gaussian(2)
    x = iid(SMALL, exact, np.random.default_rng(3))
    x[0, 0, 3, 1], x[1, 0, 0, 0] = np.inf, np.nan
    got = judge(summarise_replicates.summarise(x, exact))
    assert got.verdict == "honest" and "when it ends: 2 did not" in got.reason
    weights = np.zeros(x.shape[:3])
    got = judge(summarise_replicates.summarise(x, exact, log_w=weights, ess=np.full(256, 1000.0)))
    assert got.verdict == "honest" and "when it ends: 2 did not" in got.reason


def test_the_reported_shape_catches_what_means_and_shares_miss():
    e = ideal()
    assert "1-Wasserstein" in judge(replace(e, w1=e.w1 + 0.3)).reason


def test_weighted_draws_need_their_own_ess():
    exact = gaussian(2)
    x = iid(Case(replicates=2, draws=20), exact, np.random.default_rng(2))
    with pytest.raises(ValueError, match="pass the sampler's own"):
        summarise_replicates.summarise(x, exact, log_w=np.zeros(x.shape[:3]))


def test_evidence_shares_have_their_exact_values():
    exact = gaussian(2)
    probs = (np.arange(2000) + 0.5) / 2000
    x = np.tile(exact.quantile(probs), (3, 1, 1, 1))
    e = summarise_replicates.summarise(x, exact)
    np.testing.assert_allclose(e.below_median, 0.5)
    np.testing.assert_allclose(e.half, 0.5)
    np.testing.assert_allclose(e.ninety, 0.9)
    np.testing.assert_allclose(e.most, 0.98)
    assert (e.w1 < 1e-9).all() and (e.w1_iid > 0).all()
    assert wasserstein.score_independent_draws(exact, 100).draws == 100


@pytest.mark.slow
def test_exact_draws_of_a_funnel_hold_no_disasters():
    # kurtosis in the thousands: a mean of 1000 draws is off by 5 claimed errors once in a thousand
    exact = build("funnel", {}).exact()
    sites = exact.draw(np.random.default_rng(0), 256 * 1000)
    x = component_draws(sites, exact.names, 1).reshape(256, 1, 1000, -1)
    e = summarise_replicates.summarise(x, exact)
    assert not find_disasters(e).any()
    assert list(np.flatnonzero(e.mean_tame)) == [0]


def test_a_verdict_says_where_shares_of_the_draws_stand_in_for_means():
    e = ideal(replicates=256)
    assert "stand in" not in judge(e).reason
    wild = replace(e, mean_tame=np.zeros(len(e.names), dtype=bool))
    reason = judge(wild).reason
    assert f"shares of the draws stand in for the mean of '{e.names[0]}'" in reason
    assert "errors of the place (share below the exact median) of" in reason


def test_short_runs_of_skewed_parameters_are_judged_by_shares_whichever_parameter_it_is():
    # 24 draws, skewness 2.3: a mean's error is 1.2 times what its own draws make it. Parameters
    # alike are told alike: of 4096 runs an rms is known to some 2 %
    exact = lognormal(8, sigma=0.6)
    ideal_scores = wasserstein.score_independent_draws(exact, 24)
    assert np.ptp(ideal_scores.calibration) < 0.25 and (ideal_scores.calibration > 1.1).all()
    x = exact.draw(np.random.default_rng(12), 256 * 24)["p"].reshape(256, 1, 24, 8)
    assert not summarise_replicates.summarise(x, exact).mean_tame.any()


def test_a_share_of_few_draws_goes_in_steps_and_is_not_overcautious_for_that():
    # of 12 draws 5, 6 or 7 lie below the median with 61 %: half of a step is at most that far off
    e, rng = ideal(size=1), np.random.default_rng(13)
    share = rng.binomial(12, 0.5, e.se.shape) / 12
    steps = replace(
        e,
        mean_tame=np.zeros(1, dtype=bool),
        below_median=share,
        below_se=np.full(e.se.shape, 0.5 / np.sqrt(12)),
    )
    assert judge(steps).verdict != "overcautious"
    doubled = replace(steps, below_se=2 * steps.below_se)
    assert judge(doubled).verdict == "overcautious"  # by the rms


def test_two_runs_that_are_one_are_told_among_few_replicates_too():
    e = ideal(replicates=4)
    twice = e.select(np.array([True, True, False, True]))
    copied = replace(twice, est=twice.est[[0, 1, 1]], sd_hat=twice.sd_hat[[0, 1, 1]])
    assert judge(twice).verdict == "too few replicates"
    assert "1 and 2 are the same run" in judge(copied).reason


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_intervals_of_columns_are_those_of_each(missing):
    rng = np.random.default_rng(11)
    values = np.where(rng.random((30, 4)) < missing, np.nan, rng.normal(size=(30, 4)))
    each = np.array([t_interval(column, 0.01) for column in values.T]).T
    np.testing.assert_allclose(t_intervals(values, 0.01), each, rtol=1e-12)


@pytest.mark.parametrize("factor", [1.5, 3.0, 30.0, 3000.0])
def test_a_reason_has_the_digits_that_its_interval_supports(factor):
    e = ideal()
    got = judge(replace(e, se=e.se / factor))
    found = re.search(r"are (\S+) times the claimed ones \((\S+) to (\S+)\)", got.reason)
    least, most = float(f"{got.lo:.2g}"), float(f"{got.hi:.2g}")
    assert all(len(text.replace(".", "").strip("0")) <= 3 for text in found.groups())
    assert [float(text) for text in found.groups()[1:]] == pytest.approx([least, most], rel=0.05)


def test_what_is_tolerated_is_said_however_little_it_is():
    e = ideal(ess=1e6)
    strict = replace(e, est=e.est + 0.1, margins=replace(e.margins, bias=0.004))
    assert judge(strict).reason.endswith("; 0.004 is tolerated")


@pytest.mark.parametrize(("sign", "tolerance"), [(1, 0.05), (-1, 0.05), (1, 0.050284)])
def test_the_interval_of_a_bias_lies_outside_what_is_said_to_be_tolerated(sign, tolerance):
    ends = sorted((sign * 0.05029, sign * 0.0797))
    words = _describe_mean("m", Complaint(1.1, "", sign * 0.065, *ends, tolerance)).reason
    interval, _, tolerated = words.removesuffix(" is tolerated").partition("; ")
    nearest = min(abs(float(end)) for end in interval.partition("(")[2].rstrip(")").split(" to "))
    assert nearest > float(tolerated)


#: two errors that make the interval 1.38 to 10.1; all equal, so that its end is 0.869, below 1/1.15
@pytest.mark.parametrize(("few", "far", "others"), [(2, 10.0, 0.8), (0, 0.0, 0.57593)])
def test_the_interval_of_a_complaint_about_claims_lies_outside_what_is_tolerated(few, far, others):
    e, tolerated = ideal(replicates=32, size=1), DEFAULT.accused_calibration
    error = np.where(np.arange(32) < few, far, others)[:, None]
    same = {"below_median": e.below_exact + 0 * error, "half": e.half_exact + 0 * error}
    summary = replace(e, est=error * e.se, **same)
    tests = [*check_overconfidence(summary), *check_overcaution(summary)]
    outside = [test.reason for test in tests if test.excess > 1]
    assert outside
    for reason in outside:
        least, most = reason.rpartition("(")[2].removesuffix(")").split(" to ")
        assert float(least) > tolerated or float(most) < 1 / tolerated, reason


def test_what_is_outside_on_one_side_alone_is_not_called_too_far_out():
    """In many dimensions narrow draws have distances below the central 98 % of the exact ones."""
    e = ideal(size=1)
    inside = replace(e, most=e.most - 0.4)
    either, below = inside, replace(inside, below_median=e.below_median + 0.4)
    reasons = [
        [test.reason for test in check_bias(each) if "98 %, not" in test.reason][0]
        for each in (either, below)
    ]
    assert reasons[0].startswith("draws of 'a' too far out: 58.0 % (")
    assert reasons[1].startswith("draws of 'a' 58.0 % (")
