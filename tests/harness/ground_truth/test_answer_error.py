"""An answer with an error of its own: it blames no sampler for it, and still finds real flaws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.ground_truth import reference_files
from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics import estimates
from tests.support.synthetic import Case, gaussian, iid

CASE = Case(replicates=256, draws=250)


def reference(count: int, rng, moments: bool = False):
    """An answer from ``count`` independent draws."""
    sites = {"p": gaussian(2).draw(rng, count)["p"][None]}
    found = reference_files.truth_from_draws(sites, "reference draws (r.npz)", "r.npz")
    return replace(found, quantile=None, draw=None) if moments else found


def words(count: int, shift: float = 0.0, scale: float = 1.0, times: int = 16, **more) -> list[str]:
    """Verdicts of ``times`` campaigns of independent draws, against as many references."""
    exact, found = gaussian(2), []
    for i in range(times):
        rng = np.random.default_rng([count, i])
        x = exact.mean + shift * exact.sd + scale * (iid(CASE, exact, rng) - exact.mean)
        found.append(judge(summarise(x, reference(count, rng, **more))).verdict)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("count", "moments"), [(800, False), (4000, False), (800, True)])
def test_independent_draws_are_never_accused_whatever_the_reference_missed(count, moments):
    # the lesser reference is off by 0.6 of a run's own standard error, and 256 runs all see that;
    # a false complaint has a chance of 0.01 at the edge of a margin, and far less here
    assert set(words(count, moments=moments)) <= {"honest", "undecided"}


@pytest.mark.slow
def test_what_a_reference_does_not_know_is_not_shown_by_it():
    # 800 draws know a mean to 0.035 sd, and the margin is 0.05; 40,000 know it to 0.005
    assert set(words(800, times=4)) == {"undecided"}
    assert set(words(40_000, times=4)) == {"honest"}


@pytest.mark.slow
def test_a_poor_reference_gives_no_verdict_and_says_why():
    assert set(words(100)) == {"no exact answer"}
    x = iid(CASE, gaussian(2), np.random.default_rng(1))
    told = judge(summarise(x, reference(100, np.random.default_rng(2))))
    assert "too uncertain to judge by" in told.reason


@pytest.mark.slow
def test_flaws_larger_than_the_references_error_are_found():
    for flaw in ({"shift": 0.25}, {"scale": 1.3}, {"scale": 1.3, "moments": True}):
        assert set(words(5000, times=6, **flaw)) == {"biased"}
    assert set(words(100, shift=1.5, times=6)) == {"broken"}


def test_intervals_are_widened_and_what_the_answer_adds_is_taken_off():
    rng, exact = np.random.default_rng(3), gaussian(1)
    est = exact.mean + exact.sd * rng.standard_normal((4000, 1)) / np.sqrt(1000)
    own = exact.sd / np.sqrt(2000)
    off = exact.mean + own  # an answer off by one of its standard errors
    (plain,) = estimates.mean_error(est, off, exact.sd)
    (wide,) = estimates.mean_error(est, off, exact.sd, own)
    assert wide.value == plain.value
    assert wide.lo < 0 < wide.hi and not plain.lo < 0 < plain.hi
    (realised,) = estimates.realised_ess(est, off, exact.sd, own)
    assert realised.value == pytest.approx(1000, rel=0.12)  # five standard errors of 4000 squares
    (lost,) = estimates.realised_ess(est, exact.mean, exact.sd, exact.sd / 10)
    assert lost.value is None and "the answer's own error" in lost.reason


def test_moments_alone_leave_out_what_needs_a_distribution():
    x = iid(CASE, gaussian(2), np.random.default_rng(4))
    found = summarise(x, reference(40_000, np.random.default_rng(5), moments=True))
    assert np.isnan(found.w1).all() and np.isnan(found.below_median).all()
    assert judge(found).verdict == "honest"
