"""One trial in one process: run it, time it, write the answer to files.

The answer is ``result.json`` and ``draws.npz`` in the job's scratch folder, never standard
output, which libraries and users' models may fill with anything. ``phase.txt`` says where it is.
"""

from __future__ import annotations

import hashlib
import importlib
import statistics
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.files import write
from samplerbench.harness import draws_file
from samplerbench.harness.records import (
    Job,
    Result,
)
from samplerbench.harness.worker import plugin_imports, provenance
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.replicates import TIMED, Replicates, one
from samplerbench.harness.worker.timing import (
    CompileClock,
    Lap,
    device_peak_mb,
    load,
    peak_rss_mb,
    upload_s,
)
from samplerbench.models.base import Model, Sites
from samplerbench.models.loading.model_names import load_model
from samplerbench.options import fill
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Declined,
    Draws,
    Prepared,
    samplers,
)
from samplerbench.samplers.support.prior_predictive import simulator

PRIMED = 32  # seeds whose shapes are met before the clock starts; later ones compile as they come
SIMULATED = 0x5BC  # keeps simulated truths apart from any other use of the same seed


def main(job_file: str) -> int:
    """Run the job in ``job_file``; 0 when an answer was written, whatever its status."""
    return serve(job_file, lambda job: Worker(job).run())


class Worker:
    """Takes one trial through its phases; an exception ends it with a status and a reason."""

    def __init__(self, job: Job) -> None:
        self.job, self.trial, self.scratch = job, job.trial, Path(job.scratch)
        self.launched_at = job.launched_at
        self.clock = CompileClock()
        self.result = Result(status="ok")

    def run(self) -> Result:
        """The trial's result; never raises for what the sampler or the model does."""
        try:
            self._phases()
        except Declined as declined:
            self._end("declined", str(declined))
        except MemoryError as error:
            self._end("out of memory", _reason(error))
        except Exception as error:  # whatever a library or a model raises is the row's reason
            traceback.print_exc()
            if lacks := plugin_imports.lacking(self.job, error):
                self._end("declined", lacks)
            else:
                self._end("out of memory" if _is_full(error) else "failed", _reason(error))
        self._memory()
        return self.result

    def _end(self, status: str, reason: str) -> None:
        self.result.status, self.result.reason = status, reason

    def _phase(self, name: str) -> None:
        write(self.scratch / "phase.txt", name)

    def _phases(self) -> None:
        self._phase("import")
        sampler = samplers.get(self.trial.sampler)
        self._import(sampler.needs)
        self._phase("model")
        model = load_model(self.trial.model, self.trial.model_options, self.trial.data_file)
        self._check_precision()
        self.result.data_digest = _digest(model.data)
        settings = fill(sampler.settings, self.trial.settings, sampler.name)
        budget = Budget(self.trial.chains, self.trial.warmup, self.trial.draws)
        self._count_devices(settings)
        prepared, plain = self._cold(lambda: sampler.prepare(model, budget, settings))
        truths, data = self._simulated(model)
        if prepared.compile:
            found = self._compiled(prepared, data)
        else:
            others = [sampler.prepare(model.with_data(d), budget, settings) for d in data]
            found = self._plain_only(others or [prepared] * self.trial.replicates)
        self._transfers(model)
        self._phase("save")
        self._save(found, plain, truths)

    def _import(self, needs: tuple[str, ...]) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            for module in needs:
                importlib.import_module(module)
        said = {str(w.message) for w in caught if issubclass(w.category, UserWarning)}
        self.result.warnings += sorted(f"at import: {text}" for text in said)
        if "jax" in sys.modules:
            self._start_jax()
        self.result.timings["import_s"] = time.time() - self.launched_at
        self.result.versions = {**provenance.versions(), **plugin_imports.versions(self.job)}
        self.result.machine = provenance.machine()

    def _start_jax(self) -> None:
        import jax

        jax.devices()  # starts the backend: part of what is ready before the first call
        self.clock.listen()

    def _check_precision(self) -> None:
        """What JAX is set to once all is imported, the user's model included."""
        self.result.precision = found = self.trial.precision
        if "jax" in sys.modules:
            import jax

            found = 64 if jax.config.jax_enable_x64 else 32
        if found != self.trial.precision:
            self.result.precision = found
            self.result.warnings.append(
                f"asked for {self.trial.precision}-bit, but an import switched JAX to {found}-bit"
            )

    def _count_devices(self, settings: Any) -> None:
        """Say where chains that are to run in parallel can't."""
        there = self.result.machine.get("device_count") or 1
        if getattr(settings, "chain_method", "") == "parallel" and there < self.trial.chains:
            self.result.warnings.append(
                f"chain_method=parallel, but {there} device(s) for {self.trial.chains} chains:"
                " NumPyro runs them one after the other"
            )

    def _cold(self, prepare: Any) -> tuple[Prepared, dict[int, Draws]]:
        """The first plain run, as a user waits for it, and a second with a new seed."""
        first, second = self.trial.seed, self.trial.seed + 1
        self.result.machine["load_before"] = load()
        self._phase("cold")

        def from_nothing() -> tuple[Prepared, Draws]:
            prepared = prepare()
            return prepared, prepared.plain(first)

        (prepared, draws), cold = self.clock.lap(from_nothing)
        self._phase("rerun")
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
        return prepared, {first: draws, second: again}

    def _seeds(self) -> list[int]:
        return [self.trial.seed + r for r in range(self.trial.replicates)]

    def _simulated(self, model: Model) -> tuple[list[Sites], list[Sites]]:
        """For calibration by simulation, a truth and data for each replicate; else nothing."""
        if self.trial.calibrate != "prior":
            return [], []
        self._phase("simulate")
        simulate = simulator(model)
        pairs = [simulate(np.random.default_rng([seed, SIMULATED])) for seed in self._seeds()]
        return [truth for truth, _ in pairs], [data for _, data in pairs]

    def _compiled(self, prepared: Prepared, data: list[Sites]) -> list[Draws]:
        """All replicates in the compiled mode; the first ones under the clock.

        ``data`` holds a data set for each replicate, or nothing: then all have the model's own.
        """
        seeds = self._seeds()
        self._phase("compile")

        def build() -> tuple[Compiled, tuple[Draws, list[Lap]]]:
            compiled = prepared.compile()
            if compiled.prime:
                compiled.prime(seeds[:PRIMED])
            # a program may finish compiling in its first call
            return compiled, one(self.clock, compiled, seeds[0])

        (compiled, (draws, took)), lap = self.clock.lap(build)
        self.result.timings["aot_s"] = lap.wall
        pairs = [(compiled.with_data(d), seed) for d, seed in zip(data, seeds)]  # noqa: B905
        pairs = pairs or [(compiled, seed) for seed in seeds]
        replicates = Replicates(self.clock, self.result, draws, took)
        self._phase("warm")
        found = replicates.timed(pairs[:TIMED])
        self._phase("replicates")
        rest = pairs[TIMED:]
        found += replicates.rest(rest, together=not data and len(rest) >= compiled.batch_from)
        replicates.told()
        self.result.mode = "compiled"
        return found

    def _transfers(self, model: Model) -> None:
        """What moving data and draws takes, beside the runs that it is no part of."""
        if "jax" not in sys.modules:
            self.result.missing["transfer_s"] = "runs in NumPy: there is no device to move to"
        elif self.clock.fetches:
            fetch = statistics.median(self.clock.fetches)
            self.result.timings["transfer_s"] = upload_s(model.data) + fetch

    def _plain_only(self, prepared: list[Prepared]) -> list[Draws]:
        """All replicates by the library's own call, for a stack without a compiled mode."""
        self._phase("replicates")
        self.result.mode = "plain"
        reason = "no compiled mode on this stack: replicates are plain calls"
        names = ("aot_s", "warm_s", "warmup_s", "sample_s", "transfer_s")
        self.result.missing.update(dict.fromkeys(names, reason))
        return [each.plain(seed) for each, seed in zip(prepared, self._seeds())]  # noqa: B905

    def _save(self, found: list[Draws], plain: dict[int, Draws], truths: list[Sites]) -> None:
        path = self.scratch / "draws.npz"
        draws_file.save(path, {"replicates": found, "plain": list(plain.values())}, truths)
        self.result.draws_digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def _memory(self) -> None:
        self.result.timings["peak_rss_mb"] = peak_rss_mb()
        if "jax" in sys.modules and self.result.machine.get("device") == "gpu":
            self.result.timings["device_peak_mb"] = device_peak_mb()
        else:
            self.result.missing["device_peak_mb"] = "the CPU device counts no memory of its own"


def _is_full(error: BaseException) -> bool:
    """Whether the device, or XLA on the host, had no memory left."""
    return "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"


def _digest(data: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(data):
        array = np.ascontiguousarray(data[name])
        digest.update(f"{name}{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:16]
