"""Runs one trial in one process: all replicates, timed; the answer goes to files.

The answer is ``result.json`` and ``draws.npz`` in the job's scratch folder, never standard
output, which libraries and users' models may fill with anything. ``phase.txt`` names the phase
that the trial is in, and after a comma what is to come, where that is long.

What has finished before the limit of a trial's time is kept: fewer replicates than asked. Where
there is no time for the compiled mode they are plain runs, the first two of which are those of the
cold phase.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.harness import draws_file
from samplerbench.harness.records import (
    AUTO,
    LEAST_AUTO,
    SAVING,
    TIMED_RUNS,
    Job,
    Result,
    fit_replicates,
)
from samplerbench.harness.worker import compiled_mode, outcome, provenance, start_up
from samplerbench.harness.worker.cold_runs import ColdRuns
from samplerbench.harness.worker.fingerprint import compute_log_likelihood
from samplerbench.harness.worker.large_sites import leave_out_large
from samplerbench.harness.worker.plain_replicates import PlainReplicates
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.rank_quantities import add_log_likelihood
from samplerbench.harness.worker.replicates import ReplicateRunner
from samplerbench.harness.worker.time_limit import OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import (
    CompileClock,
    estimate_alone,
    read_cpu_seconds,
    read_load,
)
from samplerbench.harness.worker_files import DRAWS, enter_phase
from samplerbench.models.base import Model, Sites
from samplerbench.models.loading.model_names import find_file, is_file, load_model
from samplerbench.models.loading.script import describe_redefined, describe_skipped
from samplerbench.options import fill
from samplerbench.samplers.base import (
    Budget,
    Declined,
    Draws,
    Prepared,
    Sampler,
    samplers,
)
from samplerbench.samplers.loading.sampler_file import run_sampler_file
from samplerbench.samplers.support.prior_predictive import make_simulator

OF_COMPILED = ("aot_s", "warm_s", "warmup_s", "sample_s", "transfer_s")  # timings
SIMULATION_STREAM = 0x5BC  # keeps simulated truths apart from any other use of the same seed


def main(job_file: str) -> int:
    """Run the job in ``job_file``; 0 when an answer was written, whatever its status."""
    return serve(job_file, lambda job: TrialRunner(job).run())


class TrialRunner:
    """Takes one trial through its phases; an exception ends it with a status and a reason."""

    def __init__(self, job: Job) -> None:
        self.job, self.trial = job, job.trial
        self.asked = self.trial.most_replicates  # less where they are to fit a time
        if self.trial.block:  # the timed ones alone
            self.asked = min(self.asked, TIMED_RUNS)
        self.seeds = [self.trial.seed + r for r in range(self.asked)]
        self.clock = CompileClock()
        self.limit = TimeLimit(job.timeout_s, job.launched_at)
        self.result = Result(status="ok")
        self.cold = ColdRuns(self.trial, self.result, self.clock, self.limit, self._explain)
        self._loaded: Model | None = None  # of a user's file
        self.own_environment = ""  # that the sampler names
        self.unclocked: tuple[float, float] | None = None  # wall and CPU seconds when that begins

    def run(self) -> Result:
        """The trial's result; never raises for what the sampler or the model does."""
        try:
            self._run_phases()
        except Declined as declined:
            self.result.end("declined", str(declined))
        except Exception as error:  # whatever a library or a model raises is the row's reason
            traceback.print_exc()
            self.result.end(*outcome.explain_error(self.job, error, self.own_environment))
        outcome.record_memory(self.result)
        outcome.record_cost(self.result, self.job.launched_at, self.unclocked)
        if self.result.status == "ok" and self._loaded and not self.trial.block:
            with contextlib.suppress(Exception):  # the row stands without it
                self.result.log_likelihood = self.limit.call(self._compute_log_likelihood)
        return self.result

    def _explain(self, error: Exception) -> str:
        return outcome.explain_error(self.job, error, self.own_environment)[1]

    def _compute_log_likelihood(self) -> float | None:
        assert self._loaded, "asked where there is a model"
        start_up.widen(self._loaded)
        return compute_log_likelihood(self._loaded)

    def _enter_phase(self, name: str) -> None:
        enter_phase(self.job, name)

    def _run_phases(self) -> None:
        trial = self.trial
        sampler = samplers.get(trial.sampler)
        self.own_environment = sampler.environment
        model = self._load(sampler)
        self._loaded = model if find_file(self.trial.model) else None
        start_up.record_warnings(self.result)
        start_up.check_precision(trial, self.result)
        self.result.data_digest = provenance.digest_data(model.data)
        start_up.check_devices(trial, sampler, self._settings, self.result)
        prepared = self._run_cold(model)
        plain = self.cold.draws
        self.result.claims = "; ".join(filter(None, (sampler.claims, prepared.claims)))
        truths, data = self._simulate(model)
        if trial.block:
            self._time_compiled(prepared, model, data)
            return
        replicates: list[Draws] = []
        with contextlib.suppress(OutOfTime):
            if prepared.compile and (data or self.limit.allows(sum(self.cold.guesses))):
                replicates = self._run_compiled(prepared, model, data)
            else:
                replicate = self._bind_plain(prepared, model, data)
                replicates = self._run_plain(replicate, plain[0], [] if data else plain)
        if not data and len(replicates) < len(plain[: self.asked]):
            replicates = self._take_plain(plain)
        if prepared.compile and self.result.mode == "plain":
            outcome.explain_missing(self.result, self.limit, OF_COMPILED, "the compiled mode")
        guess = self._guess_run()
        if outcome.count_finished(
            self.result, trial, self.limit, len(replicates), self.asked, guess
        ):
            if self.result.mode == "plain":
                outcome.time_transfers(self.result, self.clock, model)
            truths = truths[: len(replicates)]
            if truths:
                replicates, truths = self._add_log_likelihood(model, replicates, truths, data)
            start_up.check_program(trial, model, self.result)
            self._enter_phase(SAVING)
            self._save(replicates, plain, truths)

    def prepare_replicates(self) -> Callable[[int], Draws]:
        """The run of each replicate by the library's own call, as a further process needs it."""
        model = self._load(samplers.get(self.trial.sampler))
        _, data = self._simulate(model)
        return self._bind_plain(None if data else self._prepare(model), model, data)

    def _prepare(self, model: Model) -> Prepared:
        trial = self.trial
        budget = Budget(trial.chains, trial.warmup, trial.draws)
        prepared = samplers.get(trial.sampler).prepare(model, budget, self._settings)
        if not is_file(trial.model):
            return prepared
        judged = trial.deterministic or ()
        return leave_out_large(prepared, model, judged, self.asked, self.result.warnings)

    @functools.cached_property
    def _settings(self) -> Any:
        """The sampler's settings, with those of the trial."""
        sampler = samplers.get(self.trial.sampler)
        return fill(sampler.settings, self.trial.settings, sampler.name)

    def _bind_plain(
        self, prepared: Prepared | None, model: Model, data: list[Sites]
    ) -> Callable[[int], Draws]:
        """The run of each replicate by the library's own call, on its own data where it has."""

        def run(index: int) -> Draws:
            each = self._prepare(model.with_data(data[index])) if data else prepared
            assert each is not None, "prepared where replicates have no data of their own"
            return draws_file.take_run(each.plain(self.seeds[index]), f"run {index}")

        return run

    def _load(self, sampler: Sampler) -> Model:
        """The model, once the libraries are imported.

        A user's files and functions come before them: they may switch JAX to 64 bits or ask for
        host devices, which libraries and JAX's backend read when they start.
        """
        trial = self.trial
        file, is_own = find_file(trial.model), is_file(trial.model)
        self._enter_phase("model" if is_own else "import")
        if samplers.is_file(trial.sampler):
            run_sampler_file(trial.sampler)
        if not is_own:
            start_up.import_libraries(self.job, sampler, self.clock, self.result)
            self._enter_phase("model")
        model = load_model(trial.model, trial.model_options, trial.data_file)
        if file:
            self.result.warnings += describe_skipped(file)
            self.result.warnings += describe_redefined(file, trial.model)
        if is_own:
            self._enter_phase("import")
            start_up.import_libraries(self.job, sampler, self.clock, self.result)
        return model

    def _run_cold(self, model: Model) -> Prepared:
        """What the sampler makes of ``model``, once both plain runs have ended."""
        self.result.machine["load_before"] = read_load()
        self._enter_phase("cold")
        prepared, seconds = self.cold.run_first(lambda: self._prepare(model), self.asked)
        self._enter_phase("rerun")
        self.cold.run_second(prepared, seconds)
        return prepared

    def _simulate(self, model: Model) -> tuple[list[Sites], list[Sites]]:
        """For calibration by simulation, a truth and data for each replicate; else nothing."""
        if self.trial.calibrate != "prior":
            return [], []
        self._enter_phase("simulate")
        simulate = make_simulator(model)
        pairs = [simulate(np.random.default_rng([seed, SIMULATION_STREAM])) for seed in self.seeds]
        return [truth for truth, _ in pairs], [data for _, data in pairs]

    def _time_compiled(self, prepared: Prepared, model: Model, data: list[Sites]) -> None:
        """The clocked phases of the compiled mode alone, whose draws are not kept."""
        if prepared.compile:
            with contextlib.suppress(OutOfTime):
                self._run_compiled(prepared, model, data)

    def _run_compiled(self, prepared: Prepared, model: Model, data: list[Sites]) -> list[Draws]:
        """All replicates in the compiled mode, or those in time; the first ones under the clock.

        ``data`` holds a data set for each replicate, or nothing: then all have the model's own.
        """
        self._enter_phase("compile")
        self.result.warnings += filter(None, [self.cold.second_error])
        clock, limit, result = self.clock, self.limit, self.result
        mode, lap = compiled_mode.compile_and_run(
            prepared, bool(data), self.seeds, clock, limit, self.cold.guesses
        )
        result.timings["aot_s"] = lap.wall
        bound = compiled_mode.bind_all(mode, data, clock, limit, result)
        bound = bound or [mode.sampler] * len(self.seeds)
        pairs = list(zip(bound, self.seeds))  # noqa: B905
        rest = pairs[TIMED_RUNS:]
        has_batch = not data and mode.sampler.batch is not None
        together = has_batch and len(rest) >= mode.sampler.batch_from
        runner = ReplicateRunner(
            clock, result, mode.first, mode.laps, limit, self._announce_timed, self._explain
        )
        self._enter_phase("warm")
        least = min(len(rest), LEAST_AUTO) if self.trial.replicates == AUTO else len(rest)
        replicates = runner.run_timed(pairs[:TIMED_RUNS], 0 if together else least)
        outcome.time_transfers(self.result, self.clock, model)
        if len(replicates) == len(pairs[:TIMED_RUNS]):
            self.asked = fit_replicates(self.trial, self._estimate_warm() or runner.longest)
            rest = pairs[TIMED_RUNS : self.asked]
            self._announce_replicates(0.0 if together else runner.longest * len(rest))
            replicates += runner.run_untimed(rest, together)
        runner.report_failures()
        result.mode = "compiled"
        return replicates

    def _estimate_warm(self) -> float | None:
        """Seconds of a timed run, those that others on the machine took from it left out."""
        wall, cpu = self.result.timings.get("warm_s"), self.result.runs.get("warm_cpu_s")
        on_cpu = self.result.machine.get("device") == "cpu"
        return estimate_alone(wall, statistics.median(cpu)) if wall and cpu and on_cpu else wall

    def _announce_timed(self, seconds: float) -> None:
        self._enter_phase(f"warm{self.limit.describe(seconds)}")

    def _announce_replicates(self, seconds: float) -> None:
        """Enter the phase in which no clock runs: others may use the machine."""
        self.unclocked = time.monotonic(), read_cpu_seconds()
        self._enter_phase(f"replicates{self.limit.describe(seconds)}")

    def _run_plain(
        self, replicate: Callable[[int], Draws], like: Draws, known: list[Draws]
    ) -> list[Draws]:
        """All replicates by the library's own call, the first of which are ``known``."""
        self.result.mode = "plain"
        reason = "no compiled mode on this stack: replicates are plain calls"
        self.result.missing.update(dict.fromkeys(OF_COMPILED, reason))
        guess = self._guess_run()
        self.asked = fit_replicates(self.trial, self.cold.alone_s or guess)
        shares = PlainReplicates(self.job, self.result, self.limit, self.asked, guess)
        self._announce_replicates(guess * (self.asked - len(known)) / shares.processes)
        return shares.run(lambda i: known[i] if i < len(known) else replicate(i), like)

    def _guess_run(self) -> float:
        """Seconds of a plain run, as far as is known."""
        timings = self.result.timings
        return timings.get("rerun_s") or timings["cold_s"] or 0.0

    def _take_plain(self, plain: list[Draws]) -> list[Draws]:
        """The plain runs as replicates, where no more of the other mode ended in time."""
        self.result.mode = "plain"
        return plain[: self.asked]

    def _add_log_likelihood(
        self, model: Model, replicates: list[Draws], truths: list[Sites], data: list[Sites]
    ) -> tuple[list[Draws], list[Sites]]:
        self._enter_phase("ranks")
        try:
            return add_log_likelihood(model, replicates, truths, data)
        except Exception as error:  # programs may do what densities can't; the ranks lose a column
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            self.result.warnings.append(f"the log likelihood is not ranked: {reason}")
            return replicates, truths

    def _save(self, replicates: list[Draws], plain: list[Draws], truths: list[Sites]) -> None:
        path = Path(self.job.scratch) / DRAWS
        groups = {"replicates": replicates, "plain": plain} if plain else {"replicates": replicates}
        self.result.draws_digest = draws_file.save_draws(path, groups, truths)
