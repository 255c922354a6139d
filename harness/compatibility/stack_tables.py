"""Stacks to try: the tables ``[[stacks]]`` of a matrix file, completed by its ``[[rules]]``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.compatibility.tried_samplers import list_tried

RULE_KEYS = ("when", "unless", "add", "without", "why")
#: keys of a ``[[stacks]]`` table that are no distributions
STACK_KEYS = ("name", "note", "without", "launches", "python")
_EXPECTED = "expected: a name and versions, such as numpy<2 or jax==0.4.23"


@dataclass(frozen=True)
class Stack:
    """One stack to try: what is asked for, before anything is resolved."""

    name: str
    chosen: dict[str, str]  # the versions that the file gives, by distribution
    wishes: tuple[str, ...]  # requirements, those that the rules add included
    left_out: tuple[str, ...]  # distributions that are left out though something depends on them
    note: str = ""
    launches: int = 1  # processes that NUTS's first call is timed in
    python: str | None = None  # minor version to make its environment with; None: the running one


@dataclass(frozen=True)
class Rule:
    """Requirements that are added to every stack that meets all of ``when``."""

    when: tuple[Requirement, ...]
    unless: tuple[str, ...]  # distributions; a stack that chooses one of them is left alone
    add: tuple[str, ...]
    left_out: tuple[str, ...]


def read_rule(table: Mapping[str, Any], where: str) -> Rule:
    """A table ``[[rules]]``; raises UsageError for what does not fit."""
    for key in table.keys() - set(RULE_KEYS):
        raise unknown_name(f"key of {where}", key, RULE_KEYS)
    texts = {key: _read_texts(table.get(key, []), f"{key} of {where}") for key in RULE_KEYS}
    if not texts["add"] and not texts["without"]:
        raise UsageError(f"{where} adds nothing\n  expected: add = [...] or without = [...]")
    for text in texts["add"]:
        _parse_requirement(re.sub(r"\{[\w-]+\}", "0", text), where)  # {jax}: the stack's version
    when = tuple(_parse_requirement(text, where) for text in texts["when"])
    return Rule(when, texts["unless"], texts["add"], texts["without"])


def read_stacks(
    table: Mapping[str, Any], rules: Sequence[Rule], python: str | None, where: str
) -> list[Stack]:
    """The stacks of one table: the product of its lists of versions, rules applied.

    ``python`` is the one of the whole file. Raises UsageError for what does not fit.
    """
    axes = {k: _read_texts(v, f"{k} of {where}") for k, v in table.items() if k not in STACK_KEYS}
    if not axes:
        raise UsageError(f"{where} gives no versions\n  expected: numpyro = '0.13.2' and the like")
    for name, releases in axes.items():
        for release in releases:
            _check_version(name, release, where)
    return [
        _make_stack(dict(zip(axes, releases, strict=True)), table, rules, python, where)
        for releases in itertools.product(*axes.values())
    ]


def name_parts() -> tuple[str, ...]:
    """The distributions whose versions name a stack, in this order."""
    libraries = [each.distributions[0] for each in list_tried() if each.distributions]
    return ("numpyro", "jax", *dict.fromkeys(libraries))


def name_of(chosen: Mapping[str, str]) -> str:
    """A stack's name: the versions that matter, then whatever else the file fixes."""
    order = [name for name in name_parts() if name in chosen]
    order += [name for name in chosen if name not in order]
    return ", ".join(f"{name} {chosen[name]}" for name in order)


def read_count(name: str, value: Any) -> int:
    """A whole number from 1 on; raises UsageError for another value."""
    if type(value) is not int or value < 1:
        raise UsageError(f"{name} = {value!r}\n  expected: a whole number from 1 on")
    return value


def read_python(value: Any, where: str) -> str | None:
    """A minor version of Python; "" is the running one. Raises UsageError for another value."""
    if not isinstance(value, str) or not re.fullmatch(r"(\d+\.\d+)?", value):
        raise UsageError(f"python = {value!r} in {where}\n  expected: a version, as '3.12'")
    return value or None


def _make_stack(
    chosen: dict[str, str],
    table: Mapping[str, Any],
    rules: Sequence[Rule],
    python: str | None,
    where: str,
) -> Stack:
    wishes = {canonicalize_name(name): f"{name}=={release}" for name, release in chosen.items()}
    left_out = {*_read_texts(table.get("without", []), f"without of {where}")}
    for rule in rules:
        if _applies(rule, chosen):
            left_out.update(rule.left_out)
            for text in rule.add:
                wish = _parse_requirement(_fill(text, chosen, where), where)
                wishes.setdefault(canonicalize_name(wish.name), str(wish))
    own_python = read_python(table.get("python", ""), where)
    name = name_of(chosen) + (f", Python {own_python}" if own_python else "")
    return Stack(
        name=str(table.get("name") or name),
        chosen=chosen,
        wishes=tuple(wishes[key] for key in sorted(wishes)),
        left_out=tuple(sorted(left_out)),
        note=str(table.get("note", "")),
        launches=read_count(f"launches of {where}", table.get("launches", 1)),
        python=own_python or python,
    )


def _read_texts(value: Any, where: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise UsageError(f"{where} = {value!r}\n  expected: a text, or a list of texts")
    return tuple(items)


def _parse_requirement(text: str, where: str) -> Requirement:
    """``text`` as a plain requirement: a name and versions, no address and no marker."""
    try:
        wish = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"{where}: {text!r} does not parse: {error}\n  {_EXPECTED}") from error
    if wish.url or wish.marker:
        raise UsageError(f"{where}: {text!r} is not a name and versions\n  {_EXPECTED}")
    return wish


def _check_version(name: str, release: str, where: str) -> None:
    _parse_requirement(name, where)
    try:
        Version(release)
    except InvalidVersion as error:
        raise UsageError(
            f"{where}: {release!r} is no version of {name}\n  expected: one such as '0.4.23'"
        ) from error


def _applies(rule: Rule, chosen: Mapping[str, str]) -> bool:
    met = all(
        wish.name in chosen and wish.specifier.contains(chosen[wish.name], prereleases=True)
        for wish in rule.when
    )
    return met and not any(name in chosen for name in rule.unless)


def _fill(text: str, chosen: Mapping[str, str], where: str) -> str:
    """``text`` with the stack's own versions in place of {name}."""
    for name in re.findall(r"\{([\w-]+)\}", text):
        if name not in chosen:
            known = ", ".join(f"{{{key}}}" for key in chosen)
            raise UsageError(f"{where}: a rule adds {text!r}\n  expected in braces: {known}")
        text = text.replace(f"{{{name}}}", chosen[name])
    return text
