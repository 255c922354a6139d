"""Start of a trial: import of the sampler's libraries, versions, precision and devices."""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from typing import Any

from samplerbench.errors import one_line
from samplerbench.harness.records import Job, Result, Trial
from samplerbench.harness.worker import plugin_imports, provenance
from samplerbench.harness.worker.fingerprint import draws_numbers
from samplerbench.harness.worker.missing_observations import find_missing_observations
from samplerbench.harness.worker.timing import CompileClock
from samplerbench.models.base import Model
from samplerbench.models.loading.model_names import is_file
from samplerbench.models.loading.program_signature import read_signature
from samplerbench.samplers.base import Sampler
from samplerbench.samplers.loading import library_imports
from samplerbench.samplers.support.latent_sites import find_params

MOST_WARNINGS = 3  # different ones, of libraries, that a row tells


def import_libraries(job: Job, sampler: Sampler, clock: CompileClock, result: Result) -> None:
    """Import what ``sampler`` needs; JAX, where imported, starts, and ``clock`` listens to it.

    Notes in ``result`` the seconds since the launch, versions, machine, and warnings.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        library_imports.import_libraries(sampler.needs)
    texts = {str(w.message) for w in caught if issubclass(w.category, UserWarning)}
    result.warnings += sorted(f"at import: {text}" for text in texts)
    if "jax" in sys.modules:
        import jax

        jax.devices()  # starts the backend: part of what is ready before the first call
        clock.listen()
    result.timings["import_s"] = time.monotonic() - job.launched_at
    versions = provenance.read_versions(sampler.distributions)
    result.versions = {**versions, **plugin_imports.read_versions(job)}
    result.machine = provenance.describe_machine()


def record_warnings(result: Result) -> None:
    """From now on note what libraries warn of, as their users see it; the log has it, too.

    Not JAX's remarks that numbers have 32 bits, which the row says.
    """
    show = warnings.showwarning

    def record(message: Any, category: Any, *where: Any, **more: Any) -> None:
        show(message, category, *where, **more)
        text = one_line(message).removeprefix("UserWarning: ").rstrip(".")
        is_new = text not in result.warnings and len(heard) < MOST_WARNINGS
        if category is UserWarning and is_new and not text.startswith("Explicitly requested dtype"):
            heard.append(text)
            result.warnings.append(text)

    heard: list[str] = []
    warnings.showwarning = record  # type: ignore[assignment]


def widen(model: Model) -> None:
    """Switch JAX to 64 bits: after a user's file, whose data are those of trials in its own.

    Not for a program that draws numbers itself, which in 64 bits is another one.
    """
    import jax

    with contextlib.suppress(Exception):  # a program that can't be traced here runs all the same
        if draws_numbers(model):
            return
    jax.config.update("jax_enable_x64", True)


def check_precision(trial: Trial, result: Result) -> None:
    """Record JAX's precision once all is imported, the model included; warn of another one."""
    result.precision = trial.precision
    if "jax" in sys.modules:
        import jax

        result.precision = 64 if jax.config.jax_enable_x64 else 32
    if result.precision != trial.precision:
        result.warnings.append(
            f"asked for {trial.precision}-bit, but an import switched JAX to {result.precision}-bit"
        )


def check_program(trial: Trial, model: Model, result: Result) -> None:
    """Warn of what a user's program samples for want of data, and of its ``numpyro.param``.

    What it observes where it is given is sampled without these data; samplers leave the sites of
    ``numpyro.param`` as they are. To be called after the clocked runs, since it traces the program.
    """
    if not is_file(trial.model) or "numpyro" not in sys.modules:
        return
    told = trial.data_file and read_signature(trial.model)  # before any worker started
    try:
        lacking = [] if told else find_missing_observations(model)
        names = find_params(model)
    except Exception:  # a program that can't be traced here has run all the same
        return
    if lacking:
        wanted = ", ".join(lacking)
        result.warnings.append(
            f"`{wanted}` is observed where given, and is sampled: no data for it"
        )
    if names:
        result.warnings.append(
            f"numpyro.param {', '.join(map(repr, names))}: held at the initial value, except by SVI"
        )


def check_devices(trial: Trial, sampler: Sampler, settings: Any, result: Result) -> None:
    """Warn where the sampler's chains want more devices than there are."""
    wanted = sampler.host_devices(settings, trial.chains) if sampler.host_devices else 1
    devices = result.machine.get("device_count") or 1
    if devices < wanted:
        result.warnings.append(
            f"{trial.chains} parallel chains want {wanted} devices, and there are {devices}:"
            " they run one after the other"
        )
