"""Runs one trial in one process: all replicates, timed; the answer goes to files.

The answer is ``result.json`` and ``draws.npz`` in the job's scratch folder, never standard
output, which libraries and users' models may fill with anything. ``phase.txt`` names the phase
that the trial is in.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import one_line
from samplerbench.files import write_whole
from samplerbench.harness import draws_file
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker import plugin_imports, provenance, start_up
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.replicates import TIMED_RUNS, ReplicateRunner, run_once
from samplerbench.harness.worker.timing import (
    CompileClock,
    Lap,
    read_device_peak_mb,
    read_load,
    read_peak_rss_mb,
    time_upload,
)
from samplerbench.models.base import Model, Sites
from samplerbench.models.loading.model_names import find_file, load_model
from samplerbench.models.loading.script import describe_skipped
from samplerbench.options import fill
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Declined,
    Draws,
    Prepared,
    Sampler,
    samplers,
)
from samplerbench.samplers.support.prior_predictive import make_simulator

PRIMED_SEEDS = (
    32  # seeds whose shapes are met before the clock starts; later ones compile as they come
)
SIMULATION_STREAM = 0x5BC  # keeps simulated truths apart from any other use of the same seed


def main(job_file: str) -> int:
    """Run the job in ``job_file``; 0 when an answer was written, whatever its status."""
    return serve(job_file, lambda job: TrialRunner(job).run())


class TrialRunner:
    """Takes one trial through its phases; an exception ends it with a status and a reason."""

    def __init__(self, job: Job) -> None:
        self.job, self.trial, self.scratch = job, job.trial, Path(job.scratch)
        self.seeds = [self.trial.seed + r for r in range(self.trial.replicates)]
        self.clock = CompileClock()
        self.result = Result(status="ok")

    def run(self) -> Result:
        """The trial's result; never raises for what the sampler or the model does."""
        try:
            self._run_phases()
        except Declined as declined:
            self._end("declined", str(declined))
        except MemoryError as error:
            self._end("out of memory", one_line(error))
        except Exception as error:  # whatever a library or a model raises is the row's reason
            traceback.print_exc()
            lack = plugin_imports.explain_missing_import(self.job, error)
            status = "out of memory" if _is_out_of_memory(error) else "failed"
            self._end("declined" if lack else status, lack or one_line(error))
        self._record_memory()
        return self.result

    def _end(self, status: str, reason: str) -> None:
        self.result.status, self.result.reason = status, reason

    def _enter_phase(self, name: str) -> None:
        write_whole(self.scratch / "phase.txt", name)

    def _run_phases(self) -> None:
        trial = self.trial
        sampler = samplers.get(trial.sampler)
        model = self._load(sampler)
        start_up.check_precision(trial, self.result)
        start_up.check_observed(trial, model, self.result)
        self.result.data_digest = provenance.digest_data(model.data)
        settings = fill(sampler.settings, trial.settings, sampler.name)
        budget = Budget(trial.chains, trial.warmup, trial.draws)
        start_up.check_devices(trial, sampler, settings, self.result)
        prepared, plain = self._run_cold(lambda: sampler.prepare(model, budget, settings))
        truths, data = self._simulate(model)
        if prepared.compile:
            replicates = self._run_compiled(prepared, data)
        else:
            others = [sampler.prepare(model.with_data(d), budget, settings) for d in data]
            replicates = self._run_plain(others or [prepared] * trial.replicates)
        self._time_transfers(model)
        self._enter_phase("save")
        self._save(replicates, plain, truths)

    def _load(self, sampler: Sampler) -> Model:
        """The model, once the libraries are imported.

        A user's file comes before them: it may switch JAX to 64 bits or ask for host devices,
        which libraries and JAX's backend read when they start.
        """
        trial = self.trial
        file = find_file(trial.model)
        self._enter_phase("model" if file else "import")
        if file is None:
            start_up.import_libraries(self.job, sampler, self.clock, self.result)
            self._enter_phase("model")
        model = load_model(trial.model, trial.model_options, trial.data_file)
        if file:
            self.result.warnings += describe_skipped(file)
            self._enter_phase("import")
            start_up.import_libraries(self.job, sampler, self.clock, self.result)
        return model

    def _run_cold(self, prepare: Any) -> tuple[Prepared, list[Draws]]:
        """The first plain run, as a user waits for it, and a second with a new seed."""
        first, second = self.trial.seed, self.trial.seed + 1
        self.result.machine["load_before"] = read_load()
        self._enter_phase("cold")

        def run_from_nothing() -> tuple[Prepared, Draws]:
            prepared = prepare()
            return prepared, prepared.plain(first)

        (prepared, draws), cold = self.clock.lap(run_from_nothing)
        self._enter_phase("rerun")
        again, rerun = self.clock.lap(lambda: prepared.plain(second))
        self.result.timings.update(
            cold_s=cold.wall,
            cold_cpu_s=cold.cpu,
            compile_s=cold.compile,
            compiles=cold.compiles,
            rerun_s=rerun.wall,
            compiles_per_rerun=rerun.compiles,
        )
        if rerun.compiles:
            self.result.warnings.append(
                f"a second call compiles {rerun.compiles} program(s) again, {rerun.compile:.2f} s"
            )
        return prepared, [draws, again]

    def _simulate(self, model: Model) -> tuple[list[Sites], list[Sites]]:
        """For calibration by simulation, a truth and data for each replicate; else nothing."""
        if self.trial.calibrate != "prior":
            return [], []
        self._enter_phase("simulate")
        simulate = make_simulator(model)
        pairs = [simulate(np.random.default_rng([seed, SIMULATION_STREAM])) for seed in self.seeds]
        return [truth for truth, _ in pairs], [data for _, data in pairs]

    def _run_compiled(self, prepared: Prepared, data: list[Sites]) -> list[Draws]:
        """All replicates in the compiled mode; the first ones under the clock.

        ``data`` holds a data set for each replicate, or nothing: then all have the model's own.
        """
        self._enter_phase("compile")
        compiled, first, laps = self._compile(prepared, for_data=bool(data))
        bound, binding = self.clock.lap(lambda: [_bind(compiled, d) for d in data])
        if binding.compiles and compiled.fixed_data:
            self.result.warnings.append(_describe_recompilation(compiled, binding, len(data)))
        pairs = list(zip(bound, self.seeds))  # noqa: B905
        pairs = pairs or [(compiled, seed) for seed in self.seeds]
        runner = ReplicateRunner(self.clock, self.result, first, laps)
        self._enter_phase("warm")
        replicates = runner.run_timed(pairs[:TIMED_RUNS])
        self._enter_phase("replicates")
        rest = pairs[TIMED_RUNS:]
        together = not data and len(rest) >= compiled.batch_from
        replicates += runner.run_untimed(rest, together)
        runner.report_abandoned()
        self.result.mode = "compiled"
        return replicates

    def _compile(self, prepared: Prepared, for_data: bool) -> tuple[Compiled, Draws, list[Lap]]:
        """The compiled sampler, ``for_data`` other than its own, and its first draws and laps."""
        build = (for_data and prepared.compile_for_data) or prepared.compile
        assert build is not None  # else the replicates run in the plain mode

        def compile_and_run() -> tuple[Compiled, tuple[Draws, list[Lap]]]:
            compiled = build()
            if compiled.prime:
                compiled.prime(self.seeds[:PRIMED_SEEDS])
            # a program may finish compiling in its first call
            return compiled, run_once(self.clock, compiled, self.seeds[0])

        (compiled, (draws, laps)), lap = self.clock.lap(compile_and_run)
        self.result.timings["aot_s"] = lap.wall
        return compiled, draws, laps

    def _time_transfers(self, model: Model) -> None:
        """Time moving data and draws between host and device, which no run's time includes."""
        if "jax" not in sys.modules:
            self.result.missing["transfer_s"] = "runs in NumPy: there is no device to move to"
        elif self.clock.fetches:
            fetch = statistics.median(self.clock.fetches)
            self.result.timings["transfer_s"] = time_upload(model.data) + fetch

    def _run_plain(self, prepared: list[Prepared]) -> list[Draws]:
        """All replicates by the library's own call, for a stack without a compiled mode."""
        self._enter_phase("replicates")
        self.result.mode = "plain"
        reason = "no compiled mode on this stack: replicates are plain calls"
        names = ("aot_s", "warm_s", "warmup_s", "sample_s", "transfer_s")
        self.result.missing.update(dict.fromkeys(names, reason))
        return [each.plain(seed) for each, seed in zip(prepared, self.seeds)]  # noqa: B905

    def _save(self, replicates: list[Draws], plain: list[Draws], truths: list[Sites]) -> None:
        path = self.scratch / "draws.npz"
        groups = {"replicates": replicates, "plain": plain} if plain else {"replicates": replicates}
        draws_file.save_draws(path, groups, truths)
        self.result.draws_digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def _record_memory(self) -> None:
        self.result.timings["peak_rss_mb"] = read_peak_rss_mb()
        if "jax" in sys.modules and self.result.machine.get("device") == "gpu":
            self.result.timings["device_peak_mb"] = read_device_peak_mb()
        else:
            self.result.missing["device_peak_mb"] = "the CPU device counts no memory of its own"


def _bind(compiled: Compiled, data: Sites) -> Compiled:
    """``compiled`` for other data of the same shapes; raises Declined where it can't be bound."""
    if compiled.with_data is None:
        raise Declined("its compiled mode can't be bound to simulated data (Compiled.with_data)")
    return compiled.with_data(data)


def _describe_recompilation(compiled: Compiled, lap: Lap, count: int) -> str:
    reasons = "; ".join(f"{name!r}: {why}" for name, why in compiled.fixed_data.items())
    return (
        f"compiled anew for each of {count} data sets, {lap.wall:.0f} s in all, since the program "
        f"asks for values of its data while it is traced ({reasons})"
    )


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether the device, or XLA on the host, had no memory left."""
    return "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()
