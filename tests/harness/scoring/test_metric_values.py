"""Each file of metrics, on draws whose scores are known; needs that are not met say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness import draws_file
from samplerbench.harness.draws_file import DrawsFile, make_nan_draws
from samplerbench.harness.records import Result
from samplerbench.harness.scoring import needs, process_seconds, rank_verdict, trial_data
from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.harness.scoring.metrics import (
    accuracy,
    claimed,
    diagnostics,
    efficiency,
    evidence,
    given_pass,
    modes,
    power,
    rare_runs,
    run_intervals,
    sampler_statistics,
    simulation_based_calibration,
    tuning,
)
from samplerbench.harness.scoring.metrics import verdict as verdict_columns
from samplerbench.harness.scoring.trial_data import TrialData, Unfit
from samplerbench.samplers.base import Draws
from tests.support import stored

RESULT = Result("ok", timings={"import_s": 1.0, "cold_s": 2.0, "warm_s": 0.5, "sample_s": 0.25})
REPLICATES, DRAWS = 40, 200


def independent_draws(shift: float = 0.0, **fields: object) -> list[Draws]:
    """Replicates of independent exact draws, the means shifted by so many sds."""
    exact, replicates = stored.exact(), []
    for r in range(REPLICATES):
        sites = exact.draw(np.random.default_rng([r, 7]), DRAWS)
        for at, name in enumerate(exact.names):
            sites[name] = sites[name] + shift * exact.sd[at]
        replicates.append(Draws({name: x[None] for name, x in sites.items()}, **fields))
    return replicates


@contextmanager
def data_of(folder: Path, runs: list[Draws], exact=None, **options) -> Iterator[TrialData]:
    """What metrics read, from a draws file of ``runs``."""
    truths, fields = options.pop("truths", ()), options.pop("trial", {})
    path = folder / "draws.npz"
    draws_file.save_draws(path, {"replicates": runs}, truths)
    trial = stored.trial("mine", replicates=len(runs), **fields)
    with DrawsFile(path) as file:
        yield trial_data.read(trial, options.pop("result", RESULT), file, exact, **options)


def test_independent_draws_are_worth_what_they_number(tmp_path):
    with data_of(tmp_path, independent_draws(), stored.exact()) as data:
        score = accuracy.realised_ess(data)
        # DRAWS / realised ESS is chi-square over its degrees of freedom, larger of two parameters
        least, most = stats.chi2.ppf([1e-6, 1 - 1e-6], REPLICATES) / REPLICATES
        assert least < DRAWS / score.value < most and score.lo < score.value < score.hi
        assert len(score.by_parameter) == len(data.names) == 2
        assert score.value == min(each.value for each in score.by_parameter)
        for also in (accuracy.realised_ess_spread, accuracy.realised_ess_tail):
            assert least < DRAWS / also(data).value < most
        assert np.sqrt(least) < accuracy.calibration(data).value < np.sqrt(most) * 1.05
        worst = verdict_columns.worst_parameter(data).value
        assert data.score("realised_ess") is data.score("realised_ess")  # computed once
        assert score.by_parameter[data.names.index(worst)].value == score.value


def test_draws_beside_their_mirror_images_are_worth_half_for_spread_and_tails(tmp_path):
    exact, runs = stored.exact(), independent_draws()
    centre = dict(zip(exact.names, exact.mean, strict=True))
    for run in runs:  # of half the draws, so that as many are left
        half = {name: x[:, : DRAWS // 2] for name, x in run.sites.items()}
        mirrored = {name: 2 * centre[name] - x for name, x in half.items()}
        run.sites.update({n: np.concatenate([half[n], mirrored[n]], axis=1) for n in half})
    with data_of(tmp_path, runs, exact) as data:
        least, most = stats.chi2.ppf([1e-6, 1 - 1e-6], REPLICATES) / REPLICATES
        for score in (accuracy.realised_ess_spread(data), accuracy.realised_ess_tail(data)):
            assert least < DRAWS / 2 / score.value < most
        assert accuracy.realised_ess(data).value > 1e6  # the means are exact but for rounding


def test_moments_alone_tell_nothing_of_spread_and_tails(tmp_path):
    exact = replace(stored.exact(), quantile=None, draw=None)
    with data_of(tmp_path, independent_draws(), exact) as data:
        for score in (accuracy.realised_ess_spread(data), accuracy.realised_ess_tail(data)):
            assert score.value is None and score.reason == "the reference is moments alone"


def test_a_run_that_is_far_off_is_counted_apart_and_what_it_rules_says_so(tmp_path):
    runs = independent_draws()
    with data_of(tmp_path, runs, stored.exact()) as data:
        calm = {name: data.score(name) for name in ("realised_ess", "realised_ess_ordinary")}
        assert calm["realised_ess"].value == calm["realised_ess_ordinary"].value
        assert data.score("caveat").value is None
        # of 40 normal errors a third, of which 10 are a thing of less than one in a million
        assert data.score("effective_replicates").value > 10
    runs[3], runs[5] = independent_draws(3.0)[3], replace_with_nan(runs[5])
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert data.score("realised_ess").value < 10
        assert data.score("realised_ess_ordinary").value > 100
        assert rare_runs.disaster_rate(data).value == 1 / 39
        assert data.score("unfinished_rate").value == 1 / 40
        assert data.score("effective_replicates").value < 1.2
        assert "of 39 ('" in data.score("caveat").value
        few, missing = data.score("caveat").value.split("; 1 of ")
        assert few.endswith("holds if no run is worse than those seen")
        assert missing.startswith("40 runs failed, never ended or are not finite; realised")


def replace_with_nan(draws: Draws) -> Draws:
    return replace(draws, sites={name: x * np.nan for name, x in draws.sites.items()})


def test_calibration_is_the_largest_with_the_smallest_beside_it(tmp_path):
    with data_of(tmp_path, independent_draws(), stored.exact()) as data:
        largest, least = accuracy.calibration(data), accuracy.calibration_least(data)
        values = [each.value for each in largest.by_parameter]
        assert (least.value, largest.value) == (min(values), max(values))
        own = largest.by_parameter[values.index(largest.value)]
        assert largest.lo <= own.lo < own.hi <= largest.hi  # simultaneous over parameters


def test_the_ends_of_an_interval_say_what_they_hold_on():
    by_name = {column.name: column for column in COLUMNS}
    assert "if no run is worse than those seen" in by_name["realised_ess_lo"].description
    assert "if no run" not in by_name["mean_error_lo"].description


@pytest.mark.parametrize(("cut_short", "failed"), [(True, 1.0), (False, 0.0), (None, 0.0)])
def test_a_run_that_says_it_was_cut_short_fails_its_own_diagnostics(tmp_path, cut_short, failed):
    nested = {"log_weights": np.zeros((1, DRAWS)), "ess": float(DRAWS), "termination": "words"}
    runs = independent_draws(**nested, cut_short=cut_short)
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert diagnostics.failed_diagnostics(data).value == failed
        known = data.file.get("cut_short")  # None: as in files of an older version
        assert (known is None) == (cut_short is None)


def test_contours_of_draws_that_count_alike_are_not_tested(tmp_path):
    points = np.arange(DRAWS, dtype=float)[None]
    runs = independent_draws(stats={"log_l": points, "log_l_birth": points - 1})
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert data.score("insertion_p").reason == "the draws have equal weights"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as where trials are scored
def test_what_no_flaw_would_have_shown_is_left_out_of_the_sentence(tmp_path):
    runs = independent_draws()
    runs = [replace(r, sites={**r.sites, "m": 1e200 * r.sites["m"]}) for r in runs]
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert "inf" not in (data.score("power").value or "")


def test_a_run_that_failed_has_no_word_in_why_runs_stopped(tmp_path):
    nested = {"log_weights": np.zeros((1, DRAWS)), "ess": float(DRAWS)}
    runs = independent_draws(**nested, termination="converged")
    runs[1:] = [make_nan_draws(runs[0])] * (len(runs) - 1)
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert data.score("termination").value == "converged"
    with data_of(tmp_path, runs[1:], stored.exact()) as data:
        assert data.score("termination").reason == "no run ended"


def test_the_interval_of_the_least_claim_holds_it_among_fifty_parameters():
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(200):
        least = claimed._worst_of(None, np.exp(rng.normal(0, 0.1, (64, 50))), np.argmin)
        held += least.lo <= 1 <= least.hi
    assert held >= stats.binom.ppf(1e-6, 200, 0.95)


def test_cost_columns_are_ratios_of_other_columns(tmp_path):
    runs = independent_draws(gradients=300, likelihoods=100)
    with data_of(tmp_path, runs, stored.exact()) as data:
        ess = data.score("realised_ess")
        assert efficiency.realised_ess_per_s(data).value == ess.value / 0.5
        assert efficiency.realised_ess_per_gradient(data).lo == ess.lo / 300
        assert efficiency.realised_ess_per_evaluation(data).hi == ess.hi / 400
        assert efficiency.ess_per_s(data).value == data.score("ess").value / 0.5
        seconds = efficiency.seconds_to_5pct(data)
        assert seconds.value == pytest.approx(3.0 + (400 / ess.value - 1) * 0.25)
        assert seconds.lo is seconds.hi is None  # one process


def test_seconds_for_a_run_that_passes_hold_those_that_do_not_and_those_given_up(tmp_path):
    runs = independent_draws()
    bad = runs[0].sites
    still = {name: np.broadcast_to(x[:, :1], x.shape) for name, x in bad.items()}  # never moves
    lost = {name: np.full_like(x, np.nan) for name, x in bad.items()}
    for repeated, count in ((still, 5), (lost, 2)):
        for at in range(count):
            runs[at + (8 if repeated is lost else 0)] = Draws(dict(repeated))
    with data_of(tmp_path, runs, stored.exact()) as data:
        seconds = efficiency.seconds_per_pass(data)
        passes = round(data.score("pass_rate").value * REPLICATES)
        assert 0 < passes <= REPLICATES - 7
        given_up = 200 * 0.5
        assert seconds.value == pytest.approx(((REPLICATES - 2) * 0.5 + 2 * given_up) / passes)
        assert seconds.lo is seconds.hi is None  # one process
        more = replace(data.result, blocks=[{"warm_s": 0.45}, {"warm_s": 0.55}])
        between = process_seconds.score_seconds_per_pass(
            data.score("pass_rate"), data.score("unfinished_rate"), more
        )
        assert between.lo < between.value < between.hi
    with data_of(tmp_path, [Draws(dict(still))] * 20, stored.exact()) as data:
        assert efficiency.seconds_per_pass(data).reason.startswith("never: no run passes")


def test_tuning_is_part_of_cost_and_a_second_figure_leaves_it_out(tmp_path):
    runs = independent_draws(gradients=300, tuning_gradients=200)
    with data_of(tmp_path, runs, stored.exact()) as data:
        ess = data.score("realised_ess")
        assert data.score("realised_ess_per_gradient").value == ess.value / 300
        free = tuning.realised_ess_per_gradient_tuning_free(data)
        assert (free.value, free.lo) == (ess.value / 100, ess.lo / 100)
        assert tuning.tuning_gradients(data).value == 200
    with data_of(tmp_path, independent_draws(gradients=300), stored.exact()) as data:
        free = tuning.realised_ess_per_gradient_tuning_free(data)
        assert free.reason == "this sampler does not count the gradients of tuning apart"


@pytest.mark.parametrize(("draws", "paths"), [(DRAWS, 4), (DRAWS - 2, 3)])
def test_walkers_taken_for_chains_claim_what_so_many_chains_do(tmp_path, draws, paths):
    runs = [
        replace(run, sites={name: x[:, :draws] for name, x in run.sites.items()}, walkers=4)
        for run in independent_draws()
    ]
    split = [  # a path of 50 steps each; the last one may be cut
        Draws({name: x[0, : paths * 50].reshape(paths, 50) for name, x in run.sites.items()})
        for run in runs
    ]
    with data_of(tmp_path, runs) as data:
        mistaken = claimed.ess_walkers(data).value
    with data_of(tmp_path, split) as data:
        assert claimed.ess(data).value == mistaken
        assert claimed.ess_walkers(data).reason == "not an ensemble of walkers"


def test_a_biased_sampler_never_gets_there_and_an_untimed_one_says_so(tmp_path):
    with data_of(tmp_path, independent_draws(0.3), stored.exact()) as data:
        assert data.score("verdict").value == "biased"
        assert efficiency.seconds_to_5pct(data).reason.startswith("never: mean of ")
    untimed = Result("ok", missing={"cold_s": "not timed", "warm_s": "no warm run"})
    with data_of(tmp_path, independent_draws(), stored.exact(), result=untimed) as data:
        assert efficiency.seconds_to_5pct(data).reason == "not timed"
        assert efficiency.ess_per_s(data).reason == "no warm run"


def test_evidence_is_scored_where_both_sides_know_it(tmp_path):
    exact = stored.exact()
    runs = [
        replace(draws, log_z=exact.log_evidence + 0.1 * (-1) ** r, log_z_err=0.1)
        for r, draws in enumerate(independent_draws())
    ]
    with data_of(tmp_path, runs, exact) as data:
        assert evidence.log_z_error(data).value == pytest.approx(0.0, abs=1e-12)
        assert evidence.log_z_calibration(data).value == pytest.approx(1.0)
    with data_of(tmp_path, runs, replace(exact, log_evidence=None)) as data:
        assert data.score("log_z_error").reason == "no exact answer"
    with data_of(tmp_path, independent_draws(), exact) as data:
        assert data.score("log_z_error").reason == "this sampler gives no evidence"


def test_a_second_claimed_error_of_the_evidence_is_audited_beside_the_first(tmp_path):
    exact = stored.exact()
    off = {"log_z": exact.log_evidence + 0.1, "log_z_err": 0.1, "log_z_err_simulated": 0.05}
    with data_of(tmp_path, independent_draws(**off), exact) as data:
        assert data.score("log_z_calibration").value == pytest.approx(1.0)
        assert evidence.log_z_err_simulated(data).value == 0.05
        assert evidence.log_z_calibration_simulated(data).value == pytest.approx(2.0)
    one = independent_draws(log_z=exact.log_evidence, log_z_err=0.1)
    with data_of(tmp_path, one, exact) as data:
        second = data.score("log_z_calibration_simulated")
        assert second.reason == "this sampler claims one error of log Z at the most"


def test_the_average_of_what_a_sampler_reports_leaves_out_replicates_without_it(tmp_path):
    runs = independent_draws(divergences=4)
    runs[0] = replace(runs[0], divergences=None)
    with data_of(tmp_path, runs) as data:
        assert sampler_statistics.divergences(data).value == 4.0
        assert sampler_statistics.accept_prob(data).reason == "this sampler gives none"
        assert data.score("insertion_p").reason.startswith("no birth contours")


def test_replicates_that_warn_and_that_are_wrong_are_counted(tmp_path):
    runs = independent_draws(divergences=0)
    shifted = independent_draws(1.0, divergences=0)
    runs[:4], runs[4:6] = shifted[:4], [replace(draws, divergences=3) for draws in runs[4:6]]
    with data_of(tmp_path, runs, stored.exact()) as data:
        assert data.compute_once(diagnostics.self_diagnosis).reasons["divergences"] == 2
        assert diagnostics.failure_rate(data).value == 4 / REPLICATES
        assert diagnostics.silent_failures(data).value <= 4 / REPLICATES


def test_shares_of_modes_are_compared_where_a_model_names_them(tmp_path):
    exact = stored.exact()
    median = exact.mean[0]
    named = replace(
        exact,
        mode_of=lambda x: (x[..., 0] > median).astype(int),
        mode_weights=np.array([0.5, 0.5]),
    )
    with data_of(tmp_path, independent_draws(), named) as data:
        assert modes.mode_error(data).lo < 0 < modes.mode_error(data).hi
        assert modes.modes_missed(data).value == 0
    with data_of(tmp_path, independent_draws(5.0), named) as data:
        assert modes.mode_error(data).value == pytest.approx(-0.5, abs=0.01) or (
            modes.mode_error(data).value == pytest.approx(0.5, abs=0.01)
        )
        assert modes.modes_missed(data).value == 1
    with data_of(tmp_path, independent_draws(), exact) as data:
        assert data.score("mode_error").reason == "the model names no modes"


def test_ranks_of_truths_judge_replicates_with_data_of_their_own(tmp_path):
    exact, rng = stored.exact(), np.random.default_rng(11)
    drawn = exact.draw(rng, REPLICATES)
    truths = [{name: x[r] for name, x in drawn.items()} for r in range(REPLICATES)]
    calibrate = {"calibrate": "prior"}
    with data_of(tmp_path, independent_draws(), truths=truths, trial=calibrate) as data:
        score = simulation_based_calibration.sbc_p(data)
        assert 0.01 < score.value <= 1 and len(score.by_parameter) == len(data.names)
        assert rank_verdict.verdict_by_ranks(rank_verdict.rank_tests(data)).verdict == "undecided"
        assert data.score("calibration").reason == "each replicate has data of its own; see sbc_p"
    with data_of(tmp_path, independent_draws(0.7), truths=truths, trial=calibrate) as data:
        assert verdict_columns.verdict(data).value == "biased"
    few = independent_draws()[:5]
    with data_of(tmp_path, few, truths=truths[:5], trial=calibrate) as data:
        assert data.score("sbc_p").reason == "ranks come from 5 replicates; a verdict needs 16"
        assert verdict_columns.verdict(data).value == "too few replicates"


def test_each_need_gives_its_reason(tmp_path):
    with data_of(tmp_path, independent_draws()[:1], no_truth="nobody knows") as data:
        assert needs.ground_truth(data) == "nobody knows"
        assert needs.replicates(data) == "too few replicates: 1"
        assert needs.equal_weights(data) == "" != needs.weights(data)
        assert needs.simulated_truths(data) == "asked for with --calibrate prior"
        assert data.score("realised_ess").reason == "nobody knows"  # the first that is not met


def test_draws_that_lack_a_parameter_of_the_ground_truth_are_refused(tmp_path):
    other = replace(stored.exact(), names=("slope", "c"))
    with pytest.raises(Unfit, match="^no component 'slope'; the draws hold 'm', 'c'$"):
        with data_of(tmp_path, independent_draws(), other):
            pass


def test_each_row_says_what_it_could_have_seen(tmp_path):
    with data_of(tmp_path, independent_draws(), stored.exact()) as data:
        names = ("calibration", "bias", "failure_rate")
        found = {name: getattr(power, f"detectable_{name}")(data).value for name in names}
        # 40 replicates of 200 draws: claims of 1 / sqrt(200) = 0.07 sd
        assert 1.7 < found["calibration"] < 2.2
        assert 0.07 < found["bias"] < 0.15
        assert 0.1 < found["failure_rate"] < 0.13  # two of 40
        assert data.score("detectable_log_z_bias").reason == "this sampler gives no evidence"
        said = data.score("power").value
        assert said.startswith("errors ") and said.endswith("% of runs far off")
    with data_of(tmp_path, independent_draws(found["bias"]), stored.exact()) as data:
        assert data.score("verdict").value in ("biased", "overconfident")
    with data_of(tmp_path, independent_draws()[:10], stored.exact()) as data:
        assert data.score("power").reason == "10 replicates; a verdict needs 16"


def test_the_bias_of_log_z_that_would_have_been_seen_is_seen(tmp_path):
    exact, rng = stored.exact(), np.random.default_rng(3)

    def runs(bias: float) -> list[Draws]:
        noise = bias + 0.3 * rng.standard_normal(REPLICATES)
        return [
            replace(draws, log_z=exact.log_evidence + float(one), log_z_err=0.3)
            for draws, one in zip(independent_draws(), noise, strict=True)
        ]

    with data_of(tmp_path, runs(0.0), exact) as data:
        found = data.score("detectable_log_z_bias").value
        assert 0.2 < found < 0.5
    with data_of(tmp_path, runs(1.3 * found), exact) as data:
        assert data.score("verdict").value in ("biased", "overconfident")


def test_scores_of_runs_that_pass_their_own_diagnostics_leave_the_others_out(tmp_path):
    runs = independent_draws(divergences=0)
    shifted = independent_draws(3.0, divergences=5)
    runs[:4] = shifted[:4]
    with data_of(tmp_path, runs, stored.exact()) as data:
        # four diverge; with 200 draws an ESS of less than 100 is claimed now and then
        assert 0.75 <= given_pass.pass_rate(data).value <= 0.9
        assert data.score("calibration").value > 5
        assert 0.7 < data.score("calibration_given_pass").value < 1.5
        assert data.score("failure_rate").value == 0.1
        assert data.score("failure_rate_given_pass").value == 0
        assert data.score("realised_ess_given_pass").value > 100 > data.score("realised_ess").value
        assert abs(data.score("mean_error_given_pass").value) < 0.1
        assert 0.9 < data.score("sd_ratio_given_pass").value < 1.1
        said = data.score("given_pass").value
        rate = data.score("pass_rate").value
        assert said.startswith(
            f"its own diagnostics pass in {100 * rate:.2g} % of runs; of those, errors are "
        )
        assert re.search(r"errors are [\d.]+ \([\d.]+ to [\d.]+\) times the claimed$", said)
        assert data.score("log_z_error_given_pass").reason == "this sampler gives no evidence"
    with data_of(tmp_path, shifted, stored.exact()) as data:
        why = "fewer than two replicates pass their own diagnostics"
        assert data.score("calibration_given_pass").reason == why
        assert data.score("pass_rate").value == 0


def test_log_z_of_runs_that_pass_is_scored_apart(tmp_path):
    exact = stored.exact()
    nested = {"log_weights": np.zeros((1, DRAWS)), "ess": float(DRAWS), "log_z_err": 0.3}
    runs = [
        replace(
            draws, log_z=exact.log_evidence + (5.0 if r < 4 else 0.3), cut_short=r < 4, **nested
        )
        for r, draws in enumerate(independent_draws())
    ]
    with data_of(tmp_path, runs, exact) as data:
        assert data.score("log_z_error").value == pytest.approx(0.3 + 0.1 * 4.7)
        assert data.score("log_z_error_given_pass").value == pytest.approx(0.3)
        assert data.score("log_z_calibration_given_pass").value == pytest.approx(1.0)


def test_the_standard_errors_of_a_run_hold_and_halved_ones_do_not(tmp_path):
    with data_of(tmp_path, independent_draws(), stored.exact()) as data:
        held = run_intervals.mcse_coverage(data)
        # least of two shares of 40 at 95 %: less than 30 is a thing of once in a million
        assert 30 / 40 <= held.value <= 1 and len(held.by_parameter) == 2
        assert held.value == min(each.value for each in held.by_parameter)
        largest = run_intervals.calibration_quantiles(data)
        assert 0.7 < largest.value < 1.6 and len(largest.by_parameter) == 2
        assert largest.value == max(each.value for each in largest.by_parameter)
        assert data.score("ess_mean").value > 150
    # each draw twice, in an order that hides it: claims as of twice the draws
    twice = []
    for draws in independent_draws():
        order = np.random.default_rng(1).permutation(2 * DRAWS)
        sites = {name: np.tile(x, (1, 2))[:, order] for name, x in draws.sites.items()}
        twice.append(replace(draws, sites=sites))
    with data_of(tmp_path, twice, stored.exact()) as data:
        assert run_intervals.calibration_quantiles(data).value > 1.2
        assert run_intervals.mcse_coverage(data).value < 0.93
    nested = {"log_weights": np.zeros((1, DRAWS)), "ess": float(DRAWS)}
    with data_of(tmp_path, independent_draws(**nested), stored.exact()) as data:
        assert data.score("calibration_quantiles").reason.startswith("weighted draws")
        assert data.score("ess_mean").value == data.score("ess").value == DRAWS
    moments = replace(stored.exact(), quantile=None, draw=None)
    with data_of(tmp_path, independent_draws(), moments) as data:
        assert data.score("calibration_quantiles").reason == "the reference is moments alone"
