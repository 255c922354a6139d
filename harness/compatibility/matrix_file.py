"""A matrix file: which stacks are to be tried, and by which rules their other versions follow.

TOML. Each table ``[[stacks]]`` gives versions by distribution name; lists make their product, in
the order of the file. Each ``[[rules]]`` adds requirements to the stacks that meet its ``when``.
Nothing is added that is not stated in the file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from samplerbench.errors import UsageError, unknown_name
from samplerbench.samplers.base import samplers

SHIPPED = Path(__file__).parent / "matrix.toml"
KEYS = ("python", "reference", "budget", "rules", "stacks")
RULE_KEYS = ("when", "unless", "add", "without", "why")
#: words of a ``[[stacks]]`` table that are no distributions
STACK_WORDS = ("name", "note", "without", "launches")
#: what makes a stack's name, in this order
NAMED = ("numpyro", "jax", "jaxns")


@dataclass(frozen=True)
class Stack:
    """One stack to try: what is asked for, before anything is resolved."""

    name: str
    chosen: dict[str, str]  # the versions that the file gives, by distribution
    wishes: tuple[str, ...]  # requirements, those that the rules add included
    without: tuple[str, ...]  # distributions that are left out though something depends on them
    note: str = ""
    launches: int = 1  # processes that NUTS's first call is timed in


@dataclass(frozen=True)
class Budget:
    """How long each sampler runs on a stack."""

    warmup: int = 200
    draws: int = 500
    replicates: Mapping[str, int] | None = None  # by sampler; these samplers are run


@dataclass(frozen=True)
class Matrix:
    """What a matrix file says."""

    stacks: tuple[Stack, ...]
    budget: Budget
    python: str  # minor version that environments are made with, or ""
    reference: str  # name of the stack that seconds are compared with, or ""


@dataclass(frozen=True)
class _Rule:
    when: tuple[Requirement, ...]
    unless: tuple[str, ...]
    add: tuple[str, ...]
    without: tuple[str, ...]


def read(path: Path) -> Matrix:
    """The matrix in the file ``path``; raises UsageError for what does not fit."""
    given = _parsed(path)
    for key in given.keys() - set(KEYS):
        raise unknown_name(f"key in {path}", key, KEYS)
    tables = enumerate(_tables(given, "rules"), 1)
    rules = [_rule(table, f"rule {i} of {path}") for i, table in tables]
    stacks: dict[str, Stack] = {}
    for i, table in enumerate(_tables(given, "stacks")):
        for stack in _stacks(table, rules, f"[[stacks]] {i + 1} of {path}"):
            if stacks.setdefault(stack.name, stack) != stack:
                raise UsageError(
                    f"two different stacks of {path} are called {stack.name!r}\n"
                    "  expected: one name a stack; give one of them a name = of its own"
                )
    if not stacks:
        raise UsageError(f"{path} names no stacks\n  expected: tables [[stacks]] with versions")
    reference = str(given.get("reference", ""))
    if reference and reference not in stacks:
        raise unknown_name(f"stack (for reference) in {path}", reference, stacks)
    budget = _budget(given.get("budget", {}), str(path))
    return Matrix(tuple(stacks.values()), budget, str(given.get("python", "")), reference)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(
            f"can't read the matrix file {str(path)!r}: {error.strerror}\n"
            "  expected: a TOML file with tables [[stacks]]; without one, the shipped matrix"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{str(path)!r} is not TOML: {error}\n  expected: tables [[stacks]] with versions"
        ) from error


def _tables(given: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = given.get(key, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise UsageError(f"{key} = {found!r}\n  expected: tables [[{key}]]")
    return found


def _texts(value: Any, where: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise UsageError(f"{where} = {value!r}\n  expected: a text, or a list of texts")
    return tuple(items)


def requirement(text: str, where: str) -> Requirement:
    """``text`` as a plain requirement: a name and versions, no address and no marker."""
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"{where}: {text!r} does not parse: {error}\n  {_EXPECTED}") from error
    if found.url or found.marker:
        raise UsageError(f"{where}: {text!r} is not a name and versions\n  {_EXPECTED}")
    return found


_EXPECTED = "expected: a name and versions, such as numpy<2 or jax==0.4.23"


def _rule(table: Mapping[str, Any], where: str) -> _Rule:
    for key in table.keys() - set(RULE_KEYS):
        raise unknown_name(f"key of {where}", key, RULE_KEYS)
    found = {key: _texts(table.get(key, []), f"{key} of {where}") for key in RULE_KEYS}
    if not found["add"] and not found["without"]:
        raise UsageError(f"{where} adds nothing\n  expected: add = [...] or without = [...]")
    for text in found["add"]:
        requirement(re.sub(r"\{[\w-]+\}", "0", text), where)  # {jax} takes the stack's version
    when = tuple(requirement(text, where) for text in found["when"])
    return _Rule(when, found["unless"], found["add"], found["without"])


def _stacks(table: Mapping[str, Any], rules: list[_Rule], where: str) -> list[Stack]:
    axes = {k: _texts(v, f"{k} of {where}") for k, v in table.items() if k not in STACK_WORDS}
    if not axes:
        raise UsageError(f"{where} gives no versions\n  expected: numpyro = '0.13.2' and the like")
    for name, releases in axes.items():
        for release in releases:
            _check_version(name, release, where)
    made = []
    for releases in itertools.product(*axes.values()):
        chosen = dict(zip(axes, releases, strict=True))
        made.append(_stack(chosen, table, rules, where))
    return made


def _check_version(name: str, release: str, where: str) -> None:
    requirement(name, where)
    try:
        Version(release)
    except InvalidVersion as error:
        raise UsageError(
            f"{where}: {release!r} is no version of {name}\n  expected: one such as '0.4.23'"
        ) from error


def _stack(
    chosen: dict[str, str], table: Mapping[str, Any], rules: list[_Rule], where: str
) -> Stack:
    wishes = {canonicalize_name(name): f"{name}=={release}" for name, release in chosen.items()}
    without = list(_texts(table.get("without", []), f"without of {where}"))
    for rule in rules:
        if not _applies(rule, chosen):
            continue
        without += rule.without
        for text in rule.add:
            wish = requirement(_filled(text, chosen, where), where)
            wishes.setdefault(canonicalize_name(wish.name), str(wish))
    name = table.get("name") or name_of(chosen)
    launches = _count(f"launches of {where}", table.get("launches", 1))
    return Stack(
        str(name),
        chosen,
        tuple(wishes[key] for key in sorted(wishes)),
        tuple(sorted(set(without))),
        str(table.get("note", "")),
        launches,
    )


def _filled(text: str, chosen: Mapping[str, str], where: str) -> str:
    """``text`` with the stack's own versions in place of {name}."""
    for name in re.findall(r"\{([\w-]+)\}", text):
        if name not in chosen:
            known = ", ".join(f"{{{key}}}" for key in chosen)
            raise UsageError(f"{where}: a rule adds {text!r}\n  expected in braces: {known}")
        text = text.replace(f"{{{name}}}", chosen[name])
    return text


def _applies(rule: _Rule, chosen: Mapping[str, str]) -> bool:
    met = all(
        wish.name in chosen and wish.specifier.contains(chosen[wish.name], prereleases=True)
        for wish in rule.when
    )
    return met and not any(name in chosen for name in rule.unless)


def name_of(chosen: Mapping[str, str]) -> str:
    """A stack's name: the versions that matter, then whatever else the file fixes."""
    order = [name for name in NAMED if name in chosen]
    order += [name for name in chosen if name not in NAMED]
    return ", ".join(f"{name} {chosen[name]}" for name in order)


def _budget(table: Mapping[str, Any], where: str) -> Budget:
    for key in table.keys() - {"warmup", "draws", "replicates"}:
        raise unknown_name(f"key of [budget] in {where}", key, ("warmup", "draws", "replicates"))
    replicates = dict(table.get("replicates", {})) or DEFAULT_REPLICATES
    for name, count in replicates.items():
        samplers.get(name)  # raises for one that is not known
        _count(f"replicates of {name}", count)
    warmup, draws = table.get("warmup", Budget.warmup), table.get("draws", Budget.draws)
    return Budget(
        _count("warmup of [budget]", warmup), _count("draws of [budget]", draws), replicates
    )


DEFAULT_REPLICATES = {"numpyro_nuts": 32, "numpyro_hmc": 8, "numpyro_sa": 8, "jaxns_nested": 6}


def _count(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise UsageError(f"{name} = {value!r}\n  expected: a whole number from 1 on")
    return value
