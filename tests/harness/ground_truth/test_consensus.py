"""Without an answer, rows are held against other samplers, unless nobody can tell who is right."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.ground_truth import consensus
from samplerbench.harness.ground_truth.consensus import ConsensusRow
from samplerbench.samplers.base import Draws
from tests.support.trials import small

MEAN, SD = np.array([1.0, -2.0]), np.array([0.5, 3.0])
COUNT = 16


def draws(rng, shift=0.0, scale=1.0, **more):
    """One run of 500 independent draws of b[0] and b[1]."""
    b = MEAN + SD * (shift + scale * rng.standard_normal((1, 500, 2)))
    return Draws({"b": b.astype(np.float32)}, **more)


def heard(folder, sampler, settings=None, runs=None, **flaw):
    rng = np.random.default_rng([len(sampler), len(flaw), len(settings or {})])
    trial = small(sampler=sampler, settings=settings or {}, replicates=COUNT)
    path = folder / f"{trial.id}.npz"
    draws_file.save_draws(path, {"replicates": runs or [draws(rng, **flaw) for _ in range(COUNT)]})
    return consensus.summarise_row(trial, path, None)


def test_the_answer_is_the_pool_of_the_other_samplers(tmp_path):
    voices = [heard(tmp_path, name) for name in ("numpyro_nuts", "numpyro_hmc", "jaxns_nested")]
    found, why = consensus.find_consensus(voices[0].trial, voices)
    assert why == ""
    assert found.source == "consensus of 16 runs of numpyro_hmc and 16 runs of jaxns_nested"
    # 2 x 16 runs of 500 draws; five standard errors, and errors of 15 replicates known to 20 %
    se = SD / np.sqrt(2 * COUNT * 500)
    assert (np.abs(found.mean - MEAN) < 5 * se).all()
    assert (np.abs(np.log(found.mean_se / se)) < np.log(2.5)).all()
    assert (np.abs(found.sd - SD) < 5 * se).all()
    np.testing.assert_allclose(found.quantile(np.array([0.5]))[0], MEAN, atol=0.1 * SD.max())


def test_own_draws_and_the_same_sampler_with_other_settings_do_not_count(tmp_path):
    one, same = heard(tmp_path, "numpyro_hmc"), heard(tmp_path, "numpyro_hmc", {"num_steps": 3})
    found, why = consensus.find_consensus(one.trial, [one, same])
    assert found is None
    assert "no other sampler's row passes its own diagnostics" in why
    assert "--reference" in why


def test_runs_that_fail_their_own_diagnostics_do_not_count(tmp_path):
    rng = np.random.default_rng(3)
    failing = [draws(rng, divergences=2) for _ in range(5)]
    passing = [draws(rng, divergences=0) for _ in range(11)]
    said = heard(tmp_path, "numpyro_hmc", runs=failing + passing)
    assert said == "11 of 16 replicates pass their own diagnostics"
    more = heard(tmp_path, "numpyro_nuts", runs=failing[:4] + passing + passing[:1])
    assert isinstance(more, ConsensusRow) and more.runs == 12


def test_two_samplers_that_disagree_judge_nobody_and_a_third_decides(tmp_path):
    one, off = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "numpyro_hmc", shift=0.3)
    for row in (one, off):
        found, why = consensus.find_consensus(row.trial, [one, off])
        assert found is None
        assert why.startswith("two samplers disagree, and no third one tells which is right: mean")
    third = heard(tmp_path, "jaxns_nested")
    found, _ = consensus.find_consensus(off.trial, [one, off, third])
    assert found.source == "consensus of 16 runs of numpyro_nuts and 16 runs of jaxns_nested"
    found, why = consensus.find_consensus(one.trial, [one, off, third])
    assert found is None and why.startswith("the other samplers disagree: mean of 'b[")


def test_a_width_that_differs_is_a_disagreement_too(tmp_path):
    one, wide = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "numpyro_hmc", scale=1.4)
    assert consensus.describe_disagreement(one, wide).startswith("sd of 'b[")
    assert consensus.describe_disagreement(one, heard(tmp_path, "jaxns_nested")) == ""


def test_a_row_without_a_voice_is_judged_by_one_that_has_one(tmp_path):
    one = heard(tmp_path, "numpyro_nuts")
    stuck = small(sampler="numpyro_sa", replicates=COUNT)
    found, _ = consensus.find_consensus(
        stuck, [one, "0 of 16 replicates pass their own diagnostics"]
    )
    assert found.source == "consensus of 16 runs of numpyro_nuts"


def test_weighted_draws_speak_by_their_weights(tmp_path):
    rng = np.random.default_rng(5)
    runs = []
    for _ in range(COUNT):
        b = MEAN + 2 * SD * rng.standard_normal((1, 4000, 2))
        z = np.square((b - MEAN) / SD).sum(axis=2)
        runs.append(Draws({"b": b}, log_weights=-z / 2 + z / 8, ess=1000.0))
    said = heard(tmp_path, "jaxns_nested", runs=runs)
    # weights of a twice too wide proposal in two dimensions leave 7/16 of the draws
    assert (np.abs(said.mean - MEAN) < 6 * SD / np.sqrt(COUNT * 1750)).all()
    assert said.sd == pytest.approx(SD, rel=0.03)
    assert said.draws.std(axis=0) == pytest.approx(SD, rel=0.03)
