"""What is to be run: options in, trials out; everything that can be refused is refused here."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign import sweep
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.models.base import models
from samplerbench.models.loading import data_files, model_names
from samplerbench.models.posteriordb import folder
from samplerbench.models.posteriordb import load as posteriors
from samplerbench.options import fill
from samplerbench.samplers.base import samplers

GATES = ("honest", "overcautious", "overconfident", "biased", "broken")
#: the main job: the tutorial's samplers as shipped, HMC with a sane trajectory, and the control
DEFAULT_SAMPLERS = (
    "numpyro_nuts",
    "numpyro_hmc",
    "numpyro_hmc:trajectory_length=1.5",
    "numpyro_sa",
    "jaxns_nested",
    "exact_iid",
)
DEFAULT_MODELS = ("linear",)
DEVICES = ("cpu", "gpu")
LARGEST_SEED = 2**31 - 1  # what fits a 32-bit key whatever the precision


@dataclass(frozen=True)
class Plan:
    """A campaign as asked for. Lists are axes: their product is run, paired by replicate."""

    model: Sequence[str] = DEFAULT_MODELS
    sampler: Sequence[str] = DEFAULT_SAMPLERS
    replicates: int = 32
    chains: int = 1
    warmup: int = 500
    draws: int = 5000
    seed: int = 0  # replicate r of every sampler runs with seed + r
    env: Sequence[str] = ("pinned",)
    device: Sequence[str] = ("cpu",)
    precision: Sequence[int] = (32,)
    timeout: float = 600.0  # seconds a trial
    jobs: int = 1  # trials at once; timings want 1
    scheduler: str = ""  # address of a Dask scheduler, whose workers do the trials
    calibrate: str = ""  # "prior": simulation-based calibration
    data: str = ""  # .npz or .csv: the data of a program in a file of one's own
    reference: str = ""  # reference draws or moments, for a model without an exact answer
    posteriordb: str = ""  # a checkout of posteriordb
    posterior: Sequence[str] = ()  # posteriors of it, run like models; "all": with a program here
    gate: Sequence[str] = ()  # "honest", or "sampler=verdict" for that one: what rows must be
    sweep: Sequence[
        str
    ] = ()  # "n_points=32,1000": options, settings, budgets; see harness.campaign.sweep

    def __post_init__(self) -> None:
        for name in ("replicates", "chains", "warmup", "draws", "jobs"):
            _at_least_one(name, getattr(self, name))
        if self.scheduler and self.jobs > 1:
            raise UsageError(
                f"jobs={self.jobs} with a scheduler\n  expected: one of the two; a cluster does as "
                "many trials at once as it has workers"
            )
        if not self.timeout > 0:
            raise UsageError(f"timeout={self.timeout:g} s\n  expected: more than 0")
        if not 0 <= self.seed <= LARGEST_SEED - self.replicates:
            raise UsageError(
                f"seed={self.seed}\n  expected: 0 to 2**31 - 1 less the number of replicates"
            )
        _among("device", self.device, DEVICES)
        _among("precision", self.precision, (32, 64))
        _among("calibrate", [self.calibrate], ("", "prior"))
        _among("gate", [rule.rpartition("=")[2] for rule in self.gate], GATES)
        for name in ("model", "sampler", "env", "device", "precision"):
            if not getattr(self, name):
                raise UsageError(f"no {name} is named\n  expected: at least one")
        if self.posterior or self.posteriordb:
            # the very default means that no model was named; the same name typed is another object
            named = () if self.model is DEFAULT_MODELS else self.model
            found = posteriors.paths(self.posteriordb, tuple(self.posterior))
            object.__setattr__(self, "model", tuple(dict.fromkeys([*named, *found])))


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise UsageError(f"{name}={value}\n  expected: a whole number from 1 on")


def _among(name: str, values: Sequence[Any], allowed: Sequence[Any]) -> None:
    for value in values:
        if value not in allowed:
            known = [str(item) for item in allowed]
            raise unknown_name(name, str(value), known)


def trials(plan: Plan) -> list[Trial]:
    """Every trial of ``plan``, in the order of rows; raises UsageError before any work."""
    found: dict[str, Trial] = {}
    axes = swept(plan)
    chosen = sweep.options(axes, "sampler", [parse_sampler(text) for text in plan.sampler])
    places = [environments.identify(name) for name in plan.env]
    budgets = [_with(plan, given) for given in sweep.budgets(axes)]
    machines = list(itertools.product(places, plan.device, plan.precision, budgets))
    own = _own_files(plan)
    for model, options, digest in _models(plan, axes):
        for place, device, precision, budget in machines:
            for sampler, settings in chosen:
                trial = Trial(
                    model=model,
                    model_options=options,
                    model_digest=digest or models.digest(model),
                    sampler=sampler,
                    sampler_digest=samplers.digest(sampler),
                    settings=settings,
                    environment=place.name,
                    environment_digest=place.digest,
                    device=device,
                    precision=precision,
                    chains=budget.chains,
                    warmup=budget.warmup,
                    draws=budget.draws,
                    seed=plan.seed,
                    replicates=budget.replicates,
                    calibrate=plan.calibrate,
                    **{**_database_answer(model), **own},
                )
                found[trial.id] = trial
    return list(found.values())


def _with(plan: Plan, given: Mapping[str, Any]) -> Plan:
    return dataclasses.replace(plan, **given)


def _own_files(plan: Plan) -> dict[str, str]:
    """The user's own data and reference, as fields of a trial; raises UsageError."""
    found: dict[str, str] = {}
    registered = [text for text in plan.model if not model_names.is_file(text)]
    if plan.data:
        if registered:
            raise UsageError(
                f"model {registered[0]!r} has data of its own\n"
                "  expected: --data with path/to/file.py:name only"
            )
        names = ("data_file", "data_file_digest")
        found.update(zip(names, data_files.check(plan.data), strict=True))
    if plan.reference:
        from samplerbench.harness.ground_truth import reference_files

        if len(plan.model) > 1 or plan.sweep:
            raise UsageError(
                f"{plan.reference!r} is the answer of one model; {len(plan.model)} are named, or "
                "a sweep\n  expected: --reference with one --model"
            )
        names = ("reference", "reference_digest")
        found.update(zip(names, reference_files.check(plan.reference), strict=True))
    return found


def _database_answer(model: str) -> dict[str, str]:
    """The reference draws of a posterior of posteriordb, as fields of a trial."""
    path = posteriors.reference(model) if folder.is_posterior(model) else None
    if path is None:
        return {}
    from samplerbench.harness.ground_truth import reference_files

    return dict(
        zip(("reference", "reference_digest"), reference_files.check(str(path)), strict=True)
    )


def swept(plan: Plan) -> list[sweep.Axis]:
    """The axes of ``plan.sweep``; raises UsageError."""
    models = [(name, options) for name, options, _ in map(parse_model, plan.model)]
    return sweep.axes(plan.sweep, models, [parse_sampler(text) for text in plan.sampler])


def _models(plan: Plan, axes: Sequence[sweep.Axis]) -> list[tuple[str, dict[str, Any], str]]:
    """Each model with its options and its file's digest, every swept size of it."""
    return [
        (model, options, digest)
        for name, given, digest in map(parse_model, plan.model)
        for model, options in sweep.options(axes, "model", [(name, given)])
    ]


def parse_sampler(text: str) -> tuple[str, dict[str, Any]]:
    """``name:key=value,key=value`` -> (name, settings that differ from the defaults)."""
    name, _, rest = text.partition(":")
    sampler = samplers.get(name)
    given = _pairs(rest, text)
    return name, _differing(fill(sampler.settings, given, name), given)


def parse_model(text: str) -> tuple[str, dict[str, Any], str]:
    """``name:key=value`` or ``path/to/file.py:name`` -> (name, options that differ, digest)."""
    if model_names.is_file(text) or folder.is_posterior(text):
        name, digest = model_names.check(text, {})
        return name, {}, digest
    name, _, rest = text.partition(":")
    given = _pairs(rest, text)
    filled = fill(models.get(name).options, given, name)
    return name, _differing(filled, given), ""


def _differing(filled: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``given`` as typed, less those that only repeat a default."""
    defaults = {f.name: f.default for f in dataclasses.fields(filled)}
    values = {name: getattr(filled, name) for name in given}
    return {name: value for name, value in sorted(values.items()) if value != defaults[name]}


def _pairs(text: str, whole: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            raise UsageError(f"{part!r} in {whole!r} sets nothing\n  expected: name:setting=value")
        pairs[key.strip()] = value.strip()
    return pairs


def from_file(path: Path) -> dict[str, Any]:
    """The options in a campaign file: TOML whose keys are those of Plan. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise UsageError(
            f"can't read the campaign file {str(path)!r}: {error.strerror}\n"
            "  expected: a TOML file; its keys are the options of `samplerbench run`"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} is not TOML: {error}") from error
    return checked_options(given, str(path))


def checked_options(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``given`` with every name and type checked against Plan; single values become lists."""
    fields = {f.name: f for f in dataclasses.fields(Plan)}
    options: dict[str, Any] = {}
    for name, value in given.items():
        if name == "gate" and isinstance(value, Mapping):  # a table in a campaign file
            value = [f"{sampler}={word}" for sampler, word in value.items()]
        if name not in fields:
            raise unknown_name(f"option in {where}", name, fields)
        if name == "sweep" and isinstance(value, Mapping):  # a table, or a dict in Python
            value = sweep.as_text(value, where)
        options[name] = _typed(name, value, fields[name].default, where)
    return options


def _typed(name: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        expected = "a word"
    elif isinstance(default, tuple):
        items = [value] if isinstance(value, (str, int)) else value
        kind = type(default[0]) if default else str
        if isinstance(items, (list, tuple)) and all(type(item) is kind for item in items):
            return tuple(items)
        expected = f"a list of {'numbers' if kind is int else 'words'}"
    else:
        kinds = (int, float) if isinstance(default, float) else (int,)
        if type(value) in kinds:
            return type(default)(value)
        expected = "a number" if isinstance(default, float) else "a whole number"
    raise UsageError(f"{name} = {value!r} in {where}\n  expected: {expected}")


def default_folder(planned: Sequence[Trial]) -> Path:
    """Where a campaign goes when no folder is named: the same plan finds the same folder again."""
    digest = hashlib.sha256(json.dumps(sorted(t.id for t in planned)).encode()).hexdigest()[:8]
    names = {Path(t.model.rpartition(":")[0] or t.model).stem for t in planned}
    return Path("samplerbench-runs") / f"{'-'.join(sorted(names))[:40]}-{digest}"
