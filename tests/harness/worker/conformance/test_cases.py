"""Conformance checks in this process: sound models and samplers pass, unsound ones are told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from samplerbench import conformance
from samplerbench.errors import UsageError
from samplerbench.harness.worker.conformance import (
    CheckFailed,
    CheckSkipped,
    check_dataclass,
    density,
    entry,
    model_checks,
    programs,
    run_checks,
    sampler_checks,
)
from samplerbench.harness.worker.conformance.model_case import ModelCase
from samplerbench.harness.worker.conformance.sampler_case import SamplerCase, normalise_weights
from samplerbench.models.base import build, models
from samplerbench.samplers.base import Draws, samplers


def outcomes(checks, case):
    names = []
    found = run_checks(checks, case, names.append)
    assert names == [check.__name__ for check in checks]
    return {check.name: (check.passed, check.text) for check in found}


def test_a_check_passes_fails_is_skipped_or_raises_and_each_is_told():
    def fine(case):
        return "3 of 3"

    def wrong(case):
        raise CheckFailed("2 of 3")

    def absent(case):
        raise CheckSkipped("has none")

    def broken(case):
        raise ZeroDivisionError("oh")

    assert outcomes([fine, wrong, absent, broken], None) == {
        "fine": (True, "3 of 3"),
        "wrong": (False, "2 of 3"),
        "absent": (None, "has none"),
        "broken": (False, "ZeroDivisionError: oh"),
    }


def test_settings_must_be_frozen_with_defaults():
    @dataclass
    class Loose:
        step: float = 1.0

    @dataclass(frozen=True)
    class Bare:
        step: float

    for kind, reason in ((Loose, "not frozen"), (Bare, "no default for: step")):
        with pytest.raises(CheckFailed, match=reason):
            check_dataclass(kind, "settings")


def test_the_easy_program_has_an_exact_answer_with_every_shape():
    model = programs.make_easy()
    exact = model.exact()
    draws = exact.draw(np.random.default_rng(0), 20_000)
    assert {name: x.shape[1:] for name, x in draws.items()} == programs.SHAPES
    assert exact.names == programs.NAMES and set(programs.make_hard()) >= {"a discrete site"}


def test_weights_are_normalised_over_chains_and_draws():
    weights = normalise_weights(Draws({}, log_weights=np.array([[0.0, np.log(3.0)]])))
    assert weights is not None and weights.ravel() == pytest.approx([0.25, 0.75])
    assert normalise_weights(Draws({})) is None


@pytest.mark.slow
def test_a_models_density_fits_its_exact_draws_and_gives_its_evidence():
    jax = pytest.importorskip("jax")
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    model = build("gaussian", {})
    with enable(True):
        case = ModelCase("gaussian", models.get("gaussian"), model, ())
        results = outcomes(model_checks.CHECKS, case)
        assert not [name for name, (passed, _) in results.items() if passed is False], results
        z = density.compute_stein_z(case.density_at_draws)
        assert np.abs(z).max() < model_checks.MOST_ERRORS
        shifted = replace(model.exact(), mean=model.exact().mean + 0.1 * model.exact().sd)
        wrong = replace(model, exact_given=lambda data: shifted)
        case = ModelCase("gaussian", models.get("gaussian"), wrong, ())
        assert outcomes([model_checks.draws_fit_moments], case)["draws_fit_moments"][0] is False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings", "failures"),
    [
        ("exact_iid", (), set()),
        ("control_shifted", (1.0,), {"is_accurate", "takes_other_data"}),  # by one sd
    ],
)
def test_the_control_keeps_its_contract_and_a_shifted_one_is_lost(name, settings, failures):
    sampler = samplers.get(name)
    case = SamplerCase(sampler, sampler.settings(*settings), ())
    results = outcomes(sampler_checks.CHECKS, case)
    failed = {name: text for name, (passed, text) in results.items() if passed is False}
    assert failed.keys() == failures and all("lost: median" in t for t in failed.values()), failed


@pytest.mark.slow
def test_other_data_are_taken_by_a_poor_sampler_and_not_by_one_that_ignores_them():
    sampler = samplers.get("numpyro_sa")
    case = SamplerCase(sampler, sampler.settings(), ())
    check = sampler_checks.takes_other_data
    assert outcomes([check], case)["takes_other_data"][0], outcomes([check], case)
    deaf = case.compiled_for_data
    case.compiled_for_data = replace(deaf, with_data=lambda data: deaf)
    assert outcomes([check], case)["takes_other_data"][1].startswith("lost: median error")


def test_libraries_are_imported_where_they_are_in_the_list_of_modules():
    assert set(entry._find_imported()) <= {*entry.BACKEND_LIBRARIES, "jax", "jaxns", "numpyro"}


def test_what_is_neither_sampler_nor_model_is_refused():
    with pytest.raises(UsageError, match="no sampler or model is called 'no_such_thing'"):
        conformance.check("no_such_thing", "current", print)


def test_runs_that_are_not_finite_do_not_agree_with_others():
    rng = np.random.default_rng(0)
    exact = programs.make_easy().exact()

    def run(site=""):
        draws = {name: x[None] for name, x in exact.draw(rng, 250).items()}
        if site:
            draws[site] = np.full_like(draws[site], np.nan)
        return Draws(draws)

    sound = [run() for _ in range(16)]
    assert "16 and 16 runs" in sampler_checks._compare_runs(sound, [run() for _ in range(16)])
    for site in programs.SHAPES:
        lost = [run() for _ in range(15)] + [run(site)]
        with pytest.raises(CheckFailed, match="they differ: .* p nan"):
            sampler_checks._compare_runs(sound, lost)
