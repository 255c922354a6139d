"""Scores of a trial: what has no meaning has a reason instead of a number."""

from __future__ import annotations

import numpy as np
import pytest

import samplerbench
from samplerbench.harness.scoring import score_trial
from samplerbench.harness.scoring.columns import MAIN_COLUMNS
from samplerbench.harness.scoring.metrics.claimed import no_claim_reason

#: a NumPyro model of one line, without an exact answer
#: of three parameters: too many for quadrature
NORMAL = """
import numpyro, numpyro.distributions as dist
def normal():
    numpyro.sample("x", dist.Normal(0.0, 1.0).expand([3]).to_event(1))
"""


def scored(tmp_path, **options):
    given = {"samplers": ["exact_iid"], "env": "current", "replicates": 20, "draws": 100}
    with samplerbench.run(out=tmp_path / "c", **{**given, **options}) as campaign:
        return campaign.rows()[0]


NUMBERS = [column.name for column in MAIN_COLUMNS if column.is_number]


def assert_every_number_or_its_reason(row):
    for name in NUMBERS:
        value = row[name]
        assert (value is None) == (name in row["missing"]), name
        if isinstance(value, float):
            assert np.isfinite(value), name


@pytest.mark.process
def test_one_replicate_has_no_realised_anything(tmp_path):
    row = scored(tmp_path, replicates=1)
    assert row["verdict"] == "too few replicates"
    for name in ("realised_ess", "calibration", "mean_error", "coverage_90", "w1"):
        assert row["missing"][name] == "too few replicates: 1"
    assert row["missing"]["realised_ess_per_s"] == "too few replicates: 1"
    assert_every_number_or_its_reason(row)


@pytest.mark.process
def test_one_draw_claims_nothing(tmp_path):
    row = scored(tmp_path, draws=1)
    assert row["missing"]["ess"] == "1 draw a chain; a claim needs at least 4"
    assert_every_number_or_its_reason(row)


@pytest.mark.process
def test_constant_draws_claim_nothing_and_are_broken(tmp_path):
    row = scored(tmp_path, samplers=["control_stuck:share=1"])
    assert row["missing"]["ess"] == "a parameter's draws are constant"
    assert row["verdict"] == "broken"
    assert_every_number_or_its_reason(row)


def test_draws_that_hold_nan_say_how_many_and_are_broken():
    x = np.random.default_rng(1).standard_normal((20, 1, 50, 2))
    x[:, 0, 3, 0] = np.nan
    assert no_claim_reason(x, None) == "draws hold 20 NaN or infinite values"


@pytest.mark.process
def test_a_model_without_an_exact_answer_says_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(NORMAL)
    row = scored(
        tmp_path,
        model=f"{file}:normal",
        samplers=["numpyro_hmc"],
        warmup=50,
        draws=50,
        replicates=2,
    )
    assert row["verdict"] == "no exact answer"
    assert (
        "2 replicates; a verdict, and a long run to judge by, need 16"
        in row["missing"]["realised_ess"]
    )
    assert row["ess"] is not None
    assert_every_number_or_its_reason(row)


@pytest.mark.process
@pytest.mark.parametrize("sampler", ["exact_iid", "control_overclaiming", "control_evidence"])
def test_claimed_realised_and_cost_are_complete_for(tmp_path, sampler):
    assert_every_number_or_its_reason(scored(tmp_path, samplers=[sampler]))


@pytest.mark.process
def test_what_cannot_be_scored_is_a_row_with_the_reason(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise ArithmeticError("no sense in these draws")

    monkeypatch.setattr(score_trial, "_score", refuse)
    row = scored(tmp_path)
    assert row["status"] == "ok"
    assert "ArithmeticError: no sense in these draws" in row["verdict_reason"]
    assert "no sense in these draws" in capsys.readouterr().err
