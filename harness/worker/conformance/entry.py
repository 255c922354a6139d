"""Runs conformance checks in a worker process: of the job's model or, without one, its sampler."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from samplerbench.errors import one_line
from samplerbench.harness.records import Job, Result, Trial
from samplerbench.harness.worker import plugin_imports
from samplerbench.harness.worker.conformance import (
    Check,
    model_checks,
    run_checks,
    sampler_checks,
)
from samplerbench.harness.worker.conformance.model_case import ModelCase
from samplerbench.harness.worker.conformance.sampler_case import SamplerCase
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker_files import enter_phase, save_facts
from samplerbench.models.base import models
from samplerbench.models.loading.model_names import is_registered, load_model
from samplerbench.options import fill
from samplerbench.samplers.base import Sampler, samplers
from samplerbench.samplers.loading.library_imports import import_libraries

Listener = Callable[[str], None]  # hears the name of each check that begins
#: libraries behind those that samplers need; like them, they take seconds to import
BACKEND_LIBRARIES = ("jaxlib", "tensorflow_probability", "torch")


def main(job_file: str) -> int:
    """Check what the job in ``job_file`` names; 0 when an answer was written."""
    return serve(job_file, _check_job)


def _check_job(job: Job) -> Result:
    enter_phase(job, "import")
    check = _check_model if job.trial.model else _check_sampler
    try:
        outcomes = check(job.trial, partial(enter_phase, job))
    except Exception as error:  # what is to be checked can't even be loaded
        lack = plugin_imports.explain_missing_import(job, error)
        return Result("failed", lack or one_line(error))
    save_facts(job, [asdict(outcome) for outcome in outcomes])
    return Result("ok")


def _find_imported(*others: Sampler) -> tuple[str, ...]:
    """Libraries that any sampler needs and that are imported already."""
    known = [*(samplers.get(name) for name in samplers.names()), *others]
    needs = {module.partition(".")[0] for sampler in known for module in sampler.needs}
    return tuple(name for name in sorted({*needs, *BACKEND_LIBRARIES}) if name in sys.modules)


def _check_sampler(trial: Trial, listener: Listener) -> list[Check]:
    sampler = samplers.get(trial.sampler)
    imported = _find_imported(sampler)
    import_libraries(sampler.needs)
    settings = fill(sampler.settings, trial.settings, sampler.name)
    case = SamplerCase(sampler, settings, imported)
    return run_checks(sampler_checks.CHECKS, case, listener)


def _check_model(trial: Trial, listener: Listener) -> list[Check]:
    family = models.get(trial.model) if is_registered(trial.model) else None
    imported = _find_imported()
    model = load_model(trial.model, trial.model_options, trial.data_file)
    return run_checks(
        model_checks.CHECKS, ModelCase(trial.model, family, model, imported), listener
    )
