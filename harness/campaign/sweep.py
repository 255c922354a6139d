"""Sweeps: axes such as ``n_points=32,1000``, found by name and multiplied out."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.records import Trial
from samplerbench.models.loading import model_names
from samplerbench.options import fill

Named = tuple[str, dict[str, Any]]  # a model or a sampler, and what is given of its options
KINDS = ("budget", "model", "sampler")
_NOUNS = {
    "": "the chosen models and samplers",
    "model": "the chosen models",
    "sampler": "the chosen samplers",
    "budget": "the budget",
}
#: axes that are lists of their own
LISTED = ("model", "sampler", "env", "device", "precision")


@dataclass(frozen=True)
class Budgets:
    """What a sweep can vary of a plan itself."""

    chains: int = 1
    warmup: int = 500
    draws: int = 5000
    replicates: int = 32


@dataclass(frozen=True)
class Axis:
    """One swept name: whose it is, and its values as they were given."""

    name: str
    kind: str  # one of KINDS
    values: tuple[Any, ...]


def as_text(given: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """``{"n_points": [32, 1000]}`` as ``("n_points=32,1000",)``, which the command line takes."""
    found = []
    for name, values in given.items():
        values = values if isinstance(values, (list, tuple)) else [values]
        if not all(isinstance(value, (bool, int, float, str)) for value in values):
            raise UsageError(
                f"sweep of {name!r} = {values!r} in {where}\n  expected: a list of numbers or words"
            )
        found.append(f"{name}={','.join(map(str, values))}")
    return tuple(found)


def axes(texts: Iterable[str], models: Sequence[Named], samplers: Sequence[Named]) -> list[Axis]:
    """The axes that ``texts`` name, each ``name=value,value``, resolved against what is chosen.

    A name that two things have is written ``model.name``, ``sampler.name`` or ``budget.name``.
    Raises UsageError for a name that nobody has, or that was given; for values, `options` does.
    """
    owners = _owners(models, samplers)
    found: list[Axis] = []
    for text in texts:
        name, equals, rest = text.partition("=")
        name, values = name.strip(), tuple(part.strip() for part in rest.split(","))
        if not equals or not name or "" in values:
            raise UsageError(
                f"--sweep {text!r} sweeps nothing\n  expected: name=value,value as n_points=32,1000"
            )
        kind, _, bare = name.rpartition(".")
        axis = Axis(bare, _kind(kind, bare, owners), values)
        if any((axis.kind, bare) == (other.kind, other.name) for other in found):
            raise UsageError(f"{bare!r} is swept twice\n  expected: one list of values a name")
        found.append(axis)
    return found


def _owners(models: Sequence[Named], samplers: Sequence[Named]) -> dict[str, dict[str, int]]:
    """Kind -> name -> how many of what is chosen have it and leave it open."""
    owners: dict[str, dict[str, int]] = {
        "budget": {f.name: 1 for f in dataclasses.fields(Budgets)},
        "model": {},
        "sampler": {},
    }
    for kind, chosen in (("model", models), ("sampler", samplers)):
        for name, given in chosen:
            for option in _fields(kind, name):
                owners[kind][option] = owners[kind].get(option, 0) + (option not in given)
    return owners


def _kind(asked: str, name: str, owners: Mapping[str, Mapping[str, int]]) -> str:
    """Which of KINDS the name belongs to."""
    if name in LISTED:
        raise UsageError(
            f"{name!r} is a list of its own, no sweep\n  expected: --{name} with several values"
        )
    if asked not in _NOUNS:
        raise UsageError(
            f"'{asked}.{name}' is no name\n  expected: one of {', '.join(KINDS)}, a dot, a name"
        )
    having = [kind for kind in KINDS if name in owners[kind] and asked in ("", kind)]
    if not having:
        known = {name for kind in KINDS for name in owners[kind] if asked in ("", kind)}
        raise unknown_name(f"option of {_NOUNS[asked]}", name, known)
    if len(having) > 1:
        ways = " or ".join(f"{kind}.{name}" for kind in having)
        raise UsageError(
            f"{name!r} is an option of more than one: {', '.join(having)}\n  expected: {ways}"
        )
    if not owners[having[0]][name]:
        raise UsageError(
            f"{name!r} is swept, but every {having[0]} that has it names a value of its own\n"
            f"  expected: one or the other; leave {name}=... out of the {having[0]}'s name"
        )
    return having[0]


def _fields(kind: str, name: str) -> dict[str, Any]:
    """Options of a model, or settings of a sampler, with their defaults."""
    made = _type(kind, name)
    return {f.name: f.default for f in dataclasses.fields(made)} if made else {}


def _type(kind: str, name: str) -> Any:
    if kind == "model":
        from samplerbench.models.base import models

        return models.get(name).options if model_names.is_registered(name) else None
    from samplerbench.samplers.base import samplers

    return samplers.get(name).settings


def budgets(found: Sequence[Axis]) -> list[dict[str, int]]:
    """Every combination of the swept budgets: what differs from the plan."""
    return [given for _, given in options(found, "budget", [("", {})])]


def options(found: Sequence[Axis], kind: str, chosen: Sequence[Named]) -> list[Named]:
    """``chosen`` with every combination of the swept options that each of them has and leaves open.

    Values that only repeat a default are left out, as everywhere. Raises UsageError for a value
    that does not fit, and for one that stands twice.
    """
    mine = [axis for axis in found if axis.kind == kind]
    made: list[Named] = []
    for name, given in chosen:
        settings = Budgets if kind == "budget" else _type(kind, name)
        open_ = [axis for axis in mine if _has(settings, axis.name) and axis.name not in given]
        if not open_:
            made.append((name, given))
            continue
        typed = [_typed(settings, axis, name or "budget") for axis in open_]
        for values in itertools.product(*typed):
            swept = dict(zip((axis.name for axis in open_), values, strict=True))
            filled = fill(settings, {**given, **swept}, name or "budget")
            made.append((name, _differing(filled, {**given, **swept}, kind)))
    return made


def _has(settings: Any, name: str) -> bool:
    return settings is not None and name in settings.__dataclass_fields__


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


def _differing(filled: Any, given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    values = {name: getattr(filled, name) for name in sorted(given)}
    if kind == "budget":
        return values
    defaults = {f.name: f.default for f in dataclasses.fields(filled)}
    return {name: value for name, value in values.items() if value != defaults[name]}


def told(found: Sequence[Axis]) -> list[str]:
    """The axes by kind and name, as a store keeps them."""
    return [f"{axis.kind}.{axis.name}" for axis in found]


def knobs(trial: Trial) -> dict[str, Any]:
    """Every value that a sweep can vary, by kind and name, defaults included."""
    found = {f"budget.{f.name}": getattr(trial, f.name) for f in dataclasses.fields(Budgets)}
    for kind, name, given in (
        ("model", trial.model, trial.model_options),
        ("sampler", trial.sampler, trial.settings),
    ):
        try:
            known = _fields(kind, name)
        except UsageError:  # a campaign of another release may name what is gone
            known = {}
        found.update({f"{kind}.{key}": value for key, value in {**known, **given}.items()})
    return found


def where(trial: Trial, names: Sequence[str]) -> str:
    """The trial's values on the swept axes, as ``n_points=1000,chains=4``; those that it has."""
    if not names:
        return ""
    values = knobs(trial)
    return ",".join(f"{name.partition('.')[2]}={values[name]}" for name in names if name in values)
