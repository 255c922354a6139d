"""Each flawed control has the flaw that it states, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.models.base import Model, build
from samplerbench.samplers.base import Budget, Declined, samplers
from samplerbench.samplers.controls import spread_by_site

N = 40_000
BUDGET = Budget(chains=2, warmup=0, draws=N // 2)
MODEL = build("gaussian", {"dim": 2})


def prepare(control, model=MODEL, budget=BUDGET, **settings):
    sampler = samplers.get(control)
    return sampler.prepare(model, budget, sampler.settings(**settings))


def draws(control, seed=0):
    """One run: its draws in posterior sds from the exact mean, [draw, component]."""
    run = prepare(control).plain(seed)
    exact = MODEL.exact()
    assert run.sites["x"].shape == (2, N // 2, 2)
    return (run.sites["x"].reshape(N, 2) - exact.mean) / exact.sd


def assert_standard(z, mean=0.0, sd=1.0):
    """Mean and sd of independent draws, to 5 standard errors."""
    assert np.allclose(z.mean(axis=0), mean, atol=5 * sd / np.sqrt(N))
    assert np.allclose(z.std(axis=0), sd, rtol=5 / np.sqrt(2 * N))


@pytest.mark.parametrize("control", [n for n in samplers.names() if samplers.get(n).control])
def test_a_control_declines_where_nothing_is_exact(control):
    with pytest.raises(Declined, match="no exact"):
        prepare(control, Model("free", {}, lambda: None))


@pytest.mark.parametrize(
    ("control", "lacks", "what"),
    [
        ("control_evidence", "log_evidence", "evidence"),
        ("control_missing_mode", "quantile", "quantiles"),
    ],
)
def test_a_control_declines_before_any_run_where_the_answer_lacks_what_it_needs(
    control, lacks, what
):
    model = replace(MODEL, exact_given=lambda data: replace(MODEL.exact(), **{lacks: None}))
    with pytest.raises(Declined, match=f"has no exact {what}"):
        prepare(control, model)


def test_shifted_draws_are_off_by_so_many_sds_and_as_wide_as_they_should_be():
    assert_standard(draws("control_shifted"), mean=0.2)


def test_wide_draws_are_centred_and_so_many_times_too_wide():
    assert_standard(draws("control_wide"), sd=1.2)


def test_a_missing_mode_is_the_upper_half_of_the_first_parameter():
    z = draws("control_missing_mode")
    assert z[:, 0].max() <= 0
    assert np.isclose(z[:, 0].mean(), -np.sqrt(2 / np.pi), atol=0.02)  # a half normal's mean


def test_a_quarter_of_the_stuck_runs_never_moves():
    small = Budget(chains=1, warmup=0, draws=5)
    run = prepare("control_stuck", budget=small).plain
    stuck = [bool((np.ptp(run(seed).sites["x"], axis=1) == 0).all()) for seed in range(400)]
    assert abs(np.mean(stuck) - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 400)


def test_means_of_overclaiming_runs_err_twice_as_much_as_independent_draws_would():
    small = Budget(chains=1, warmup=0, draws=100)
    run = prepare("control_overclaiming", budget=small).plain
    exact = MODEL.exact()
    means = np.stack([run(seed).sites["x"][0].mean(axis=0) for seed in range(400)])
    errors = (means - exact.mean) / exact.sd * np.sqrt(100)
    assert np.allclose(errors.std(axis=0), 2.0, rtol=5 / np.sqrt(2 * 400))


def test_the_evidence_errs_twice_as_much_as_it_claims_and_the_draws_are_exact():
    assert_standard(draws("control_evidence"))
    small = Budget(chains=1, warmup=0, draws=2)
    run = prepare("control_evidence", budget=small).plain
    runs = [run(seed) for seed in range(400)]
    errors = np.array([r.log_z - MODEL.exact().log_evidence for r in runs])
    claims = np.array([r.log_z_err for r in runs])
    assert np.isclose((errors / claims).std(), 2.0, rtol=5 / np.sqrt(2 * 400))


def test_values_by_component_take_the_shape_of_their_sites():
    exact = MODEL.exact()
    sites = {"x": np.zeros((7, 2)), "other": np.zeros((7, 3))}
    values = spread_by_site(exact, np.array([1.0, 2.0]), sites)
    assert values["x"].tolist() == [1.0, 2.0] and values["other"].tolist() == [0.0] * 3


def test_other_data_give_draws_of_the_other_posterior():
    compiled = prepare("control_shifted", by=0.0).compile()
    data = {"y": np.array([30.0, -30.0])}
    moved = compiled.with_data(data)
    x = moved.collect(moved.sample(0)).sites["x"].reshape(N, 2)
    exact = MODEL.with_data(data).exact()
    assert np.allclose(x.mean(axis=0), exact.mean, atol=5 * exact.sd.max() / np.sqrt(N))
