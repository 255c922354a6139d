"""Pages of the reference and the gallery, from the code and the published runs.

``write_pages(docs)`` writes them into the folders of ``docs``; they are no part of the repository.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from samplerbench.cli.main import COMMANDS, build_parser
from samplerbench.harness.scoring.ci_gate import name_row

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "reports" / "published"
STUDIES = ROOT / "studies"


def write_pages(docs: Path) -> None:
    """Write all generated pages; those that are current keep their time."""
    for name, make in PAGES.items():
        _write(docs / name, make())
    _copy_figures(docs)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
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
    from samplerbench.harness.campaign.plan import OPTIONS

    keys = [
        (f"`{o.name}`", o.kind + ", or a table" * o.table, o.describe()) for o in OPTIONS.values()
    ]
    parts = [
        "# Campaign files\n\n`samplerbench run FILE.toml`; of a `pyproject.toml`, the table"
        " `[tool.samplerbench]`. An option on the command line takes the place of the file's."
        " `samplerbench list options --json` prints the JSON Schema, by which an editor completes"
        " and checks a file.\n",
        make_table(("key", "type", "what it is"), keys),
    ]
    examples = sorted((ROOT / "examples").glob("*.toml"))
    for path in examples:
        parts.append(f"## {path.name}\n\n```toml\n{path.read_text(encoding='utf-8')}```\n")
    return "\n".join(parts)


def _make_exit_codes() -> str:
    from samplerbench.cli.common import describe_exits

    plain = describe_exits()
    codes = {name: parser.get_default("exits") for name, parser in _commands().items()}
    rows = [
        (f"`samplerbench {name}`", (text or plain).removeprefix("exit codes: "))
        for name, text in codes.items()
    ]
    return "# Exit codes\n\n" + make_table(("command", "exit codes"), rows)


def _make_gallery() -> str:
    parts = [
        "# Gallery\n",
        "Of the main job, `samplerbench run`, as published in the repository.\n",
    ]
    for name, title, caption, alternative in _read_figures(PUBLISHED / "default" / "figures.md"):
        parts.append(f"## {title}\n\n![{alternative}](default/{name}.svg)\n\n{caption}\n")
    parts.append("```{toctree}\n:hidden:\n\nstacks\nruns\n```\n")
    return "\n".join(parts)


def _read_figures(path: Path) -> list[list[str]]:
    """Name, title, caption and text alternative of each figure, from a ``figures.md``."""
    form = re.compile(r"^# (.+)\n\n(.+?)\. (.+)\n\n(.+)$", re.MULTILINE)
    return [list(found.groups()) for found in form.finditer(path.read_text(encoding="utf-8"))]


def _copy_figures(docs: Path) -> None:
    figures = {
        docs / "gallery" / "default" / p.name: p for p in (PUBLISHED / "default").glob("*.svg")
    }
    figures |= {docs / "studies" / f"{p.parent.name}.svg": p for p in STUDIES.glob("*/figure.svg")}
    for target, path in figures.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.stat().st_mtime < path.stat().st_mtime:
            shutil.copy(path, target)


def _make_runs() -> str:
    parts = ["# Published runs\n"]
    for path in sorted(PUBLISHED.glob("*/*.md")):
        if path.name != "figures.md":
            text = path.read_text(encoding="utf-8")
            body = "\n".join(_demote(line) for line in text.splitlines() if "![" not in line)
            name = "" if path.name == "README.md" else f"/{path.stem}"
            parts.append(f"## {path.parent.name}{name}\n\n{body}\n")
    return "\n".join(parts)


def _demote(line: str, levels: int = 2) -> str:
    return "#" * levels + line if line.startswith("#") else line


def _make_studies() -> str:
    parts = [
        "# Studies\n\nEach is a campaign file in `studies/`, which `python studies/publish.py NAME`"
        " runs.\n"
    ]
    for readme in sorted(STUDIES.glob("*/README.md")):
        name, table = readme.parent.name, readme.with_name("table.md")
        parts.append(_demote_all(readme.read_text(encoding="utf-8")))
        if readme.with_name("figure.svg").is_file():
            parts.append(f"![What the study shows, as its table has it]({name}.svg)\n")
        parts.append(
            _demote_all(table.read_text(encoding="utf-8")) if table.is_file() else "Not run.\n"
        )
    return "\n".join(parts)


def _demote_all(text: str) -> str:
    return "\n".join(_demote(line, 1) for line in text.splitlines()) + "\n"


#: kinds of models, in words, and the registered models that stand for them
KINDS = {
    "A few parameters, nearly normal": ("linear",),
    "Many parameters, normal": ("gaussian", "line_nd"),
    "A scale that sets the spread of others": ("funnel", "eight_schools", "hierarchical_binomial"),
    "Curved": ("banana", "rosenbrock"),
    "Several modes": ("islands", "shells", "eggbox", "log_gamma", "spike_slab"),
    "Tails without moments": ("heavy_tail",),
}
ORDER = ("honest", "overcautious", "agrees", "undecided")


def _make_decisions() -> str:
    """Who was shown honest on which kind of model: all rows of all published campaigns."""
    every = [row for path in sorted(ROOT.glob("*/**/rows.json")) for row in _read_rows(path)]
    # the same trial of two campaigns is one row, of the first of them
    rows = list({_identify(row): row for row in reversed(every)}.values())
    parts = [
        "# Which sampler was shown honest on which kind of model\n",
        "Every row of the published campaigns and studies with 128 replicates or more, by kind of"
        " model; the cost is independent draws a gradient or a likelihood, tuning counted. What is"
        " not here was not run.\n",
    ]
    heads = ("model", "sampler", "verdict", "environment", "replicates")
    heads += ("draws a gradient", "draws a likelihood")
    for kind, models in KINDS.items():
        chosen = [
            row for row in rows if row["model"].partition(":")[0] in models and _is_decisive(row)
        ]
        chosen.sort(key=lambda row: (_rank(row["verdict"]), row["model"], row["sampler"]))
        table = make_table(heads, (_describe_row(row) for row in chosen))
        parts.append(f"## {kind}\n\n{table if chosen else 'Not run.'}\n")
    return "\n".join(parts)


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def _identify(row: dict[str, Any]) -> tuple[Any, ...]:
    place = row["environment"], row["device"]
    return row["model"], name_row(row), place, row["draws"], row["replicates"]


def _is_decisive(row: dict[str, Any]) -> bool:
    return (
        row["status"] == "ok"
        and row["replicates"] >= 128
        and not row["model"].startswith("control")
    )


def _rank(verdict: str) -> tuple[int, str]:
    return (ORDER.index(verdict) if verdict in ORDER else len(ORDER), verdict)


def _describe_row(row: dict[str, Any]) -> tuple[str, ...]:
    costs = (row["realised_ess_per_gradient"], row["realised_ess_per_evaluation"])
    numbers = ("-" if cost is None else f"{cost:.2g}" for cost in costs)
    return (
        row["model"],
        name_row(row),
        row["verdict"],
        row["environment"] + ", gpu" * (row["device"] == "gpu"),
        str(row["replicates"]),
        *numbers,
    )


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
    "studies/index.md": _make_studies,
    "studies/decisions.md": _make_decisions,
    "changelog.md": _make_changelog,
}
