"""Pages of the reference and the gallery, from the code and the published runs.

``write_pages(docs)`` writes them into the folders of ``docs``; they are no part of the repository.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from samplerbench.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "reports" / "published"


def write_pages(docs: Path) -> None:
    """Write all generated pages; those that are current keep their time."""
    for name, make in PAGES.items():
        _write(docs / name, make())
    _copy_published(docs / "gallery")


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def make_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [" | ".join(heads), " | ".join(":--" for _ in heads)]
    lines += [" | ".join(_escape(cell) for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _escape(cell: object) -> str:
    return str(cell).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _commands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError(f"no commands among {COMMANDS}")


def _make_command_line() -> str:
    parts = ["# Command line\n"]
    for name, parser in _commands().items():
        parser.formatter_class = _Wide
        parts.append(f"## samplerbench {name}\n\n```text\n{parser.format_help()}```\n")
    return "\n".join(parts)


class _Wide(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def _make_columns() -> str:
    from samplerbench.harness.scoring.columns import COLUMNS

    rows = [(f"`{c.name}`", c.description, c.unit, c.better) for c in COLUMNS]
    head = "# Columns\n\nOf `campaign.table()`, `--format csv`, `json` and `--columns`. "
    text = head + "A column with an interval has `_lo` and `_hi` beside it.\n\n"
    return text + make_table(("column", "holds", "unit", "better"), rows)


def _describe(entries: Iterable[tuple[str, str, type]]) -> str:
    from samplerbench.options import describe

    parts = []
    for name, summary, options in entries:
        rows = [(f"`{d.name}`", d.type, f"`{d.default}`", d.text) for d in describe(options)]
        table = make_table(("name", "type", "default", "what"), rows) if rows else "No options.\n"
        parts.append(f"## {name}\n\n{summary}.\n\n{table}")
    return "\n".join(parts)


def _make_samplers() -> str:
    from samplerbench.samplers.base import samplers

    found = [samplers.get(name) for name in samplers.names()]
    return "# Samplers\n\n" + _describe(
        (s.name, f"{s.summary[:1].upper()}{s.summary[1:]}", s.settings) for s in found
    )


def _make_models() -> str:
    from samplerbench.models.base import models

    found = [models.get(name) for name in models.names()]
    return "# Models\n\n" + _describe(
        (m.name, f"{m.summary[:1].upper()}{m.summary[1:]}", m.options) for m in found
    )


def _make_environments() -> str:
    from samplerbench.harness import environments

    folder = Path(environments.__file__).parent
    parts = ["# Environments\n\nPins of each; uv makes an environment at its first use.\n"]
    for path in sorted(folder.glob("*.txt")):
        parts.append(f"## {path.stem}\n\n```text\n{path.read_text(encoding='utf-8')}```\n")
    return "\n".join(parts)


def _make_campaign_files() -> str:
    examples = sorted((ROOT / "examples").glob("*.toml"))
    parts = [
        "# Campaign files\n\n`samplerbench run FILE.toml`; the keys are the options of `run`.\n"
    ]
    for path in examples:
        parts.append(f"## {path.name}\n\n```toml\n{path.read_text(encoding='utf-8')}```\n")
    return "\n".join(parts)


def _make_exit_codes() -> str:
    from samplerbench.cli import common

    rows = [
        (getattr(common, name), name.removeprefix("EXIT_").lower())
        for name in sorted(vars(common))
        if name.startswith("EXIT_")
    ]
    return "# Exit codes\n\n" + make_table(("code", "meaning"), sorted(rows))


def _make_gallery() -> str:
    parts = [
        "# Gallery\n",
        "Of the main job, `samplerbench run`, as published in the repository.\n",
    ]
    texts = _read_alternatives(PUBLISHED / "default" / "figures.md")
    for path in sorted((PUBLISHED / "default").glob("*.svg")):
        text = texts.get(path.name, path.stem.replace("-", " "))
        parts.append(
            f"## {path.stem.replace('-', ' ')}\n\n![{text}](default/{path.name})\n\n{text}\n"
        )
    parts.append("```{toctree}\n:hidden:\n\nstacks\nruns\n```\n")
    return "\n".join(parts)


def _read_alternatives(path: Path) -> dict[str, str]:
    """File name -> its text, from a ``figures.md``."""
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    pairs = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    return {name: " ".join(alternative.split()) for alternative, name in pairs}


def _copy_published(gallery: Path) -> None:
    for path in (PUBLISHED / "default").glob("*.svg"):
        (gallery / "default").mkdir(parents=True, exist_ok=True)
        target = gallery / "default" / path.name
        if not target.is_file() or target.stat().st_mtime < path.stat().st_mtime:
            shutil.copy(path, target)


def _make_runs() -> str:
    parts = ["# Published runs\n"]
    for path in sorted(PUBLISHED.glob("*/*.md")):
        if path.name not in ("README.md", "figures.md"):
            text = path.read_text(encoding="utf-8")
            body = "\n".join(_demote(line) for line in text.splitlines() if "![" not in line)
            parts.append(f"## {path.parent.name}/{path.stem}\n\n{body}\n")
    return "\n".join(parts)


def _demote(line: str) -> str:
    return f"##{line}" if line.startswith("#") else line


def _make_stacks() -> str:
    return "# Version stacks\n\n" + (PUBLISHED / "stacks.md").read_text(encoding="utf-8")


def _make_changelog() -> str:
    """The changelog, without the links that lead out of these pages."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]+)\]\([A-Z]+\.md\)", r"\1", text)


PAGES: dict[str, Callable[[], str]] = {
    "reference/command_line.md": _make_command_line,
    "reference/columns.md": _make_columns,
    "reference/samplers.md": _make_samplers,
    "reference/models.md": _make_models,
    "reference/environments.md": _make_environments,
    "reference/campaign_files.md": _make_campaign_files,
    "reference/exit_codes.md": _make_exit_codes,
    "gallery/index.md": _make_gallery,
    "gallery/runs.md": _make_runs,
    "gallery/stacks.md": _make_stacks,
    "changelog.md": _make_changelog,
}
