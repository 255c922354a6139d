"""Models inspected before their trials: bad ones are refused, ground truth is stored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.files import write_beside
from samplerbench.harness import scratch_folder
from samplerbench.harness.campaign import programs
from samplerbench.harness.campaign.model_data import hand_over_to_jax, use_stored
from samplerbench.harness.campaign.specifiers import EXACT
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.wide_launch import prepare_launch
from samplerbench.harness.environments.attribute_search import advise_environment
from samplerbench.harness.ground_truth import posteriordb_draws, reference_files, select
from samplerbench.harness.records import Trial
from samplerbench.harness.run_cost import describe_seconds
from samplerbench.harness.worker_files import DRAWS
from samplerbench.models.loading.model_names import is_file, load_model
from samplerbench.models.posteriordb.folder import is_posterior
from samplerbench.text import bound_text, tell

LONGEST_S = 300.0  # of an inspection; the trials' timeout where that is less
OWN_SAMPLER = "a sampler that it runs by itself belongs under if __name__ == '__main__':"
OWN_CELLS = "what takes long, and the program does not use, belongs in another notebook"
SLOW_LOAD_S = 20.0  # from which on a file is said to do more than define its model


def inspect_models(
    store: Store,
    trials: Sequence[Trial],
    timeout: float,
    cancelled: Callable[[], bool] = lambda: False,
    keep_programs: bool = True,
) -> None:
    """Inspect each model of ``trials`` that needs it, once, and store what that tells.

    ``keep_programs``: whether workers use programs that were compiled before, and leave theirs.
    Raises UsageError for a model that can't be sampled or loaded in time, and for a reference that
    does not fit; an inspection that crashes or takes too long is left out: the trials' rows will
    tell.
    """
    first: dict[str, Trial] = {}
    for trial in trials:
        if trial.reference and not needs_inspection(trial) and not is_posterior(trial.model):
            raise _superfluous_reference(trial)
        first.setdefault(select.model_key(trial) + trial.reference_digest, trial)
    for trial in first.values():
        if needs_inspection(trial) and not select.inspection_path(store.folder, trial).is_file():
            _inspect(store, trial, timeout, cancelled, keep_programs)
        if trial.deterministic and _answers_itself(store.folder, trial):
            raise _superfluous_sites(trial)
        if trial.reference:
            _copy_reference(store.folder, trial)


def needs_inspection(trial: Trial) -> bool:
    """Whether only a worker can tell: a file is not run here, or there is no exact answer."""
    if is_posterior(trial.model):
        return not trial.reference  # its draws say what there is to compare
    if is_file(trial.model):
        return True
    # by its default size: one that fits no memory must not be built here
    return load_model(trial.model, {}).exact_given is None


def _inspect(
    store: Store, trial: Trial, timeout: float, cancelled: Callable[[], bool], keep_programs: bool
) -> None:
    scratch = store.scratch(select.model_key(trial))
    task = "inspection.inspect_model"
    launch = prepare_launch(trial, scratch, task, cancelled, keep_programs)
    if launch is None:
        return
    # by the CPU and in 64 bits, whatever the trials are to run in
    job = programs.with_path(store.folder, use_stored(store.folder, trial))
    limit = min(timeout, LONGEST_S)
    result = launch.run(replace(job, device="cpu", precision=64), limit)
    phase = scratch_folder.read_phase(scratch)
    if result.status == "failed":
        shutil.rmtree(scratch, ignore_errors=True)
        advice = advise_environment(result.reason, trial.environment)
        raise UsageError(result.reason + (advice and f"\n  {advice}"))
    if result.status == "ok":
        path = select.inspection_path(store.folder, trial)
        path.parent.mkdir(exist_ok=True)
        os.replace(scratch / DRAWS, path)
        facts = select.read_facts(store.folder, trial)
        if facts["unjudged"] and not trial.calibrate:
            names = bound_text(", ".join(facts["unjudged"]))
            words = "deterministic sites are judged where --deterministic names them, not here"
            tell(f"{trial.model_label}: {words}: {names}")
        if facts["jax_arrays"]:
            hand_over_to_jax(store.folder, trial)
            name = Path(trial.data_file).name or "data"
            tell(f"{name}: handed over as arrays of JAX, since {trial.model_label} takes no others")
        _tell_slow_load(trial, result.timings.get("load_s") or 0.0)
    shutil.rmtree(scratch, ignore_errors=True)
    if result.status == "timeout" and phase == "model" and is_file(trial.model):
        _refuse_endless_load(trial, limit, timeout)


def _advise_slow_load(trial: Trial) -> str:
    """How a file gets to define its model sooner."""
    return OWN_CELLS if ".ipynb:" in trial.model else OWN_SAMPLER


def _refuse_endless_load(trial: Trial, limit: float, timeout: float) -> None:
    """Refuse a file that takes the time of a whole trial to load; of a longer one only say so."""
    words = f"{trial.model_label} is not loaded after {round(limit, 1):g} s"
    if limit < timeout:
        return tell(f"{words}, which each process does anew; {_advise_slow_load(trial)}")
    raise UsageError(
        f"{words}\n  expected: a file that each process can load and still sample from within "
        f"--timeout\n  next: {_advise_slow_load(trial)}"
    )


def _tell_slow_load(trial: Trial, seconds: float) -> None:
    """Say that a file takes long to load, as one that runs a sampler of its own does."""
    if seconds > SLOW_LOAD_S and is_file(trial.model):
        tell(
            f"{trial.model_label} takes {describe_seconds(seconds)} to load, in each process anew;"
            f" {_advise_slow_load(trial)}"
        )


def _copy_reference(folder: Path, trial: Trial) -> None:
    """Copy the reference into the campaign, once it is seen to fit."""
    copy = select.reference_path(folder, trial)
    if copy.is_file():
        return
    if select.inspection_path(folder, trial).is_file() and _has_exact_answer(folder, trial):
        raise _superfluous_reference(trial)
    shapes = select.latent_shapes(folder, trial)
    reference_files.read_reference(Path(trial.reference), shapes, trial.reference_names)
    copy.parent.mkdir(exist_ok=True)
    with write_beside(copy) as part:
        if is_posterior(trial.model):
            posteriordb_draws.copy_reference(trial, part)
        else:
            shutil.copyfile(trial.reference, part)


def _superfluous_reference(trial: Trial) -> UsageError:
    """The refusal of a reference for a model that has an exact answer."""
    return UsageError(
        f"model {trial.model_label!r} has an exact answer, which a reference can't better\n"
        "  expected: --reference with a model that has none; leave it out"
    )


def _answers_itself(folder: Path, trial: Trial) -> bool:
    """Whether the model comes with an answer, which says what is judged."""
    return not needs_inspection(trial) or _has_exact_answer(folder, trial)


def _superfluous_sites(trial: Trial) -> UsageError:
    """The refusal of deterministic sites of a model that has an answer of its own."""
    sites = ", ".join(trial.deterministic or ())
    return UsageError(
        f"model {trial.model_label!r} comes with an answer, which says what is judged; {sites} was "
        "asked for\n  expected: --deterministic with a model that has none; leave it out"
    )


def is_suitable(folder: Path, trial: Trial) -> bool:
    """Whether a default sampler makes sense: the control draws from a model's own answer only."""
    if trial.sampler == EXACT and is_posterior(trial.model):
        return False
    if trial.sampler != EXACT or not is_file(trial.model):
        return True
    if not select.inspection_path(folder, trial).is_file():
        return True  # the trial will tell
    return _has_exact_answer(folder, trial)


def _has_exact_answer(folder: Path, trial: Trial) -> bool:
    exact = select.find_ground_truth(folder, replace(trial, reference=""))[0]
    return exact is not None and exact.source == "exact"
