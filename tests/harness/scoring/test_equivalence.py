"""Limits hold what is true, and say how many replicates would bring them inside their margins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring import equivalence
from samplerbench.harness.scoring.equivalence import LEVEL, RATE
from samplerbench.harness.scoring.verdict import _undecided
from tests.support.summaries import ideal

RMS = 1.35


def test_the_limit_of_an_rms_is_exceeded_by_the_truth_with_one_percent():
    rng = np.random.default_rng(1)
    held = [
        equivalence._limit_rms(rng.standard_normal(64), RMS, "z").limit > 1 for _ in range(4000)
    ]
    # 4000 tries of 1 %: five standard errors are 0.8 %
    assert abs(np.mean(held) - (1 - LEVEL)) < 0.008


def test_the_limit_of_a_mean_is_exceeded_by_the_truth_with_one_percent():
    rng = np.random.default_rng(2)
    held = [
        equivalence._limit_mean(5 + rng.standard_normal(20), 0.0, 1.0, "x").limit > 5
        for _ in range(4000)
    ]
    assert abs(np.mean(held) - (1 - LEVEL)) < 0.008


def test_the_margin_of_an_rms_is_reached_by_so_many_replicates():
    rng = np.random.default_rng(3)
    z = rng.standard_normal(20)
    z *= 1.1 / np.sqrt(np.mean(np.square(z)))
    needed = equivalence._limit_rms(z, RMS, "z").replicates
    exact = next(n for n in range(20, 1000) if 1.1 * np.sqrt(n / stats.chi2.ppf(LEVEL, n)) < RMS)
    assert exact <= needed <= 1.06 * exact  # on a grid of 5 %
    assert equivalence._limit_rms(z * RMS / 1.1, RMS, "z").replicates == np.inf


def test_a_rate_of_none_is_below_two_percent_from_228_runs_on():
    assert equivalence._limit_rate(0, 227).limit > RATE > equivalence._limit_rate(0, 228).limit
    assert 228 <= equivalence._limit_rate(0, 32).replicates <= 240


def test_the_limit_that_is_farthest_from_decided_is_told():
    near = equivalence.Limit("near", 0.1, 1.4, 1.35, 64, 300)
    far = equivalence.Limit("far", 0.1, 1.4, 1.35, 64, 5000)
    inside = equivalence.Limit("inside", 0.1, 1.2, 1.35, 64, 20)
    assert equivalence.find_open(iter([near, inside, far])) is far
    assert equivalence.find_open(iter([inside])) is None
    nothing = equivalence.Limit("nothing", np.nan, np.nan, 1.35, 0, np.inf)
    assert equivalence.find_open(iter([inside, nothing])) is nothing


@pytest.mark.parametrize("count", [2, 50])
def test_no_margin_is_met_by_what_lies_outside(count):
    assert not equivalence._limit_mean(np.linspace(2, 3, count), 0.0, 1.0, "x").is_inside


def test_names_with_braces_are_text():
    limit = equivalence._limit_mean(np.linspace(0, 1, 20), 0.5, 1.0, "the mean of 'a{b}'", " sd")
    assert limit.reason.startswith("the mean of 'a{b}' is off by at most 0.")
    assert limit.reason.endswith(" sd; honest is below 1")


@pytest.mark.parametrize("runs", [223, 227, 228, 230])
def test_a_limit_is_never_rounded_onto_its_margin(runs):
    words = equivalence._limit_rate(0, runs).reason
    shown = float(words.partition("a rate of up to ")[2].partition(" %")[0])
    assert (shown < 2) == (runs > 227) and shown != 2
    for size in (1.3497, 1.3503):
        z = np.full(64, size) * np.sqrt(stats.chi2.ppf(LEVEL, 64) / 64)
        words = equivalence._limit_rms(z, RMS, "z").reason
        assert (float(words.split()[4]) < RMS) == (size < RMS)
    off = 0.0502 + 1e-9 * np.array([-1.0, 1.0])
    assert "at most 0.0502; honest" in equivalence._limit_mean(off, 0.0, 0.05, "x").reason


def test_an_answer_that_is_too_uncertain_is_not_blamed_on_the_estimate():
    off = np.random.default_rng(4).normal(0, 0.01, 200)
    verdict = _undecided(equivalence._limit_mean(off, 0.0, 0.05, "x", " sd", error=0.03), 200)
    assert "at most 0.070 sd, of which the answer's own error makes 0.070;" in verdict.reason
    assert verdict.reason.endswith(": not even 100,000 replicates would show it")
    above = _undecided(equivalence._limit_mean(off + 0.06, 0.0, 0.05, "x"), 200)
    assert "its estimate lies above" in above.reason
    unknown = _undecided(equivalence._limit_mean(off[:1], 0.0, 0.05, "x"), 200)
    assert unknown.reason == "x is known of fewer than two runs: more runs that tell it would"


def test_runs_that_do_not_count_are_replaced_by_more_than_one_each():
    # 225 of 256 ended, 228 are needed: 3 more, of which 12 % will not end
    verdict = _undecided(equivalence._limit_rate(0, 225), 256)
    assert "about 4 more replicates would show it" in verdict.reason
    almost = equivalence.Limit("x", 1.0, 1.36, RMS, 64, 64)
    assert "about 1 more replicate would show it" in _undecided(almost, 64).reason


def test_runs_that_claim_no_error_of_log_z_hide_no_bias_of_the_others():
    log_z, error = np.random.default_rng(5).normal(-2.0, 0.1, 64), np.full(64, 0.1)
    error[:40] = 0.0
    e = replace(ideal(64), log_z=log_z, log_z_err=error, log_z_true=-2.0)
    _, bias = equivalence._limit_evidence(e)
    assert (bias.count, bias.limit < 1) == (24, True)
