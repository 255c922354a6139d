"""Sweeps: axes such as ``n_points=32,1000``, found by name and multiplied out."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.specifiers import without_defaults
from samplerbench.harness.records import AUTO, Trial
from samplerbench.models.base import models
from samplerbench.models.loading import model_names
from samplerbench.options import Range, fill
from samplerbench.samplers.base import samplers

NameAndOptions = tuple[str, dict[str, Any]]  # a model or a sampler, and its options that are set
KINDS = ("budget", "model", "sampler")
_NOUNS = {
    "": "the chosen models and samplers",
    "model": "the chosen models",
    "sampler": "the chosen samplers",
    "budget": "the budget",
}
#: axes that are lists of their own
LIST_AXES = ("model", "sampler", "env", "device", "precision")


@dataclass(frozen=True)
class Budgets:
    """What a sweep can vary of a plan itself."""

    chains: Annotated[int, Range(1)] = 1
    warmup: Annotated[int, Range(1)] = 500
    draws: Annotated[int, Range(1)] = 5000
    replicates: Annotated[int, Range(1)] = AUTO


@dataclass(frozen=True)
class Axis:
    """One swept name: whose it is, and its values as text."""

    name: str
    kind: str  # one of KINDS
    values: tuple[Any, ...]


def as_text(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """``{"n_points": [32, 1000]}`` as ``("n_points=32,1000",)``, which the command line takes."""
    texts = []
    for name, values in table.items():
        values = values if isinstance(values, (list, tuple)) else [values]
        if not all(isinstance(value, (bool, int, float, str)) for value in values):
            raise UsageError(
                f"sweep of {name!r} = {values!r} in {where}\n  expected: a list of numbers or words"
            )
        texts.append(f"{name}={','.join(map(str, values))}")
    return tuple(texts)


def parse_axes(
    texts: Iterable[str],
    chosen_models: Sequence[NameAndOptions],
    chosen_samplers: Sequence[NameAndOptions],
) -> list[Axis]:
    """The axes that ``texts`` name, each ``name=value,value``, resolved against what is chosen.

    A name that two things have is written ``model.name``, ``sampler.name`` or ``budget.name``.
    Raises UsageError for a name that nobody has, or that is set already; for values, `multiply`
    does.
    """
    owners = _owners({"model": chosen_models, "sampler": chosen_samplers})
    axes: list[Axis] = []
    for text in texts:
        name, equals, rest = text.partition("=")
        name, values = name.strip(), tuple(part.strip() for part in rest.split(","))
        if not equals or not name or "" in values:
            raise UsageError(
                f"--sweep {text!r} sweeps nothing\n  expected: name=value,value as n_points=32,1000"
            )
        kind, _, bare = name.rpartition(".")
        axis = Axis(bare, _kind(kind, bare, owners), values)
        if any((axis.kind, bare) == (other.kind, other.name) for other in axes):
            raise UsageError(f"{bare!r} is swept twice\n  expected: one list of values a name")
        axes.append(axis)
    return axes


def refuse_set_budgets(texts: Iterable[str], options: Iterable[str]) -> None:
    """Refuse a budget that is swept and among the ``options`` that are set: one would be lost."""
    budgets = {f.name for f in dataclasses.fields(Budgets)} & set(options)
    for text in texts:
        name = text.partition("=")[0].strip().removeprefix("budget.")
        if name in budgets:
            raise UsageError(f"{name!r} is both swept and set\n  expected: one or the other")


def _owners(chosen: Mapping[str, Sequence[NameAndOptions]]) -> dict[str, dict[str, int]]:
    """Kind -> option -> how many of what is chosen have it and leave it open."""
    owners: dict[str, dict[str, int]] = {
        "budget": {f.name: 1 for f in dataclasses.fields(Budgets)},
        "model": {},
        "sampler": {},
    }
    for kind, pairs in chosen.items():
        for name, options in pairs:
            for option in _defaults(kind, name):
                owners[kind][option] = owners[kind].get(option, 0) + (option not in options)
    return owners


def _kind(prefix: str, name: str, owners: Mapping[str, Mapping[str, int]]) -> str:
    """Which of KINDS the name belongs to; ``prefix`` is what stands before its dot, or ""."""
    if name in LIST_AXES:
        raise UsageError(
            f"{name!r} is a list of its own, no sweep\n  expected: --{name} with several values"
        )
    if prefix not in _NOUNS:
        raise UsageError(
            f"'{prefix}.{name}' is no name\n  expected: one of {', '.join(KINDS)}, a dot, a name"
        )
    kinds = [kind for kind in KINDS if name in owners[kind] and prefix in ("", kind)]
    if not kinds:
        known = {option for kind in KINDS for option in owners[kind] if prefix in ("", kind)}
        raise unknown_name(f"option of {_NOUNS[prefix]}", name, known)
    if len(kinds) > 1:
        ways = " or ".join(f"{kind}.{name}" for kind in kinds)
        raise UsageError(
            f"{name!r} is an option of more than one: {', '.join(kinds)}\n  expected: {ways}"
        )
    if not owners[kinds[0]][name]:
        raise UsageError(
            f"{name!r} is swept, but every {kinds[0]} that has it names a value of its own\n"
            f"  expected: one or the other; leave {name}=... out of the {kinds[0]}'s name"
        )
    return kinds[0]


def _defaults(kind: str, name: str) -> dict[str, Any]:
    """Options of a model, or settings of a sampler, with their defaults."""
    options = _type(kind, name)
    return {f.name: f.default for f in dataclasses.fields(options)} if options else {}


def _type(kind: str, name: str) -> Any:
    """The dataclass of a model's options or a sampler's settings; None for a file."""
    if kind == "budget":
        return Budgets
    if kind == "model":
        return models.get(name).options if model_names.is_registered(name) else None
    return samplers.get(name).settings


def budgets(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Every combination of the swept budgets: the fields of the plan to replace."""
    return [values for _, values in multiply(axes, "budget", [("", {})])]


def multiply(
    axes: Sequence[Axis], kind: str, chosen: Sequence[NameAndOptions]
) -> list[NameAndOptions]:
    """``chosen`` with every combination of the swept options that each of them has and leaves open.

    Values that only repeat a default are left out, as everywhere. Raises UsageError for a value
    that does not fit, and for one that stands twice.
    """
    products: list[NameAndOptions] = []
    for name, options in chosen:
        settings = _type(kind, name)
        known = _defaults(kind, name)
        open_axes = [
            axis
            for axis in axes
            if axis.kind == kind and axis.name in known and axis.name not in options
        ]
        values = [_typed(settings, axis, name) for axis in open_axes]
        for combination in itertools.product(*values) if open_axes else ():
            swept = dict(zip((axis.name for axis in open_axes), combination, strict=True))
            products.append((name, _filled(settings, kind, name, {**options, **swept})))
        if not open_axes:
            products.append((name, options))
    return products


def _filled(settings: type, kind: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` checked and typed; a default is left out, but for a budget."""
    filled = fill(settings, values, name)
    if kind == "budget":
        return {option: getattr(filled, option) for option in sorted(values)}
    return without_defaults(filled, values)


def _typed(settings: type, axis: Axis, owner: str) -> list[Any]:
    """The axis's values as the option's type says, each tried alone with the rest at defaults."""
    values = [getattr(fill(settings, {axis.name: v}, owner), axis.name) for v in axis.values]
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise UsageError(
                f"{axis.name}={value!r} stands twice in the sweep\n  expected: each value once"
            )
        seen.add(value)
    return values


def axis_names(axes: Sequence[Axis]) -> list[str]:
    """The axes by kind and name, as a store keeps them."""
    return [f"{axis.kind}.{axis.name}" for axis in axes]


def option_values(trial: Trial) -> dict[str, Any]:
    """Every value that a sweep can vary, by kind and name, defaults included."""
    values = {f"budget.{f.name}": getattr(trial, f.name) for f in dataclasses.fields(Budgets)}
    for kind, name, options in (
        ("model", trial.model, trial.model_options),
        ("sampler", trial.sampler, trial.settings),
    ):
        try:
            known = _defaults(kind, name)
        except UsageError:  # a campaign of another release may name what is gone
            known = {}
        values.update({f"{kind}.{key}": value for key, value in {**known, **options}.items()})
    return values


def describe_position(trial: Trial, axes: Sequence[str]) -> str:
    """The trial's values on the swept axes, as ``n_points=1000,chains=4``; those that it has."""
    if not axes:
        return ""
    values = option_values(trial)
    return ",".join(f"{name.partition('.')[2]}={values[name]}" for name in axes if name in values)


def leave_out_settings(position: str, model: str) -> str:
    """Of a trial's ``position`` what tells its problem: a sampler's settings stand in its label."""
    known = _problem_options(model)
    parts = position.split(",")
    return ",".join(part for part in parts if known is None or part.partition("=")[0] in known)


@functools.cache
def _problem_options(model: str) -> frozenset[str] | None:
    """What of the budget and the model a sweep can vary; None of a model that nobody knows."""
    try:
        return frozenset((*_defaults("budget", ""), *_defaults("model", model)))
    except UsageError:  # a campaign of another release may name what is gone
        return None
