"""Rules of the house that a program can check: linter, types, names, docstrings."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from samplerbench.models.base import models
from samplerbench.samplers.base import samplers
from tests.support import source
from tests.support.paths import ROOT

TEXT = (".py", ".md", ".toml", ".txt", ".jinja", ".css", ".js", ".json", ".yml", ".cff", "")
FOLDERS = (
    *("examples", "harness", "models", "reports", "requirements", "samplerbench/cli"),
    *("samplers", "tests", ".ci"),
)


def text_files() -> list[Path]:
    """The files that a person wrote, ``samplerbench``'s links left out."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths += [*ROOT.glob("*"), *ROOT.glob("samplerbench/*.py")]
    left_out = {"__pycache__", ".git"}  # the latter is a file in a worktree
    return [p for p in paths if p.is_file() and p.suffix in TEXT and not left_out & {*p.parts}]


FILES = source.source_files()


def trees() -> dict[str, ast.Module]:
    """Each module of the project, parsed."""
    return {module: source.parse(path) for module, path in FILES.items()}


def assert_none(offenders: Iterable[str]) -> None:
    """Fail with one line for each of ``offenders``, where there are any."""
    lines = sorted(line.replace(f"{ROOT}/", "") for line in offenders)
    assert not lines, "\n".join(["", *lines])


def run_tool(*words: str) -> subprocess.CompletedProcess[str]:
    """What ``python -m TOOL ...`` says of this repository."""
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.process
def test_ruff_accepts_every_file():
    result = run_tool("ruff", "check", "--no-cache", "--quiet", ".")
    assert result.returncode == 0, result.stdout


@pytest.mark.process
def test_ruff_would_format_no_file_otherwise():
    result = run_tool("ruff", "format", "--check", "--no-cache", "--quiet", ".")
    assert result.returncode == 0, result.stdout


@pytest.mark.process
def test_mypy_accepts_the_package():
    result = run_tool("mypy", "--cache-dir", "/dev/null")
    assert result.returncode == 0, result.stdout


def test_no_formatting_is_switched_off():
    marker = re.compile(r"#\s*fmt:\s*" + "(skip|off)")
    files = [*FILES.values(), *source.files_of_tests()]
    assert_none(str(path) for path in files if marker.search(path.read_text("utf-8")))


def test_no_file_names_a_package_index_or_a_folder_of_one_machine():
    hosts = r"https?://[^\s\"']*(?:/simple\b|/packages/)"
    homes = r"[\"'\s=](?:/work|/root|/home)/\w"
    place = re.compile(f"{hosts}|{homes}")
    files = {path: place.search(path.read_text(errors="replace")) for path in text_files()}
    assert len(files) > 200
    assert_none(f"{path}: {match.group()}" for path, match in files.items() if match)


@pytest.mark.process
def test_nothing_built_or_downloaded_is_in_the_repository():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout, or git is missing")
    words = ["git", "-C", str(ROOT), "ls-files", "-z"]
    paths = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [ROOT / path for path in paths if path and (ROOT / path).is_file()]
    assert len(files) > 500
    binary = (path for path in files if b"\0" in path.read_bytes() and path.suffix != ".png")
    assert_none(f"{path} is neither text nor a picture" for path in binary)


# -- names -----------------------------------------------------------------------------------------

#: participles that do not end in -ed, and prepositions: none is a name by itself
IRREGULAR = frozenset(
    "asked begun bound bought broken brought built caught chosen cut done drawn driven fed felt"
    " forgotten fought found frozen given gone gotten ground grown heard held hidden hung kept"
    " known laid led left lent lost made meant met paid put read ridden run said seen sent set"
    " shot shown shut sold sought spent split spoken spread stolen stood stuck sworn taken taught"
    " thought thrown told torn understood woken won worn written".split()
)
PREPOSITIONS = frozenset(
    "about above across after against along among around aside at before behind below beside"
    " between beyond by down during for from in inside into near of off on onto out outside over"
    " past per since than through till to toward under until unto up upon via with within"
    " without".split()
)
#: words that look like participles and are verbs or nouns
WORDS = frozenset("cut feed ground need proceed put read run seed set speed split spread".split())
#: (module, name) -> why a public name breaks the rule
EXCEPTIONS = {
    ("samplerbench.samplers.base", "Prepared"): "the contract of samplers, which plug-ins import",
    ("samplerbench.samplers.base", "Compiled"): "the contract of samplers, which plug-ins import",
    ("samplerbench.samplers.base", "Declined"): "the contract of samplers, which plug-ins import",
    ("samplerbench.harness.worker.conformance.sampler_case", "prepared"): "holds a Prepared",
    ("samplerbench.harness.worker.conformance.sampler_case", "compiled"): "holds a Compiled",
    ("samplerbench.samplers.dynesty_nested", "bound"): "dynesty's own name",
    ("samplerbench.samplers.dynesty_dynamic", "bound"): "dynesty's own name",
    ("samplerbench.samplers.controls", "by"): "a setting, stored with trials",
    ("samplerbench.harness.campaign.plan", "without"): "an option of the command line",
    ("samplerbench.harness.compatibility.check", "said"): "a key of `samplerbench check --json`",
    ("samplerbench.harness.compatibility.known_stacks", "chosen"): "a key of known.json",
    ("samplerbench.harness.compatibility.stack_tables", "chosen"): "a key of known.json",
    ("samplerbench.models.posteriordb.eight_schools", "centered"): "posteriordb's own name",
    ("samplerbench.models.posteriordb.eight_schools", "noncentered"): "posteriordb's own name",
}


def is_participle_or_preposition(name: str) -> bool:
    if not re.fullmatch("[A-Z]?[a-z]+|[A-Z]+", name):
        return False  # several words: "run_told", "RunTold"
    word = name.lower()
    regular = word.endswith("ed")
    return word not in WORDS and (regular or word in IRREGULAR or word in PREPOSITIONS)


def public_names(body: list[ast.stmt]) -> Iterator[str]:
    """Functions, classes, methods, fields and constants of ``body`` without an underscore.

    A value that is a bool may be called by its state alone: ``stopped: bool``. Members of an
    enumeration are left out: they are the words that it stands for.
    """
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [] if _is_boolean_property(node) else [node.name]
        elif isinstance(node, ast.ClassDef):
            is_enumeration = any(ast.unparse(base).endswith("Enum") for base in node.bases)
            names = [node.name, *(() if is_enumeration else public_names(node.body))]
        elif isinstance(node, ast.AnnAssign):
            is_boolean = ast.unparse(node.annotation) in ("bool", "bool | None")
            names = [] if is_boolean else [ast.unparse(node.target)]
        elif isinstance(node, ast.Assign):
            targets = [name for target in node.targets for name in ast.walk(target)]
            names = [name.id for name in targets if isinstance(name, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def _is_boolean_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    boolean = node.returns is not None and ast.unparse(node.returns) == "bool"
    return boolean and bool(decorators & {"property", "cached_property"})


@pytest.mark.slow
def test_no_public_name_is_a_lone_participle_or_preposition():
    offenders = {
        (module, name)
        for module, tree in trees().items()
        for name in public_names(tree.body)
        if is_participle_or_preposition(name)
    }
    assert_none(f"{module}: {name}" for module, name in offenders - EXCEPTIONS.keys())
    assert EXCEPTIONS.keys() <= offenders, "an exception that is no longer needed"


def test_the_reader_of_names_sees_what_it_should():
    text = (
        "from x import found\nFOUND = 1\nspeed = 2\nasked: bool = True\ntold: str\n_kept = 1\n"
        "def given(): ...\ndef is_given(): ...\n"
        "class Word(Enum):\n    MADE = 1\n"
        "class Held:\n    made: int\n    done: bool\n    def within(self): ...\n"
        "    @property\n    def lost(self) -> bool: ...\n"
        "    @property\n    def used(self) -> int: ...\n"
    )
    names = set(filter(is_participle_or_preposition, public_names(ast.parse(text).body)))
    assert names == {"FOUND", "told", "given", "Held", "made", "within", "used"}


def documented(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Each public thing of a file that has a docstring of its own, and the first line of it."""
    yield "the file", ast.get_docstring(tree)
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, definitions) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node)
            for inner in node.body:
                if isinstance(inner, definitions) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", ast.get_docstring(inner)


def test_the_first_line_of_every_docstring_is_a_sentence():
    first_lines = {
        (module, name): text.splitlines()[0]
        for module, tree in trees().items()
        for name, text in documented(tree)
        if text  # that there is one is ruff's rule D1
    }
    assert len(first_lines) > 800
    lines = first_lines.items()
    assert_none(f"{where}: {line}" for where, line in lines if line[-1] not in ".:?")


# -- tests -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_source_file_is_imported_by_a_test():
    imports = {
        name for path in source.files_of_tests() for name in source.imports(source.parse(path))
    }
    modules = {module for module, path in FILES.items() if path.name != "__init__.py"}
    # tests find these by their names, one test for all
    found = {f"samplerbench.models.{name}" for name in models.names()}
    found |= {f"samplerbench.samplers.{name}" for name in samplers.names()}
    assert_none(modules - imports - found)
