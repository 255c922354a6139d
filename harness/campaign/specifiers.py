"""Samplers and models as they are written, "NAME:KEY=VALUE,...", and what they stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.models.base import models
from samplerbench.models.loading import model_names
from samplerbench.models.posteriordb import folder
from samplerbench.options import fill, refuse_twice
from samplerbench.samplers.base import samplers
from samplerbench.user_files import full_path, split_file

EXACT = "exact_iid"  # the control that no flaw is built into: draws of the model's own answer
HOW_DECLARED = (
    "expected: keyword arguments of an __init__ of its own, or fields of a dataclass Settings, "
    "each with a plain default; what a base class takes is not read"
)


def parse_samplers(texts: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each of ``texts`` by ``parse_sampler``; ``all`` stands for every registered sampler.

    Of controls, which know the answer, the independent draws alone are among them.
    """
    every = [name for name in samplers.names() if name == EXACT or not samplers.get(name).control]
    chosen = [name for text in texts for name in (every if text == "all" else [text])]
    return [parse_sampler(text) for text in chosen]


def parse_sampler(text: str) -> tuple[str, dict[str, Any]]:
    """``name:key=value,key=value`` -> (name, settings that differ from the defaults).

    The name may be ``path/to/file.py:name``, and is returned with its full path.
    """
    file, rest = split_file(text)
    name, _, rest = rest.partition(":")
    name = f"{full_path(file)}:{name}" if file else name
    settings, declared = _pairs(rest, text), samplers.get(name).settings
    if file and settings and not dataclasses.fields(declared):
        raise UsageError(f"{name!r} declares no settings, and is given {rest!r}\n  {HOW_DECLARED}")
    return name, without_defaults(fill(declared, settings, name), settings)


def parse_model(text: str) -> tuple[str, dict[str, Any], str]:
    """``name:key=value`` or ``path/to/file.py:name`` -> (name, options that differ, digest)."""
    if model_names.is_file(text) or folder.is_posterior(text):
        name, digest = model_names.check_model(text, {})
        return name, {}, digest
    name, _, rest = text.partition(":")
    options = _pairs(rest, text)
    return name, without_defaults(fill(models.get(name).options, options, name), options), ""


def without_defaults(filled: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Those values of the dataclass ``filled`` that are in ``names`` and no defaults, sorted."""
    defaults = {field.name: field.default for field in dataclasses.fields(filled)}
    values = {name: getattr(filled, name) for name in sorted(names)}
    return {name: value for name, value in values.items() if value != defaults[name]}


def _pairs(text: str, whole: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            file = whole.partition(":")[0] + ".py"
            hint = f"; of a file: {file}:{part}" if Path(file).is_file() else ""
            expected = f"expected: name:setting=value{hint}"
            raise UsageError(f"{part!r} in {whole!r} sets nothing\n  {expected}")
        refuse_twice(key.strip(), pairs, whole)
        pairs[key.strip()] = value.strip()
    return pairs
