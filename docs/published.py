"""Pages of the gallery and the studies, from what is published in the repository."""

from __future__ import annotations

import functools
import importlib.util
import re
import shutil
import types
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "reports" / "published"
STUDIES = ROOT / "studies"


def list_pages() -> dict[str, Callable[[], str]]:
    """The pages by their paths below ``docs``, each with what makes its text."""
    runs = {f"gallery/{_name_run(n)}.md": functools.partial(_make_run, n) for n in _list_runs()}
    studies = {f"studies/{n}.md": functools.partial(_make_study, n) for n in _list_studies()}
    return {
        "gallery/index.md": _make_gallery,
        "gallery/runs.md": _make_runs,
        **runs,
        "gallery/judge.md": _make_judge,
        "gallery/stacks.md": lambda: "# Version stacks\n\n" + _read(PUBLISHED / "stacks.md"),
        "studies/index.md": _make_studies,
        **studies,
    }


def copy_figures(docs: Path) -> None:
    """Copy the published figures beside the pages that show them."""
    figures = {
        docs / "gallery" / "default" / p.name: p for p in (PUBLISHED / "default").glob("*.svg")
    }
    figures |= {docs / "studies" / f"{p.parent.name}.svg": p for p in STUDIES.glob("*/figure.svg")}
    for target, path in figures.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.stat().st_mtime < path.stat().st_mtime:
            shutil.copy(path, target)


def _make_gallery() -> str:
    parts = [
        "# Gallery\n",
        "The figures that `samplerbench run` makes of the straight line of NumPyro's tutorial.\n",
    ]
    for name, title, caption, alternative in _read_figures():
        parts.append(f"## {title}\n\n![{alternative}](default/{name}.svg)\n\n{caption}\n")
    parts.append("```{toctree}\n:hidden:\n\nruns\njudge\nstacks\n```\n")
    return "\n".join(parts)


def _read_figures() -> list[list[str]]:
    """Name, title, caption and text alternative of each figure of the main job."""
    form = re.compile(r"^# (.+)\n\n(.+?)\. (.+)\n\n(.+)$", re.MULTILINE)
    return [
        list(found.groups()) for found in form.finditer(_read(PUBLISHED / "default/figures.md"))
    ]


def _list_runs() -> list[str]:
    return sorted({path.parent.name for path in PUBLISHED.glob("*/*.md")})


def _name_run(folder: str) -> str:
    return f"run_{folder.replace('-', '_')}"


def _make_runs() -> str:
    """The README of the published runs, with links to their pages in place of folders."""
    text = _read(PUBLISHED / "README.md")
    for folder in _list_runs():
        text = text.replace(f"- `{folder}/`:", f"- [{folder}]({_name_run(folder)}.md):")
    text = text.replace("- `judge.md`:", "- [judge](judge.md):")
    text = text.replace("- `stacks.md`:", "- [stacks](stacks.md):")
    names = "\n".join(_name_run(folder) for folder in _list_runs())
    return f"{text}\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _make_run(folder: str) -> str:
    """What a folder of published runs says, then each of its tables."""
    paths = [path for path in sorted((PUBLISHED / folder).glob("*.md")) if path.stem != "figures"]
    about = [_demote(_read(path), 1) for path in paths if path.name == "README.md"]
    tables = [path for path in paths if path.name != "README.md"]
    parts = [f"# Published run: {folder}\n", *about]
    parts += [f"## {path.stem}\n\n{_demote(_read(path), 2)}" for path in tables]
    return "\n".join(re.sub(r"^!\[.*$", "", part, flags=re.MULTILINE) for part in parts)


def _make_judge() -> str:
    return _read(PUBLISHED / "judge.md").replace("\n### ", "\n## ")


def _list_studies() -> list[str]:
    """Their names, in the order of the table of studies."""
    return re.findall(r"^\| \[(\w+)\]\(\w+\)", _read(STUDIES / "README.md"), re.MULTILINE)


def _make_studies() -> str:
    text = re.sub(r"(?m)^\| \[(\w+)\]\(\1\)", r"| [\1](\1.md)", _read(STUDIES / "README.md"))
    return f"{text}\n```{{toctree}}\n:hidden:\n\n" + "\n".join(_list_studies()) + "\n```\n"


def _make_study(name: str) -> str:
    """A study's summary, its figure with what it shows, and its tables."""
    folder = STUDIES / name
    parts = [_read(folder / "README.md")]
    if (folder / "figure.svg").is_file():
        parts.append(_show_figure(name))
    for path in sorted(folder.glob("*.md"), key=lambda path: path.stem != "table"):
        if path.name != "README.md":
            parts.append(f"## {path.stem.capitalize()}\n\n{_demote(_read(path), 2)}")
    return "\n".join(parts)


def _show_figure(study: str) -> str:
    """The study's figure, with the title and the caption of its kind."""
    kind = _load_publisher().FIGURES[study]
    known = {name: (title, caption) for name, title, caption, _ in _read_figures()}
    title, caption = known.get(kind, ("Cost against size", "One line a sampler and device."))
    words = f"{title}: the numbers are in the table below"
    return f"![{words}]({study}.svg)\n\n*{title}.* {caption}\n"


@functools.cache
def _load_publisher() -> types.ModuleType:
    """The file that publishes studies, which says what figure each shows."""
    spec = importlib.util.spec_from_file_location("publish", STUDIES / "publish.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _demote(text: str, levels: int) -> str:
    return re.sub(r"^(?=#)", "#" * levels, text, flags=re.MULTILINE)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
