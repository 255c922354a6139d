"""Conformance in a worker's process: checks of the job's model or, without one, its sampler."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from samplerbench.files import write
from samplerbench.harness.records import Job, Result, Trial
from samplerbench.harness.worker import plugin_imports
from samplerbench.harness.worker.conformance import Check, run, said
from samplerbench.harness.worker.conformance import model_checks as of_models
from samplerbench.harness.worker.conformance import sampler_checks as of_samplers
from samplerbench.harness.worker.conformance.model_case import Subject
from samplerbench.harness.worker.conformance.sampler_case import Runs
from samplerbench.harness.worker.process import serve
from samplerbench.models.base import models
from samplerbench.models.loading.model_names import is_registered, load_model
from samplerbench.options import fill
from samplerbench.samplers.base import samplers

Telling = Callable[[str], None]
#: what belongs inside functions of a sampler's or a model's module
LIBRARIES = ("jax", "jaxlib", "numpyro", "jaxns", "tensorflow_probability", "torch")


def main(job_file: str) -> int:
    """Check what the job names; 0 when an answer was written."""
    return serve(job_file, _checked)


def _checked(job: Job) -> Result:
    scratch, trial = Path(job.scratch), job.trial

    def telling(name: str) -> None:
        write(scratch / "phase.txt", name)

    telling("import")
    try:
        done = _of_model(trial, telling) if trial.model else _of_sampler(trial, telling)
    except Exception as error:  # what is to be checked can't even be loaded
        return Result("failed", plugin_imports.lacking(job, error) or said(error))
    with open(scratch / "draws.npz", "wb") as file:
        np.savez(file, facts=np.array(json.dumps([asdict(check) for check in done])))
    return Result("ok")


def _imported() -> tuple[str, ...]:
    return tuple(name for name in LIBRARIES if name in sys.modules)


def _of_sampler(trial: Trial, telling: Telling) -> list[Check]:
    sampler = samplers.get(trial.sampler)
    imported = _imported()
    for module in sampler.needs:
        importlib.import_module(module)
    settings = fill(sampler.settings, trial.settings, sampler.name)
    return run(of_samplers.CHECKS, Runs(sampler, settings, imported), telling)


def _of_model(trial: Trial, telling: Telling) -> list[Check]:
    family = models.get(trial.model) if is_registered(trial.model) else None
    imported = _imported()
    model = load_model(trial.model, trial.model_options, trial.data_file)
    subject = Subject(trial.model, family, model, imported)
    return run(of_models.CHECKS, subject, telling)
