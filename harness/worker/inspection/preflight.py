"""Asks samplers whether they can take a model: each prepares for it, and nothing is run.

The answer's facts are sampler -> why it can't, "" where it can.
"""

from __future__ import annotations

import traceback

from samplerbench.errors import UsageError, one_line
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker.inspection.fit_data import fit_data
from samplerbench.harness.worker.inspection.inspect_model import load, read_sites
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker_files import enter_phase, save_facts
from samplerbench.models.base import Model
from samplerbench.models.loading.model_names import is_file
from samplerbench.samplers.base import Budget, Declined, samplers
from samplerbench.samplers.loading.library_imports import import_libraries


def main(job_file: str) -> int:
    """Ask the samplers of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, _ask_all)


def _ask_all(job: Job) -> Result:
    enter_phase(job, "model")
    try:
        model = load(job)
        if is_file(job.trial.model):
            model = fit_data(model, job.trial)
            read_sites(model, job.trial.model)
    except (UnfitModel, UsageError) as error:
        return Result("failed", str(error))
    answers = {}
    for name in job.samplers:
        enter_phase(job, name)
        answers[name] = ask(name, model)
    save_facts(job, answers)
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
