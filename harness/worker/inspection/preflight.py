"""Asks samplers whether they can take a model: each prepares for it, and nothing is run.

The answer is ``draws.npz``: sampler -> why it can't, "" where it can, as JSON under ``facts``.
"""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError, one_line
from samplerbench.files import write_whole
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker.inspection.fit_data import fit_data
from samplerbench.harness.worker.inspection.inspect_model import load, read_sites
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.harness.worker.process import serve
from samplerbench.models.base import Model
from samplerbench.models.loading.model_names import is_file
from samplerbench.samplers.base import Budget, Declined, samplers
from samplerbench.samplers.loading.library_imports import import_libraries


def main(job_file: str) -> int:
    """Ask the samplers of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, _ask_all)


def _ask_all(job: Job) -> Result:
    phase = Path(job.scratch) / "phase.txt"
    write_whole(phase, "model")
    try:
        model = load(job)
        if is_file(job.trial.model):
            model = fit_data(model, job.trial)
            read_sites(model, job.trial.model)
    except (UnfitModel, UsageError) as error:
        return Result("failed", str(error))
    answers = {}
    for name in job.samplers:
        write_whole(phase, name)
        answers[name] = ask(name, model)
    with open(Path(job.scratch) / "draws.npz", "wb") as file:
        np.savez(file, facts=np.array(json.dumps(answers)))
    return Result("ok")


def ask(name: str, model: Model) -> str:
    """Why the sampler, with the settings that it ships with, can't take ``model``; "": it can."""
    try:
        sampler = samplers.get(name)
        import_libraries(sampler.needs)
        sampler.prepare(model, Budget(), sampler.settings())
    except Declined as declined:
        return str(declined)
    except Exception as error:  # whatever a library raises is the answer
        traceback.print_exc()
        return one_line(error)
    return ""
