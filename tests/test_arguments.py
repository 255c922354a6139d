"""A refusal that Python's users read names arguments, not options of the command line."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

import samplerbench
from samplerbench.arguments import PROSE, rename_options
from samplerbench.errors import UsageError
from samplerbench.text import tell
from tests.support import source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run it with --precision 64", "run it with precision=64"),
        (
            "expected: --reference FILE; or --env latest",
            'expected: reference=FILE; or env="latest"',
        ),
        ("as --columns x=0,y=1; no more", 'as columns="x=0,y=1"; no more'),
        ("--reference long-run with --no-long-run", 'reference="long-run" with no_long_run=True'),
        ("(--blocks)", "(blocks=)"),
        ("--codes lab makes integers", 'codes="lab" makes integers'),
        ("those of a table --codes lab site", 'those of a table codes=["lab", "site"]'),
        ("--with scipy 'jax>=0.5' installs", 'with_packages=["scipy", "jax>=0.5"] installs'),
        ("--timeout 900 gives it 450 s", "timeout=900 gives it 450 s"),
        ("--deterministic names them: b", "deterministic= names them: b"),
        ("--env path/to/python, where", 'env="path/to/python", where'),
        ("--without y to mean it", 'without="y" to mean it'),
        ("another --name, or another --out", "another name=, or another out="),
        ("add --with PACKAGE", "add with_packages=PACKAGE"),
        ("`samplerbench run --out DIR` wrote, --out", "`samplerbench run --out DIR` wrote, out="),
        ("list: samplerbench list x --posteriordb", "list: samplerbench list x --posteriordb"),
        ("pip install --no-deps jax; see --format csv", None),
    ],
)
def test_options_are_renamed_and_commands_are_not(text, said):
    parameters = {
        **inspect.signature(samplerbench.run).parameters,
        **inspect.signature(samplerbench.judge).parameters,
    }
    assert rename_options(text, parameters) == (said or text)


def test_a_run_and_a_judgement_by_python_are_refused_in_pythons_words(tmp_path):
    with pytest.raises(UsageError, match="^names= says what .*\n  expected: reference=FILE$"):
        samplerbench.run(model="linear", names={"m": "b"}, out=tmp_path / "run")
    with pytest.raises(UsageError, match="that the draws are of, by model=NAME"):
        samplerbench.judge({"m": [[[0.0, 1.0]]]}, out=tmp_path / "judge")


#: words behind an option that are its value
VALUES = {"all", "cpu", "current", "drop", "honest", "latest", "long-run", "nan", "pinned", "prior"}
VALUES |= {"path/to/python", "undecided"}


def _spell_texts(file) -> list[str]:
    """Every text in a file of Python; what an f-string fills in is ``{}``."""
    tree = source.parse(file)
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for text in whole for part in text.values}
    texts = [
        "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in text.values)
        for text in whole
    ]
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in parts]
    return texts + [c.value for c in constants if isinstance(c.value, str)]


def test_a_word_behind_an_option_is_known_to_be_a_value_or_prose():
    known = {*inspect.signature(samplerbench.run).parameters, "failures", "reference-names", "with"}
    behind = re.compile(r"(?<![\w-])--([a-z][a-z-]*) (?:\{\}[^\s;,.)]* )?([a-z][a-z/-]*)(?!\S*=)")
    found = [
        (match[2], file.name)
        for file in source.source_files().values()
        for text in _spell_texts(file)
        for match in behind.finditer(text)
        if match[1] in known and not text.startswith("samplerbench ")
    ]
    assert len(found) > 40
    assert [each for each in found if each[0] not in PROSE | VALUES] == []


def test_what_a_run_by_python_tells_names_arguments(tmp_path, capsys, monkeypatch):
    def told(*_, **__):
        tell("no long run is made (--no-long-run)")
        raise UsageError("--names")

    monkeypatch.setattr("samplerbench.harness.campaign.run.run", told)
    with pytest.raises(UsageError, match="^names=$"):
        samplerbench.run(model="linear", out=tmp_path / "run")
    assert capsys.readouterr().err == "samplerbench: no long run is made (no_long_run=True)\n"
    tell("--no-long-run")  # of the command line
    assert capsys.readouterr().err == "samplerbench: --no-long-run\n"
