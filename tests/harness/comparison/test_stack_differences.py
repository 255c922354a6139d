"""What changed between two stacks is told: draws bit by bit, else by distribution; seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.comparison.ratio import Conclusion
from samplerbench.harness.comparison.stack_differences import (
    ALPHA,
    StackRun,
    compare_stacks,
    one_distribution_p,
)
from samplerbench.harness.records import Result
from samplerbench.reports.comparison import report
from samplerbench.reports.comparison.comparison import compare
from samplerbench.samplers.base import Draws
from tests.support import trials

TIMINGS = {
    "import_s": 1.0,
    "cold_s": 2.0,
    "compile_s": 1.5,
    "compiles": 100,
    "rerun_s": 0.5,
    "compiles_per_rerun": 0,
    "warm_s": 0.02,
}


def runs(seed, count, width=1.0):
    """Draws of a line's two parameters, as independent as can be."""
    exact = {"m": (2.04, 0.088), "c": (3.15, 0.48)}
    found = []
    for r in range(count):
        rng = np.random.default_rng([seed, r])
        sites = {
            n: mean + width * sd * rng.standard_normal((1, 50)) for n, (mean, sd) in exact.items()
        }
        found.append(Draws(sites))
    return found


@pytest.fixture
def campaign(tmp_path):
    """Gives a campaign of stored trials: (environment, draws, plain draws, timings)."""
    opened = []

    def make(*sides, name="c"):
        store = Store.create(tmp_path / name)
        opened.append(store)
        asked = max(len(found) for _, found, *_ in sides)
        for environment, found, plain, timings in sides:
            trial = replace(
                trials.SMALL,
                sampler="numpyro_nuts",
                environment=environment,
                environment_digest=environment,
                replicates=asked,
            )
            store.add_trials([trial])
            scratch = store.scratch(trial.id)
            scratch.mkdir(parents=True)
            draws_file.save_draws(scratch / "draws.npz", {"replicates": found, "plain": plain})
            finished = len(found) if len(found) < asked else None
            result = Result("ok", timings={**TIMINGS, **timings}, replicates=finished)
            store.commit(trial, result, scratch, 1.0)
        return Campaign(store)

    yield make
    for store in opened:
        store.close()


def changes(*campaigns):
    return compare_stacks(*map(stack_runs, campaigns))


def stack_runs(campaign):
    trials = {trial.id: trial for trial in campaign.store.trials()}
    return [
        StackRun(trials[row["trial"]], row, campaign.store.draws_path(row["trial"]))
        for row in campaign.rows()
    ]


def by_quantity(found):
    return {one.quantity: one for one in found}


@pytest.mark.slow
def test_the_same_draws_are_said_to_be_the_same(campaign):
    both = campaign(("old", runs(1, 16), runs(9, 2), {}), ("new", runs(2, 16), runs(9, 2), {}))
    found = by_quantity(changes(both))
    assert "bit by bit" in found["draws"].answer
    assert found["draws"].conclusion is Conclusion.IDENTICAL
    assert (found["draws"].row, found["draws"].reference) == (
        "numpyro_nuts on new",
        "numpyro_nuts on old",
    )


def test_draws_that_differ_by_rounding_alone_are_said_to_be_the_same(campaign):
    first, moved = runs(9, 2), runs(9, 2)
    for run in moved:
        run.sites["m"] += 1e-12
    both = campaign(("old", runs(1, 16), first, {}), ("new", runs(1, 16), moved, {}))
    found = by_quantity(changes(both))["draws"]
    assert found.conclusion is Conclusion.IDENTICAL
    assert found.answer == "the same draws for the same key, but for rounding: up to 1e-11 sd apart"
    moved[1].sites["c"][0, 7] += 0.1
    both = campaign(("old", runs(1, 16), first, {}), ("new", runs(1, 16), moved, {}), name="apart")
    found = by_quantity(changes(both))["draws"]
    assert found.answer.startswith("other draws for the same key, of one distribution")


@pytest.mark.slow
def test_runs_that_met_their_limit_of_time_are_compared_as_far_as_they_go(campaign):
    both = campaign(("old", runs(1, 16), runs(9, 2), {}), ("new", runs(1, 9), runs(9, 1), {}))
    found = by_quantity(changes(both))["draws"]
    assert found.conclusion is Conclusion.IDENTICAL and found.pairs == 9
    other = campaign(
        ("old", runs(1, 32), runs(9, 2), {}), ("new", runs(2, 20), runs(8, 1), {}), name="other"
    )
    assert by_quantity(changes(other))["draws"].conclusion is Conclusion.INDISTINGUISHABLE


@pytest.mark.slow
def test_other_draws_of_one_distribution_are_told_from_another_distribution(campaign):
    old = ("old", runs(1, 32), runs(9, 2), {})
    same = campaign(old, ("new", runs(2, 32), runs(8, 2), {}))
    found = by_quantity(changes(same))["draws"]
    assert "one distribution" in found.answer and found.p > ALPHA
    assert found.conclusion is Conclusion.INDISTINGUISHABLE
    wide = campaign(old, ("new", runs(2, 32, 1.5), runs(8, 2), {}), name="wide")
    found = by_quantity(changes(wide))["draws"]
    assert "another distribution" in found.answer and found.p < ALPHA
    assert found.conclusion is Conclusion.DIFFERENT


@pytest.mark.slow
def test_few_replicates_say_no_more_than_that_draws_differ(campaign):
    few = campaign(("old", runs(1, 4), runs(9, 2), {}), ("new", runs(2, 4), runs(8, 2), {}))
    found = by_quantity(changes(few))["draws"]
    assert "fewer than 8" in found.answer and found.conclusion is Conclusion.NOT_TESTED


@pytest.mark.slow
def test_seconds_and_counts_stand_side_by_side(campaign):
    slower = {"cold_s": 4.0, "compiles_per_rerun": 1}
    both = campaign(("old", runs(1, 8), runs(9, 2), {}), ("new", runs(2, 8), runs(9, 2), slower))
    found = by_quantity(changes(both))
    assert found["cold_s"].value == 2.0 and found["cold_s"].answer == "2.00 -> 4.00"
    assert found["compiles_per_rerun"].answer == "0 -> 1"
    assert found["compiles_per_rerun"].value is None  # no ratio to nothing
    shown = report.render(compare(both))
    assert "changes since old" in shown and "2.00 -> 4.00" in shown


@pytest.mark.slow
def test_two_campaigns_are_compared_and_one_stack_alone_is_not(campaign):
    old = campaign(("old", runs(1, 8), runs(9, 2), {}), name="a")
    new = campaign(("new", runs(1, 8), runs(9, 2), {}), name="b")
    assert changes(old) == [] and "changes since" not in report.render(compare(old))
    assert changes(old, new)[0].row == "numpyro_nuts on new"


@pytest.mark.slow
def test_what_a_model_fixes_hides_no_difference_of_what_it_does_not():
    rng = np.random.default_rng(4)
    old, new = (np.c_[rng.normal(size=16), np.ones(16), np.full(16, -np.inf)] for _ in range(2))
    assert one_distribution_p(old, new) > 0.05  # the log sd of what is fixed is -inf
    assert one_distribution_p(old, new + 3.0) < ALPHA
    assert one_distribution_p(old[:, 1:], new[:, 1:]) == 1.0


def test_sites_in_another_order_are_the_same_sites(campaign):
    kinds = runs(1, 16), runs(2, 16)
    turned = [replace(each, sites=dict(reversed(each.sites.items()))) for each in kinds[1]]
    sides = [(name, found, found, {}) for name, found in zip("ab", (kinds[0], turned), strict=True)]
    changes = compare(campaign(*sides)).changes
    draws = next(each for each in changes if each.quantity == "draws")
    assert draws.conclusion is Conclusion.INDISTINGUISHABLE


def test_a_test_of_one_distribution_errs_as_seldom_as_it_says():
    rng = np.random.default_rng(3)
    false = sum(
        one_distribution_p(rng.normal(size=(16, 4)), rng.normal(size=(16, 4))) < 0.05
        for _ in range(200)
    )
    assert false <= 20  # binomial(200, 0.05) exceeds 20 once in a thousand; KS is conservative
