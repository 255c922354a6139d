"""A plan expanded into its trials; what no trial can be made of is refused here."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import programs, sweep
from samplerbench.harness.campaign.campaign_folder import RUNS
from samplerbench.harness.campaign.model_data import ModelData, read_model_data
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.specifiers import parse_model, parse_samplers
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.models.base import models
from samplerbench.models.loading.program_file import is_program
from samplerbench.models.posteriordb import folder
from samplerbench.models.posteriordb import load as posteriordb
from samplerbench.options import parse_names
from samplerbench.samplers.base import samplers

DEFAULT_ENVIRONMENT = "pinned"  # of a sampler that names none
LONG_RUN = "long-run"  # as a reference: in place of posteriordb's draws


def expand(plan: Plan, data: ModelData | None = None) -> list[Trial]:
    """Every trial of ``plan``, in the order of rows; raises UsageError before any work.

    ``data`` are those that the plan names, where they have been read already.
    """
    axes = swept_axes(plan)
    chosen = sweep.multiply(axes, "sampler", parse_samplers(plan.sampler))
    identify = functools.cache(environments.identify)
    budgets = [dataclasses.replace(plan, **values) for values in sweep.budgets(axes)]
    files = {**(data or read_model_data(plan)).trial_fields, **_user_reference(plan)}
    trials: dict[str, Trial] = {}
    for model in _models(plan, axes):
        fields = {**model, **files}
        machines = itertools.product(plan.env or ("",), plan.device, plan.precision, budgets)
        for env, device, precision, budget in machines:
            for sampler, settings in chosen:
                name = env or own_environment(sampler, fields["model"])
                environment = identify(environments.add_packages(name, plan.with_packages))
                trial = Trial(
                    sampler=sampler,
                    sampler_digest=samplers.digest(sampler),
                    settings=settings,
                    environment=environment.name,
                    environment_digest=environment.digest,
                    device=device,
                    precision=precision,
                    chains=budget.chains,
                    warmup=budget.warmup,
                    draws=budget.draws,
                    seed=plan.seed,
                    replicates=budget.replicates,
                    calibrate=plan.calibrate,
                    deterministic=sorted({*plan.deterministic}) or None,
                    **fields,
                )
                trials[trial.id] = trial
    programs.refuse_other_python(list(trials.values()))
    _refuse_shared_names(list(trials.values()))
    return _name_apart(list(trials.values()))


def _refuse_shared_names(trials: Sequence[Trial]) -> None:
    """Raises UsageError where tables would call two environments the same."""
    names: dict[str, str] = {}
    for trial in trials:
        label, full = trial.environment_label, trial.environment
        other = names.setdefault(label, full)
        if other != full:
            raise UsageError(
                f"{other!r} and {full!r} would both be called {label!r} in tables\n"
                "  expected: files with names of their own, or --env NAME=PATH"
            )


def _name_apart(trials: Sequence[Trial]) -> list[Trial]:
    """The trials, with so much of their paths as tells models of one name apart."""
    sharing: dict[str, dict[str, None]] = {}
    for trial in trials:
        sharing.setdefault(trial.model_label, {})[trial.model] = None
    names: dict[str, str] = {}
    for models_of_one_name in sharing.values():
        if len(models_of_one_name) > 1:
            names.update(_lengthen_names(list(models_of_one_name)))
    return [
        dataclasses.replace(t, model_name=names[t.model]) if t.model in names else t for t in trials
    ]


def _lengthen_names(full: Sequence[str]) -> dict[str, str]:
    """Each of the names ``full``, of files, with as few folders as tell them apart."""
    for count in itertools.count(1):
        names = {name: _cut_folders(name, count) for name in full}
        if len({*names.values()}) == len(full):
            return names
    raise AssertionError("full names differ")


def _cut_folders(name: str, count: int) -> str:
    """The name of a file's model with the last ``count`` parts of the path."""
    path, colon, attribute = name.rpartition(":")
    short = Path(*Path(path or name).parts[-count:])
    return str(short.with_suffix("")) if is_program(name) or not colon else f"{short}:{attribute}"


def own_environment(sampler: str, model: str = "") -> str:
    """The environment in which a sampler runs on a model where none is asked for."""
    default = programs.default_environment() if is_program(model) else DEFAULT_ENVIRONMENT
    return samplers.get(sampler).environment or default


def swept_axes(plan: Plan) -> list[sweep.Axis]:
    """The axes of ``plan.sweep``; raises UsageError."""
    models = [(name, options) for name, options, _ in map(parse_model, plan.model)]
    return sweep.parse_axes(plan.sweep, models, parse_samplers(plan.sampler))


def _models(plan: Plan, axes: Sequence[sweep.Axis]) -> Iterator[dict[str, Any]]:
    """The fields of a trial that tell its model, for each model and every swept size of it."""
    shipped = plan.reference != LONG_RUN
    for name, fixed, digest in map(parse_model, plan.model):
        for model, options in sweep.multiply(axes, "model", [(name, fixed)]):
            yield {
                "model": model,
                "model_options": options,
                "model_digest": digest or models.digest(model),
                **(_posterior_reference(model) if shipped else {}),
            }


def _posterior_reference(model: str) -> dict[str, Any]:
    """The reference draws of a posterior of posteriordb, as fields of a trial."""
    path = posteriordb.find_reference(model) if folder.is_posterior(model) else None
    return _reference(str(path)) if path else {}


def _reference(path: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    from samplerbench.harness.ground_truth import reference_files

    name, digest = reference_files.check_reference(path, names)
    return {"reference": name, "reference_digest": digest, "reference_names": names}


def _user_reference(plan: Plan) -> dict[str, Any]:
    """The user's own reference, as fields of a trial; raises UsageError."""
    if plan.reference == LONG_RUN:
        _check_long_run(plan)
        return {}
    if plan.names and not plan.reference:
        raise UsageError(
            "--names says what a reference calls the model's parameters, and there is none\n"
            "  expected: --reference FILE"
        )
    if not plan.reference:
        return {}
    if len(plan.model) > 1 or plan.sweep:
        raise UsageError(
            f"{plan.reference!r} is the answer of one model; {len(plan.model)} are named, or "
            "a sweep\n  expected: --reference with one --model"
        )
    return _reference(plan.reference, parse_names("names", plan.names) or None)


def _check_long_run(plan: Plan) -> None:
    """Raises UsageError where no posterior's reference draws could be replaced by a long run."""
    others = [name for name in plan.model if not folder.is_posterior(parse_model(name)[0])]
    if others:
        raise UsageError(
            f"--reference {LONG_RUN} takes the place of posteriordb's draws, and {others[0]!r} has "
            "none\n  expected: --posterior NAME; a model without an exact answer gets a long run"
        )
    if plan.no_long_run:
        raise UsageError(f"--reference {LONG_RUN} with --no-long-run\n  expected: one of the two")


def default_folder(trials: Sequence[Trial]) -> Path:
    """Where a campaign goes when no folder is named: the same plan finds the same folder again."""
    digest = hashlib.sha256(json.dumps(sorted(t.id for t in trials)).encode()).hexdigest()[:8]
    names = {_short_name(trial.model) for trial in trials}
    return RUNS / f"{'-'.join(sorted(names))[:40]}-{digest}"


def _short_name(model: str) -> str:
    file, _, name = model.rpartition(":")
    return name if is_program(model) else Path(file or model).stem
