"""Without an answer, rows are held against other samplers, unless nobody can tell who is right."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.ground_truth import consensus
from samplerbench.harness.ground_truth.voices import ConsensusRow, Silence, summarise_row
from samplerbench.models.base import Exact
from samplerbench.samplers.base import Draws
from tests.support.trials import small

MEAN, SD = np.array([1.0, -2.0]), np.array([0.5, 3.0])
COUNT = 16


def draws(rng, shift=0.0, scale=1.0, **more):
    """One run of 500 independent draws of b[0] and b[1]."""
    b = MEAN + SD * (shift + scale * rng.standard_normal((1, 500, 2)))
    return Draws({"b": b.astype(np.float32)}, **more)


FAMILIES = {"numpyro_nuts": "numpyro", "numpyro_hmc": "numpyro", "jaxns_nested": "jaxns"}


def heard(folder, sampler, settings=None, runs=None, **flaw):
    rng = np.random.default_rng([len(sampler), len(flaw), len(settings or {})])
    trial = small(sampler=sampler, settings=settings or {}, replicates=COUNT)
    path = folder / f"{trial.id}.npz"
    draws_file.save_draws(path, {"replicates": runs or [draws(rng, **flaw) for _ in range(COUNT)]})
    return summarise_row(trial, path, None, FAMILIES.get(sampler, sampler))


def agreed(own, rows):
    return consensus.find_consensus(own, own.family, rows)


def test_draws_from_elsewhere_are_told_what_their_command_takes():
    _, here = consensus.find_consensus(None, "numpyro", [])
    _, elsewhere = consensus.find_consensus(None, "numpyro", [], elsewhere=True)
    assert "--sampler" in here and "--sampler" not in elsewhere
    assert "--reference" in elsewhere and "same --out" in elsewhere


def test_the_answer_is_the_pool_of_the_other_families_and_is_unconfirmed(tmp_path):
    voices = [heard(tmp_path, name) for name in ("numpyro_nuts", "blackjax", "jaxns_nested")]
    found, why = agreed(voices[0], voices)
    assert why == ""
    assert found.source == "consensus of 16 runs of blackjax and 16 runs of jaxns_nested"
    assert found.single_source == found.source
    # 2 x 16 runs of 500 draws; five standard errors, and errors of 15 replicates known to 20 %
    se = SD / np.sqrt(2 * COUNT * 500)
    assert (np.abs(found.mean - MEAN) < 5 * se).all()
    assert (np.abs(np.log(found.mean_se / se)) < np.log(2.5)).all()
    assert (np.abs(found.sd - SD) < 5 * se).all()
    np.testing.assert_allclose(found.quantile(np.array([0.5]))[0], MEAN, atol=0.1 * SD.max())


def test_a_family_has_one_voice_and_none_on_itself(tmp_path):
    nuts, hmc = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "numpyro_hmc")
    found, why = agreed(nuts, [nuts, hmc])
    assert found is None
    assert "no sampler of another family passes its own diagnostics" in why
    assert "--reference" in why
    nested = heard(tmp_path, "jaxns_nested")
    best = min((nuts, hmc), key=lambda row: -row.precision)
    found, _ = agreed(nested, [nuts, hmc, nested])
    assert found.source == f"consensus of 16 runs of {best.label}"


def test_a_family_whose_chains_settle_where_they_start_has_no_voice(tmp_path):
    nuts, hmc = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "numpyro_hmc")
    nested, walkers = heard(tmp_path, "jaxns_nested"), heard(tmp_path, "emcee")
    rows = [nuts, hmc, nested]
    found, why = consensus.find_consensus(nested, "jaxns", rows, apart="numpyro")
    assert found is None
    assert "of another family passes its own diagnostics and goes from mode to mode" in why
    found, _ = consensus.find_consensus(nested, "jaxns", [*rows, walkers], apart="numpyro")
    assert found.source == "consensus of 16 runs of emcee"
    found, _ = consensus.find_consensus(nuts, "numpyro", rows, apart="numpyro")
    assert found.source == "consensus of 16 runs of jaxns_nested"


def test_a_row_whose_replicates_contradict_one_another_has_no_voice(tmp_path):
    rng = np.random.default_rng(7)
    # means scatter by 0.3 sd, where 500 draws claim 0.045
    said = heard(
        tmp_path, "jaxns_nested", runs=[draws(rng, shift=0.3 * rng.normal()) for _ in range(COUNT)]
    )
    assert said is Silence.CONTRADICTION
    _, why = consensus.find_consensus(None, "numpyro", [heard(tmp_path, "numpyro_nuts"), said])
    assert "of another family passes its own diagnostics in runs that are alike," in why


def test_a_row_whose_spread_rests_on_a_few_runs_has_no_voice(tmp_path):
    rng = np.random.default_rng(8)
    runs = [draws(rng) for _ in range(COUNT)]
    runs[0].sites["b"] = MEAN + 50 * (runs[0].sites["b"] - runs[0].sites["b"].mean(axis=1))
    said = heard(tmp_path, "numpyro_aies", runs=runs)
    # one variance of 2500 beside fifteen of 1: (2515)^2 / 2500^2 runs, to the noise of a variance
    assert said is Silence.FEW_RUNS


def test_runs_that_fail_their_own_diagnostics_do_not_count(tmp_path):
    rng = np.random.default_rng(3)
    failing = [draws(rng, divergences=2) for _ in range(5)]
    passing = [draws(rng, divergences=0) for _ in range(11)]
    said = heard(tmp_path, "numpyro_hmc", runs=failing + passing)
    assert said is Silence.DIAGNOSTICS
    more = heard(tmp_path, "numpyro_nuts", runs=failing[:4] + passing + passing[:1])
    assert isinstance(more, ConsensusRow) and more.runs == 12


def test_rows_that_disagree_judge_nobody_whatever_the_majority(tmp_path):
    one, off = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "blackjax", shift=0.3)
    third = heard(tmp_path, "jaxns_nested")
    for rows in ([one, off], [one, off, third]):
        for row in rows:
            found, why = agreed(row, rows)
            assert found is None
            assert why.startswith("samplers disagree, and nothing tells which is right: mean of")


def test_a_width_that_differs_is_a_disagreement_too(tmp_path):
    one, wide = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "numpyro_hmc", scale=1.4)
    assert consensus.describe_disagreement(one, wide).startswith("sd of 'b[")
    assert consensus.describe_disagreement(one, heard(tmp_path, "jaxns_nested")) == ""


def test_a_row_without_a_voice_is_judged_by_one_that_has_one(tmp_path):
    one = heard(tmp_path, "numpyro_nuts")
    rows = [one, Silence.DIAGNOSTICS]
    found, _ = consensus.find_consensus(Silence.DIAGNOSTICS, "jaxns", rows)
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


def long_run(offset=0.0, se=0.01):
    """A ground truth of draws, its means off by ``offset`` sd; names in an order of their own."""
    rng = np.random.default_rng(11)
    names, mean = ("b[1]", "b[0]"), (MEAN + offset * SD)[::-1]
    flat = mean + SD[::-1] * rng.standard_normal((1000, 2))
    return Exact(
        names,
        mean,
        np.diag(np.square(SD[::-1])),
        lambda p: np.quantile(flat, p, axis=0),
        None,
        source="long run",
        mean_se=se * SD[::-1],
        sd_se=se * SD[::-1],
        single_source="long run",
        long_run=True,
    )


def test_a_long_run_is_confirmed_by_another_family_alone(tmp_path):
    nuts, nested = heard(tmp_path, "numpyro_nuts"), heard(tmp_path, "jaxns_nested")
    same, why = consensus.confirm(long_run(), "numpyro", [nuts, Silence.DIAGNOSTICS])
    assert same.single_source == "long run" and why == ""
    sure, why = consensus.confirm(long_run(), "numpyro", [nuts, nested])
    assert sure.single_source == "" and why == ""
    assert sure.source == "long run, with which jaxns_nested agrees"
    two = [nested, heard(tmp_path, "blackjax")]
    surer, _ = consensus.confirm(long_run(), "numpyro", two)
    assert surer.source == "long run, with which jaxns_nested and blackjax agree"


def test_a_voice_of_another_family_that_disagrees_leaves_no_answer(tmp_path):
    nested, other = heard(tmp_path, "jaxns_nested", shift=0.3), heard(tmp_path, "blackjax")
    for rows in ([nested], [other, nested]):
        none, why = consensus.confirm(long_run(), "numpyro", rows)
        assert none is None and "nothing tells which is right" in why


def test_what_a_confirmed_long_run_differs_by_joins_its_error(tmp_path):
    runs = [draws(np.random.default_rng([1, i])) for i in range(200)]
    many = heard(tmp_path, "jaxns_nested", runs=runs)
    # off by 0.045 sd, inside the margin; 200 runs of 500 draws know the mean to 0.003 sd
    near, _ = consensus.confirm(long_run(0.045, se=1e-4), "numpyro", [many])
    far, _ = consensus.confirm(long_run(0.0, se=1e-4), "numpyro", [many])
    assert (near.mean_se > 0.01 * near.sd).all()
    assert (far.mean_se < 0.005 * far.sd).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_of_one_posterior_have_the_same_parameters_whatever_draws_do_not_count(
    tmp_path, weighted
):
    rng = np.random.default_rng(4)

    def run(count):
        """A site whose second component is 1 throughout, as a Cholesky factor's first is."""
        x = np.stack([rng.standard_normal((1, count)), np.ones((1, count))], axis=-1)
        weights = np.zeros((1, count)) if weighted else None
        return Draws({"L": x}, log_weights=weights, ess=float(count) if weighted else None)

    runs = [run(500 - i * weighted) for i in range(COUNT)]
    runs += [] if weighted else [draws_file.make_nan_draws(runs[0])]
    voices = [heard(tmp_path, "blackjax", runs=runs)]
    voices += [heard(tmp_path, "emcee", runs=[Draws(run(500).sites) for _ in range(COUNT)])]
    assert [voice.names for voice in voices] == [("L[0]",)] * 2
    assert consensus.describe_disagreement(*voices) == ""
