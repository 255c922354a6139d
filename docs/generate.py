"""Pages of the reference and the gallery, from the code and the published runs.

``write_pages(docs)`` writes them into the folders of ``docs``; they are no part of the repository.
"""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import decisions
import published
from markdown_table import make_table

from samplerbench.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).parents[1]


def write_pages(docs: Path) -> None:
    """Write all generated pages; those that are current keep their time."""
    for name, make in PAGES.items():
        _write(docs / name, make())
    published.copy_figures(docs)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _commands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError(f"no commands among {COMMANDS}")


def _make_command_line() -> str:
    parts = ["# Command line\n"]
    for name, parser in _commands().items():
        plain: Callable[..., argparse.HelpFormatter] = parser.formatter_class
        parser.formatter_class = functools.partial(plain, width=100)  # type: ignore[assignment]
        parts.append(f"## samplerbench {name}\n\n```text\n{parser.format_help()}```\n")
    return "\n".join(parts)


def _make_columns() -> str:
    from samplerbench.harness.scoring.columns import COLUMNS

    described = {c.name: c.description for c in COLUMNS}
    ends = {f"{name}_{end}" for name in described for end in ("lo", "hi")}
    rows = []
    for c in COLUMNS:
        if c.name not in ends:
            given = described.get(f"{c.name}_lo", "")
            interval = "yes*" if "if no run is worse" in given else "yes" if given else ""
            rows.append((f"`{c.name}`", c.description, interval, c.unit, c.better))
    head = (
        '# Columns\n\nOf `campaign.table("all")`, `--format csv`, `json` and `--columns`.'
        " A column `NAME` with a 95 % interval has the columns `NAME_lo` and `NAME_hi` beside"
        " it, in the same unit; \\* that interval holds if no run is worse than those seen.\n\n"
    )
    return head + make_table(("column", "holds", "interval", "unit", "better"), rows)


def _describe(entries: Iterable[tuple[str, str, type]]) -> str:
    from samplerbench.options import describe

    heads = ("name", "type", "default", "range", "what")
    parts = []
    for name, summary, options in entries:
        rows = [
            (f"`{d.name}`", d.type, f"`{_shorten(d.default)}`", d.range, d.text)
            for d in describe(options)
        ]
        table = make_table(heads, rows) if rows else "No options.\n"
        parts.append(f"## {name}\n\n{summary}.\n\n{table}")
    return "\n".join(parts)


def _shorten(default: object) -> str:
    """A default as a command line takes it."""
    words = str(default)
    return words.lower() if default is None or isinstance(default, bool) else words


def _make_samplers() -> str:
    from samplerbench.samplers.base import samplers

    found = [samplers.get(name) for name in samplers.names()]
    return (
        "# Samplers\n\nA setting rides on the name: `--sampler numpyro_hmc:trajectory_length=1.5`."
        " [What each of them claims](../explanation/samplers.md).\n\n"
    ) + _describe((s.name, _begin_sentence(s.summary), s.settings) for s in found)


def _begin_sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _make_models() -> str:
    from samplerbench.models.base import models

    found = [models.get(name) for name in models.names()]
    return ("# Models\n\nAn option rides on the name: `--model gaussian:dim=20`.\n\n") + _describe(
        (m.name, _begin_sentence(m.summary), m.options) for m in found
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
    **published.list_pages(),
    "studies/decisions.md": decisions.make_page,
    "changelog.md": _make_changelog,
}
