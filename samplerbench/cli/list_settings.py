"""``samplerbench list NAME``: settings of a sampler or a model, packages of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from samplerbench.cli.common import wrap_last
from samplerbench.errors import unknown_name
from samplerbench.models.base import models
from samplerbench.options import Description, describe
from samplerbench.samplers.base import samplers

HEADINGS = ("type", "default", "range", "what it does")
NOUNS = {"sampler": "setting", "model": "option"}


def describe_names(name: str, lists: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Kind, name, summary and contents of all that is called ``name``; JSON-able.

    Contents are settings of a sampler, which may be in a file, or of a model, and packages of an
    environment; a column of the table has none. Raises UsageError for a name that is neither known
    nor one of ``lists``, which are other words that the command takes.
    """
    from samplerbench.harness.environments import environments
    from samplerbench.harness.scoring.columns import COLUMNS

    found: list[dict[str, Any]] = []
    if samplers.is_file(name) or name in samplers.all_names():
        sampler = samplers.get(name)
        entry = _entry("sampler", name, sampler, describe(sampler.settings))
        found.append({**entry, "claims": sampler.claims})
    if name in models.all_names():
        family = models.get(name)
        found.append(_entry("model", name, family, describe(family.options)))
    if name in environments.names():
        packages = environments.list_packages(name)
        head = {"kind": "environment", "name": name, "summary": environments.summarize(name)}
        found.append({**head, "packages": packages})
    columns = {column.name: column for column in COLUMNS}
    if name in columns and f"{name}s" not in lists:  # "sampler" is rather a slip
        found.append({"kind": "column", "name": name, "summary": columns[name].description})
    if not found:
        known = {*samplers.all_names(), *models.all_names(), *environments.names(), *lists}
        raise unknown_name("subject of samplerbench list", name, known)
    return found


def _entry(kind: str, name: str, item: Any, settings: list[Description]) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "summary": item.summary,
        "link": item.link,
        "settings": [asdict(each) for each in settings],
    }


def make_lines(entry: dict[str, Any]) -> list[str]:
    """An entry of ``describe_names`` as text: a heading, and a line for each setting or package."""
    name = entry["name"]
    lines = [f"{entry['kind']} {name}: {entry['summary']}".rstrip(": ")]
    if entry["kind"] == "environment":
        return [*lines, *(f"  {pin}" for pin in entry["packages"]), f"written as: --env {name}"]
    if entry["kind"] == "column":
        return lines
    settings = entry["settings"]
    if entry.get("claims"):
        lines.append(f"  audited: {entry['claims']}")
    if entry["link"]:
        lines.append(f"  see: {entry['link']}")
    noun = NOUNS[entry["kind"]]
    if not settings:
        return [*lines, f"  it has no {noun}s"]
    cells = [(noun, *HEADINGS)]
    cells += [(s["name"], s["type"], _show(s["default"]), s["range"], s["text"]) for s in settings]
    widths = [max(len(row[i]) for row in cells) for i in range(4)]
    for row in cells:
        shown = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        lines.append(wrap_last(f"  {shown}  ", row[4]).rstrip())
    first = settings[0]
    return [
        *lines,
        f"written as: --{entry['kind']} {name}:{first['name']}={_show(first['default'])}",
    ]


def _show(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
