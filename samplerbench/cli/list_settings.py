"""``samplerbench list NAME``: a sampler's settings or a model's options, and what each does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from samplerbench.errors import unknown_name
from samplerbench.models.base import models
from samplerbench.options import Description, describe
from samplerbench.samplers.base import samplers

HEADINGS = ("setting", "type", "default", "range", "what it does")


def describe_names(name: str, lists: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Kind, name, summary and settings of each sampler and model called ``name``; JSON-able.

    A sampler may be in a file. Raises UsageError for a name that is neither known nor one of
    ``lists``, which are other words that the command takes.
    """
    found = []
    if samplers.is_file(name) or _has(samplers, name):
        sampler = samplers.get(name)
        entry = _entry("sampler", name, sampler, describe(sampler.settings))
        found.append({**entry, "claims": sampler.claims})
    if _has(models, name):
        family = models.get(name)
        found.append(_entry("model", name, family, describe(family.options)))
    if not found:
        known = {each for registry in (samplers, models) for each in _names(registry)}
        raise unknown_name("subject of samplerbench list", name, {*known, *lists})
    return found


def _entry(kind: str, name: str, item: Any, settings: list[Description]) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "summary": item.summary,
        "link": item.link,
        "settings": [asdict(each) for each in settings],
    }


def _has(registry: Any, name: str) -> bool:
    return name in _names(registry)


def _names(registry: Any) -> list[str]:
    return [*registry.names(), *(plugin.name for plugin in registry.plugins())]


def make_lines(entry: dict[str, Any]) -> list[str]:
    """An entry of ``describe_names`` as text: a heading, and a line for each setting."""
    settings, name = entry["settings"], entry["name"]
    lines = [f"{entry['kind']} {name}: {entry['summary']}".rstrip(": ")]
    if entry.get("claims"):
        lines.append(f"  audited: {entry['claims']}")
    if entry["link"]:
        lines.append(f"  see: {entry['link']}")
    if not settings:
        return [*lines, "  it has no settings"]
    cells = [HEADINGS]
    cells += [(s["name"], s["type"], _show(s["default"]), s["range"], s["text"]) for s in settings]
    widths = [max(len(row[i]) for row in cells) for i in range(4)]
    for row in cells:
        shown = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        lines.append(f"  {shown}  {row[4]}".rstrip())
    first = settings[0]
    return [
        *lines,
        f"written as: --{entry['kind']} {name}:{first['name']}={_show(first['default'])}",
    ]


def _show(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
