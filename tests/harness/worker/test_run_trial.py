"""What a worker measures of a trial is there, is sane, and is about this trial alone."""

from __future__ import annotations

import hashlib
import math
import statistics
import time
from importlib.metadata import version

import numpy as np
import pytest

from samplerbench.harness.records import (
    AUTO,
    Job,
    Result,
    fit_replicates,
    read_result,
    to_json,
)
from samplerbench.harness.worker import provenance, replicates, timing
from samplerbench.harness.worker.run_trial import TrialRunner
from samplerbench.harness.worker.timing import CompileClock, Lap, measure_union
from samplerbench.models.base import build
from samplerbench.samplers.base import Compiled, Draws
from samplerbench.samplers.support.background_call import BackgroundCall
from tests.support import trials
from tests.support.trials import small, trial_of_file

#: every timing that a result holds or says why not
TIMINGS = {
    "import_s",
    "cold_s",
    "compile_s",
    "compiles",
    "rerun_s",
    "compiles_per_rerun",
    "aot_s",
    "warm_s",
    "warmup_s",
    "sample_s",
    "peak_rss_mb",
    "device_peak_mb",
}


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    """The control's result and draws; the wall seconds that it took are beside it."""
    scratch = tmp_path_factory.mktemp("control")
    before = time.perf_counter()
    result = trials.run(small(precision=64), scratch)
    assert result.status == "ok", result.reason
    return result, scratch / "draws.npz", time.perf_counter() - before


@pytest.fixture(scope="module")
def nuts(tmp_path_factory):
    """A NUTS trial's result, draws, the phases that were seen, and the wall seconds."""
    scratch, phases = tmp_path_factory.mktemp("nuts"), []
    before = time.perf_counter()
    one_device = {"chain_method": "sequential"}
    trial = small(sampler="numpyro_nuts", settings=one_device, precision=64, chains=2, replicates=7)
    result = trials.run(trial, scratch, 200.0, watching=phases.append)
    assert result.status == "ok", result.reason
    return result, scratch / "draws.npz", phases, time.perf_counter() - before


def missing_and_given(result: Result) -> tuple[set[str], set[str]]:
    return set(result.missing), {k for k, v in result.timings.items() if v is not None}


@pytest.mark.process
def test_each_timing_is_there_or_has_a_reason(control, nuts):
    for result in (control[0], nuts[0]):
        missing, given = missing_and_given(result)
        assert missing | given >= TIMINGS
        assert not missing & given
        assert all(result.missing.values())


@pytest.mark.process
def test_times_are_positive_and_add_up_to_less_than_was_waited(control, nuts):
    for result, wall in ((control[0], control[-1]), (nuts[0], nuts[-1])):
        parts = [result.timings[name] for name in ("import_s", "cold_s", "rerun_s", "aot_s")]
        assert min(parts) > 0
        assert sum(parts) <= wall


@pytest.mark.process
def test_the_control_compiles_nothing_and_starts_no_jax(control):
    result = control[0]
    assert [result.timings[n] for n in ("compiles", "compile_s", "compiles_per_rerun")] == [0, 0, 0]
    assert set(result.versions) == {"python", "numpy"}


@pytest.mark.process
def test_nuts_compiles_in_the_cold_run_and_never_again_on_the_pinned_stack(nuts):
    timings = nuts[0].timings
    assert timings["compiles"] >= 1
    assert 0 < timings["compile_s"] <= timings["cold_s"]
    assert timings["compiles_per_rerun"] == 0
    assert timings["rerun_s"] < timings["cold_s"]


@pytest.mark.process
def test_warm_seconds_hold_no_compiling(nuts):
    timings = nuts[0].timings
    assert timings["warm_s"] < timings["compile_s"] / 10
    longest = max(nuts[0].runs["warm_s"])
    assert timings["warm_s"] <= longest
    # medians do not add up, but each part is less than the longest run
    assert 0 < timings["warmup_s"] <= longest
    assert 0 < timings["sample_s"] <= longest


@pytest.mark.process
def test_seconds_under_a_clock_and_cpu_of_the_rest_are_told_apart(nuts):
    timings = nuts[0].timings
    under = sum(timings[name] for name in ("import_s", "cold_s", "rerun_s", "aot_s"))
    assert under + sum(nuts[0].runs["warm_s"]) <= timings["clocked_s"]
    assert timings["rest_cpu_s"] > 0 and timings["transfer_s"] > 0


@pytest.mark.process
def test_phases_are_told_in_order(nuts):
    order = ["start", "import", "model", "cold", "rerun", "compile", "warm", "replicates", "save"]
    places = [order.index(phase) for phase in nuts[2]]
    assert places == sorted(places)
    assert {"cold", "compile"} <= set(nuts[2])  # seconds each: no poll can miss them


@pytest.mark.process
def test_versions_are_those_imported(nuts):
    found = nuts[0].versions
    for distribution in ("jax", "jaxlib", "numpyro", "numpy"):
        assert found[distribution] == version(distribution)
    assert "jaxns" not in found  # installed, but not imported


def test_a_sampler_adds_its_own_distributions_to_the_recorded_versions():
    assert "jaxns" not in provenance.read_versions()
    versions = provenance.read_versions(("jaxns", "no-such-distribution"))
    assert versions["jaxns"] == version("jaxns")
    assert versions["numpy"] == np.__version__ and "no-such-distribution" not in versions


@pytest.mark.process
def test_precision_asked_for_is_precision_found(nuts):
    assert nuts[0].precision == 64
    assert nuts[0].warnings == [w for w in nuts[0].warnings if "-bit" not in w]
    with np.load(nuts[1]) as arrays:
        assert {arrays[f"{group}/site/m"].dtype.name for group in ("replicates", "plain")} == {
            "float64"
        }


@pytest.mark.process
@pytest.mark.parametrize("asked", [32, 64])
def test_a_model_that_switches_the_precision_is_found_out(tmp_path, asked):
    other = 96 - asked
    code = f"import jax\njax.config.update('jax_enable_x64', {other == 64})\n"
    trial = trial_of_file(tmp_path, f"{code}def program(): ...\n", precision=asked)
    result = trials.run(trial, tmp_path / "scratch")
    assert result.precision == other
    assert f"asked for {asked}-bit, but an import switched JAX to {other}-bit" in result.warnings


@pytest.mark.process
def test_the_machine_and_the_settings_come_along(nuts):
    found = nuts[0].machine
    assert found["device"] == "cpu"
    assert found["cpu"] and found["cores"] >= found["cores_allowed"] >= 1
    assert found["memory_mb"] > nuts[0].timings["peak_rss_mb"]
    assert found["settings"]["JAX_ENABLE_X64"] == "1"
    assert found["load_before"] >= 0 and found["load_after"] >= 0


@pytest.mark.process
def test_peak_memory_is_the_workers_own(control):
    # JAX would take 100 MB and more, and this process is larger than a worker that needs only NumPy
    ballast = np.ones(300 * 2**17)  # 300 MB, touched
    assert timing.read_peak_rss_mb() > ballast.nbytes / 2**20
    assert 10 < control[0].timings["peak_rss_mb"] < 200


@pytest.mark.process
def test_a_worker_launched_from_a_large_process_does_not_inherit_its_peak(tmp_path):
    ballast = np.ones(600 * 2**17)
    result = trials.run(small(), tmp_path / "scratch")
    assert result.timings["peak_rss_mb"] < ballast.nbytes / 2**20 / 2


@pytest.mark.process
def test_draws_have_the_shapes_of_the_trial(nuts):
    with np.load(nuts[1]) as arrays:
        assert arrays["replicates/site/m"].shape == (7, 2, 50)
        assert arrays["plain/site/m"].shape == (2, 2, 50)
        assert arrays["replicates/stat/diverging"].shape == (7, 2, 50)
        assert np.isfinite(arrays["replicates/site/m"]).all()


@pytest.mark.process
def test_replicates_have_seeds_of_their_own_and_plain_runs_the_first_two(control):
    with np.load(control[1]) as arrays:
        m, plain = arrays["replicates/site/m"], arrays["plain/site/m"]
    assert len(np.unique(m)) == m.size
    # independent draws know no modes: a seed stands for its draws
    np.testing.assert_array_equal(plain, m[:2])


@pytest.mark.process
def test_the_draws_digest_is_that_of_the_file(control, nuts):
    for result, path in ((control[0], control[1]), (nuts[0], nuts[1])):
        assert result.draws_digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.process
def test_the_same_trial_gives_the_same_draws_and_another_seed_others(control, tmp_path):
    again = trials.run(small(precision=64), tmp_path / "again")
    other = trials.run(small(precision=64, seed=1), tmp_path / "other")
    assert again.draws_digest == control[0].draws_digest
    assert other.draws_digest != control[0].draws_digest


def test_the_data_digest_tells_data_apart():
    data = build("linear", {}).data
    same = {name: data[name].copy() for name in reversed(data)}
    moved = {**same, "y": data["y"] + 1e-12}
    renamed = {("z" if name == "y" else name): value for name, value in data.items()}
    narrower = {name: value.astype(np.float32) for name, value in data.items()}
    digest = provenance.digest_data(data)
    assert provenance.digest_data(same) == digest
    others = {provenance.digest_data(d) for d in (moved, renamed, narrower)}
    assert len(others) == 3 and digest not in others


@pytest.mark.process
def test_a_result_survives_the_way_through_json(nuts):
    assert read_result(to_json(nuts[0])) == nuts[0]


# -- the clock -----------------------------------------------------------------------------------


def test_a_union_is_the_measure_of_what_is_covered():
    assert measure_union([]) == 0
    rng = np.random.default_rng(3)
    for _ in range(50):
        starts = rng.integers(0, 90, 8)
        ends = starts + rng.integers(0, 20, 8)
        covered = {second for a, b in zip(starts, ends, strict=True) for second in range(a, b)}
        assert measure_union(list(zip(starts.tolist(), ends.tolist(), strict=True))) == len(covered)


def test_a_lap_counts_the_compilations_within_it_alone():
    clock = CompileClock()
    clock._heard("/jax/core/compile/backend_compile_duration", 0.5)
    _, lap = clock.lap(lambda: clock._heard("/jax/core/compile/jaxpr_trace_duration", 0.5))
    assert (lap.compiles, lap.compile) == (0, 0.0)
    value, lap = clock.lap(lambda: clock._heard("/jax/x/backend_compile_duration", 0.25) or 7)
    assert (value, lap.compiles) == (7, 1)
    assert lap.compile == pytest.approx(0.25)


def test_a_lap_tells_waiting_from_working():
    _, waited = CompileClock().lap(lambda: time.sleep(0.2))
    assert waited.wall >= 0.2
    assert waited.cpu < 0.1
    _, worked = CompileClock().lap(lambda: sum(range(3_000_000)))
    assert 0.02 < worked.cpu  # three million additions; a busy machine stretches the wall alone


@pytest.mark.parametrize(
    ("wall", "cpu", "seconds"),
    [
        (1.0, 1.0, 1.0),
        (2.5, 1.0, 1.0),  # something else had the core for the rest
        (1.0, 1.9, 1.0),  # two threads
        (8.0, 0.01, 2.0),  # waits for processes of its own: a quarter at the least
    ],
)
def test_a_call_on_a_busy_machine_takes_its_cpu_seconds(wall, cpu, seconds):
    assert timing.estimate_alone(wall, cpu) == seconds


@pytest.mark.parametrize(("device", "count"), [("cpu", 120), ("gpu", 60)])
def test_replicates_that_fit_are_as_many_on_a_busy_machine(device, count, tmp_path):
    """What others took from a run on the CPU is no reason for fewer; a GPU is waited for."""
    trial = small(replicates=AUTO)
    runner = TrialRunner(Job(trial, str(tmp_path), 0.0))
    runner.result.machine["device"] = device
    runner.result.timings["warm_s"] = 0.5
    runner.result.runs["warm_cpu_s"] = [0.25, 0.25, 0.3]
    assert fit_replicates(trial, runner._estimate_warm()) == count


@pytest.mark.process
def test_the_spread_of_one_run_is_that_of_repeats(tmp_path):
    result = trials.run(small(replicates=1), tmp_path / "scratch")
    assert result.status == "ok"
    told = [w for w in result.warnings if w.startswith("unstable: repeats of one seed")]
    assert bool(told) == (result.timings["warm_spread"] > 0.10)
    assert math.isfinite(result.timings["warm_s"])


def test_a_replicate_that_hangs_is_given_up_and_the_others_go_on(monkeypatch):
    """A compiled program can't be interrupted: it is left behind, and its draws are NaN."""
    monkeypatch.setattr(replicates, "PATIENCE_S", 0.2)
    monkeypatch.setattr(replicates, "PATIENCE", 0.0)
    good = Draws({"x": np.zeros((1, 4))}, stats={"diverging": np.zeros((1, 4), bool)})

    def sample(seed):
        if seed == 1:
            time.sleep(60)
        return good

    compiled = Compiled(sample=sample, collect=lambda raw: raw)
    result = Result("ok", machine={"device": "cpu"})
    runner = replicates.ReplicateRunner(CompileClock(), result, good, [])
    runs = runner.run_timed([(compiled, seed) for seed in (0, 1, 2)])
    runner.report_failures()
    assert [bool(np.isnan(draws.sites["x"]).all()) for draws in runs] == [False, True, False]
    assert len(result.runs["warm_s"]) == 2
    assert any(
        "1 replicate did not finish, counted as failed" in w and "seed 1" in w
        for w in result.warnings
    )


def test_a_compiled_replicate_that_raises_an_error_is_lost_and_the_others_go_on():
    good = Draws({"x": np.zeros((1, 4))})

    def sample(seed):
        if seed in (1, 4):
            raise ArithmeticError(f"of seed {seed}")
        return good

    compiled = Compiled(sample=sample, collect=lambda raw: raw)
    result = Result("ok", machine={"device": "cpu"})
    runner = replicates.ReplicateRunner(CompileClock(), result, good, [])
    runs = runner.run_timed([(compiled, seed) for seed in (0, 1, 2)])
    runs += runner.run_untimed([(compiled, seed) for seed in (3, 4)], together=False)
    runner.report_failures()
    lost = [bool(np.isnan(draws.sites["x"]).all()) for draws in runs]
    assert lost == [False, True, False, False, True] and runner.failed_seeds == [1, 4]
    assert result.warnings[-1] == (
        "2 replicates raised an error, counted as failed (seed 1, 4); first "
        "ArithmeticError: of seed 1"
    )


def test_patience_follows_the_median_timed_run_and_is_five_seconds_at_the_least():
    good = Draws({"x": np.zeros((1, 4))})

    def patience_after(warm_s):
        compiled = Compiled(sample=lambda seed: time.sleep(warm_s), collect=lambda raw: good)
        slow_start = [Lap(4.0, 4.0, 0.0, 0)]  # the first run, which has met a hard trajectory
        result = Result("ok")
        runner = replicates.ReplicateRunner(CompileClock(), result, good, slow_start)
        runner.run_timed([(compiled, seed) for seed in range(3)], more=10**9)
        return runner.patience, statistics.median(result.runs["warm_s"])

    patience, median = patience_after(0.0)
    assert patience == max(5.0, 200 * median)
    patience, median = patience_after(0.04)
    assert patience == 200 * median >= 200 * 0.04


def test_a_stuck_replicate_holds_one_core_and_delays_nobody(monkeypatch):
    monkeypatch.setattr(replicates.os, "cpu_count", lambda: 2)
    good, others = Draws({"x": np.zeros((1, 4))}), []

    def call_within(seconds, call):  # patience ends once all others have ended
        background = BackgroundCall(call)
        while not background.wait(0.01):
            if len(others) == 39:
                raise replicates.StuckCall
        others.append(call)
        return background.result()

    monkeypatch.setattr(replicates, "call_within", call_within)
    compiled = Compiled(
        sample=lambda seed: time.sleep(60 if seed == 0 else 0), collect=lambda raw: good
    )
    result = Result("ok", machine={"device": "cpu"})
    runner = replicates.ReplicateRunner(CompileClock(), result, good, [])
    runs = runner.run_untimed([(compiled, seed) for seed in range(40)], together=False)
    assert len(runs) == 40 and runner.abandoned == [0] and len(others) == 39


def test_what_a_guarded_call_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        replicates.call_within(5.0, lambda: 1 / 0)
