"""Simulation-based calibration as a run: truths from the prior judge, without an exact answer."""

from __future__ import annotations

import re

import numpy as np
import pytest

import samplerbench
from samplerbench.harness.draws_file import DrawsFile

pytestmark = pytest.mark.process

#: an exponential prior and a vector of observations: nothing here has an exact answer
MODEL = """
import numpy as np, numpyro, numpyro.distributions as dist
data = {"y": np.array([1.0, 2.0, 0.5]), "n": 3}
def counts(y, n):
    rate = numpyro.sample("rate", dist.Exponential(1.0))
    numpyro.deterministic("double", 2 * rate)
    with numpyro.plate("data", n):
        numpyro.sample("y", dist.Gamma(2.0, rate), obs=y)
"""


@pytest.fixture(scope="module")
def controls(tmp_path_factory):
    with samplerbench.run(
        samplers=[
            "exact_iid",
            "control_wide:factor=1.6",
            "control_wide:factor=0.6",
            "control_shifted:by=0.6",
        ],
        calibrate="prior",
        replicates=200,
        draws=200,
        env="current",
        out=tmp_path_factory.mktemp("sbc") / "c",
    ) as campaign:
        yield campaign


def test_flawed_draws_are_named_and_exact_ones_are_not(controls):
    verdicts = [row["verdict"] for row in controls.rows()]
    assert verdicts == ["undecided", "overcautious", "overconfident", "biased"]


def test_the_exact_answer_of_one_data_set_judges_none_of_the_others(controls):
    for row in controls.rows():
        assert row["calibration"] is None
        assert row["missing"]["calibration"] == "each replicate has data of its own; see sbc_p"
        assert 0 <= row["sbc_p"] <= 1


def test_truths_come_from_the_prior_and_are_kept_with_the_draws(controls):
    trial = controls.store.trials()[0]
    with DrawsFile(controls.store.draws_path(trial.id)) as file:
        truth = file.truths()
    assert set(truth) == {"m", "c", "log_likelihood"}  # the last as ranks need it
    for name, half in (("m", 5.0), ("c", 10.0)):
        assert truth[name].shape == (200,)
        assert np.abs(truth[name]).max() < half
        # the mean of 200 uniform draws: 5 standard errors
        assert abs(truth[name].mean()) < 5 * half / np.sqrt(3 * 200)


def calibrate(folder, text, sampler="numpyro_hmc", **budget):
    """The row of a sampler on the program ``counts`` in ``text``, with data from its prior."""
    file = folder / "mine.py"
    file.write_text(text)
    with samplerbench.run(
        model=f"{file}:counts",
        samplers=[sampler],
        calibrate="prior",
        env="current",
        out=folder / "c",
        **budget,
    ) as campaign:
        (row,) = campaign.rows()
    return row


def test_a_program_of_ones_own_is_calibrated_by_running_it_forward(tmp_path):
    row = calibrate(tmp_path, MODEL, "numpyro_nuts", replicates=40, warmup=200, draws=400)
    assert row["status"] == "ok", row["reason"]
    assert row["verdict"] == "undecided"  # 40 replicates show little
    assert row["worst_parameter"] == "rate"


def test_a_program_whose_data_cannot_be_replaced_is_declined(tmp_path):
    row = calibrate(
        tmp_path, MODEL.replace("obs=y)", "obs=2 * y)"), replicates=16, warmup=20, draws=20
    )
    assert row["status"] == "declined"
    assert "'y'" in row["reason"]


def test_a_program_that_needs_the_values_of_its_data_is_compiled_for_each_and_says_what_it_cost(
    tmp_path,
):
    row = calibrate(
        tmp_path,
        MODEL.replace("    rate =", "    assert np.all(np.asarray(y) > 0)\n    rate ="),
        replicates=2,
        warmup=20,
        draws=20,
    )
    assert row["status"] == "ok", row["reason"]
    cost = r"compiled anew for each of 2 data sets, \d+ s in all, .* \('y': TracerArrayConversion"
    assert any(re.search(cost, warning) for warning in row["warnings"])
