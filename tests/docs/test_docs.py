"""The documentation: it builds without a warning, and its commands are the command line's."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from samplerbench.cli.main import build_parser
from samplerbench.conformance import check_sampler
from samplerbench.harness.campaign.plan import OPTIONS
from samplerbench.harness.campaign.specifiers import parse_sampler
from tests.support.browser import audit_pages

ROOT = Path(__file__).parents[2]
#: a page of each kind
AUDITED = (
    *("index", "tutorial/which_sampler", "reference/samplers", "reference/python"),
    *("studies/index", "studies/gpu", "studies/decisions", "gallery/index", "gallery/run_backends"),
    *("howto/index", "howto/commands", "explanation/verdict"),
)
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)


def commands(path):
    """The samplerbench commands in a page's console and shell blocks."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:console|bash)\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("samplerbench ")]


COMMANDS = [(p.relative_to(DOCS).as_posix(), line) for p in PAGES for line in commands(p)]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_a_command_of_the_documentation_is_one_of_the_command_line(page, line):
    args = build_parser().parse_args(shlex.split(line, comments=True)[1:])
    assert callable(args.command)


def test_every_option_that_the_prose_names_is_one_of_the_command_line():
    known = {flag for parser in list_parsers(build_parser()) for flag in list_flags(parser)}
    script = (ROOT / "tests" / "benchmarks" / "judge.py").read_text(encoding="utf-8")
    known |= set(re.findall(r'"(--[a-z][a-z-]+)"', script))  # the page on verdicts names its own
    texts = {page: page.read_text(encoding="utf-8") for page in [*PAGES, ROOT / "README.md"]}
    prose = {page: re.sub(r"```.*?```", "", text, flags=re.DOTALL) for page, text in texts.items()}
    named = [(page, flag) for page, text in prose.items() for flag in find_flags(text)]
    assert len(named) > 20
    assert not [(page.name, flag) for page, flag in named if flag not in known]


def find_flags(text):
    """The options of samplerbench in code within a page's prose; pytest's own are others'."""
    codes = re.findall(r"`([^`\n]+)`", text)
    return [f for code in codes for f in re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)]


def list_parsers(parser):
    """A parser and those of its commands."""
    actions = parser._subparsers._group_actions if parser._subparsers else ()
    return [parser, *(each for action in actions for each in action.choices.values())]


def list_flags(parser):
    return [flag for action in parser._actions for flag in action.option_strings]


def test_the_sampler_of_ones_own_that_a_page_names_is_in_the_file_that_it_shows(tmp_path):
    shutil.copy(ROOT / "examples" / "own_kernel.py", tmp_path / "my_kernel.py")
    page = (DOCS / "howto" / "own_sampler.md").read_text(encoding="utf-8")
    (slice_file,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_slice.py").write_text(slice_file.rpartition("\nadd(")[0], encoding="utf-8")
    named = {text for _, line in COMMANDS for text in re.findall(r"\bmy_\w+\.py:\S+", line)}
    texts = sorted(text for text in named if not text.startswith("my_model.py"))
    assert {text.partition(":")[0] for text in texts} == {"my_kernel.py", "my_slice.py"}
    for text in texts:
        name, settings = parse_sampler(f"{tmp_path}/{text}")
        assert name.startswith(str(tmp_path)) and len(settings) == text.count("=")


@pytest.mark.process
def test_the_samplers_that_a_page_shows_keep_the_contract(tmp_path):
    page = (DOCS / "howto" / "own_sampler.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_slice.py").write_text(text.rpartition("\nadd(")[0], encoding="utf-8")
    checks = check_sampler(f"{tmp_path}/my_slice.py:prepare")
    checks += check_sampler(f"{ROOT / 'examples' / 'own_kernel.py'}:RandomWalk")
    assert len(checks) > 20 and not [each for each in checks if each.passed is False]


def test_the_entry_point_of_a_plug_in_names_what_is_asked_for():
    page = (DOCS / "howto" / "plugin.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    points = tomllib.loads(table)["project"]["entry-points"]["samplerbench.samplers"]
    assert points and all(re.fullmatch(r"[\w.]+:[A-Z]+", value) for value in points.values())


def test_the_documentation_has_commands():
    assert len(COMMANDS) > 15


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the documentation's pages, built as strictly as Sphinx can."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-d", folder / "trees"]
    done = subprocess.run(
        [*command, DOCS, folder / "html"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.process
def test_the_documentation_builds_without_a_warning_and_asks_no_other_address(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 25
    loaded = re.compile(r'<(?:script|img|iframe|link)[^>]*(?:src|href)="(https?:)?//[^"]*"')
    for page in pages:
        assert not loaded.search(page.read_text(encoding="utf-8")), page


@pytest.fixture
def generate(monkeypatch):
    """The module that writes the generated pages, which Sphinx alone imports."""
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("generate")


def test_the_gallery_has_every_figure_with_its_caption_and_its_words(generate):
    text = generate.PAGES["gallery/index.md"]()
    figures = sorted((ROOT / "reports" / "published" / "default").glob("*.svg"))
    shown = re.findall(r"## .+\n\n!\[(.+)\]\(default/(.+)\)\n\n(.+)\n", text)
    assert sorted(name for _, name, _ in shown) == [path.name for path in figures]
    assert all(
        words != caption and min(len(words), len(caption)) > 40 for words, _, caption in shown
    )


def test_the_page_of_campaign_files_has_every_key(generate):
    text = generate.PAGES["reference/campaign_files.md"]()
    assert not [name for name in OPTIONS if f"| `{name}` | " not in text]


@pytest.mark.browser
@pytest.mark.process
def test_the_pages_pass_an_audit_on_a_phone_and_a_desk_and_ask_no_other_address(site):
    found, requests = audit_pages(site / f"{name}.html" for name in AUDITED)
    assert not found, "\n".join(found)
    assert requests and all(url.startswith(("file:", "data:")) for url in requests)


def test_the_notebook_that_is_shown_is_the_examples_and_ran_to_its_end():
    example, shown = (
        json.loads(path.read_text(encoding="utf-8"))["cells"]
        for path in (ROOT / "examples" / "main_job.ipynb", DOCS / "tutorial" / "main_job.ipynb")
    )
    assert [cell["source"] for cell in shown] == [cell["source"] for cell in example]
    outputs = [out for cell in shown for out in cell.get("outputs", ())]
    assert len(outputs) > 4 and not [out for out in outputs if out["output_type"] == "error"]


@pytest.mark.process
def test_the_tutorials_model_is_taken_by_the_samplers_that_it_names(tmp_path):
    line = "samplerbench list samplers --model line.py:program --data line.csv --format json"
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line), "--env", "current"],
        capture_output=True,
        text=True,
        cwd=DOCS / "tutorial",
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("numpyro_nuts", "jaxns_nested"))
