"""Each command's own file: its part of the parser, what it prints, what it returns."""

from __future__ import annotations

import argparse
import io
import json

import pytest

from samplerbench import conformance
from samplerbench.cli import (
    bisect,
    check,
    compare,
    completion,
    history,
    judge,
    list_conformance,
    list_posteriors,
    matrix,
    plan,
)
from samplerbench.cli import list as listing
from samplerbench.cli.common import EXIT_FAILED, EXIT_OK
from samplerbench.cli.main import COMMANDS, build_parser
from samplerbench.harness.worker.conformance import Check
from samplerbench.models.posteriordb.base import programs

MINIMAL = {
    bisect: ["bisect", "old.txt", "new.txt", "--what", "import"],
    check: ["check"],
    compare: ["compare", "one", "other"],
    completion: ["completion", "bash"],
    history: ["history", "one", "other"],
    judge: ["judge", "draws.csv", "--model", "linear"],
    listing: ["list", "samplers"],
    matrix: ["matrix"],
    plan: ["plan", "--detect", "bias=0.1"],
}


@pytest.mark.parametrize("command", MINIMAL, ids=lambda module: module.__name__.split(".")[-1])
def test_a_command_adds_itself_to_the_parser_and_is_what_is_called(command):
    assert command in COMMANDS
    alone = argparse.ArgumentParser()
    command.add_parser(alone.add_subparsers())
    for parser in (alone, build_parser()):
        assert parser.parse_args(MINIMAL[command]).command is command.execute


@pytest.mark.parametrize("command", [bisect, check, compare, history, listing, matrix, plan])
def test_what_prints_a_table_prints_json_by_either_option(command):
    for option in (["--json"], ["--format", "json"]):
        assert build_parser().parse_args([*MINIMAL[command], *option]).format == "json"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_conformance_tells_each_check_that_begins(is_terminal, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    with list_conformance.show_checks(stream) as listener:
        for name in ("gives_draws", "is_accurate"):
            listener(name)
    text = stream.getvalue()
    assert "is accurate" in text
    assert is_terminal or [line.split(" s  ")[1] for line in text.splitlines()] == [
        "gives draws ...",
        "is accurate ...",
    ]


def test_conformance_is_listed_check_by_check_and_a_failure_is_in_the_exit_code(
    monkeypatch, capsys
):
    checks = [Check("gives_draws", True, "of 8 components"), Check("declines", None, "nothing")]
    monkeypatch.setattr(
        conformance, "check", lambda name, env, listener: [("sampler", "current", checks)]
    )
    assert list_conformance.execute("mine", "current") == EXIT_OK
    text = capsys.readouterr().out
    assert "sampler mine, environment current:" in text and "conforms: 2 checks" in text
    assert "pass  gives draws            of 8 components" in text and "skip  declines" in text
    checks.append(Check("is_accurate", False, "lost"))
    assert list_conformance.execute("mine", "current") == EXIT_FAILED
    assert list_conformance.execute("mine", "current", as_json=True) == EXIT_FAILED
    text, record = capsys.readouterr().out.split("\n[", 1)
    assert "1 of 3 checks failed" in text
    (outcome,) = json.loads(f"[{record}")
    assert (outcome["kind"], outcome["environment"], len(outcome["checks"])) == (
        "sampler",
        "current",
        3,
    )
    assert outcome["checks"][2] == {"name": "is_accurate", "passed": False, "text": "lost"}


def test_every_program_of_posteriordb_is_listed_with_its_density():
    record, lines = list_posteriors.describe_posteriors(None)
    assert record["programs"].keys() == {*programs.names()}
    text = "\n".join(lines)
    for name in programs.names():
        program = programs.get(name)
        assert name in text and program.density in text and program.posteriors[0] in text


def test_a_completion_script_knows_every_command():
    script = completion.completion_script("bash", build_parser)
    for words in MINIMAL.values():
        assert words[0] in script
    assert "numpyro_nuts" in script and "eight_schools" in script
    # older releases of shtab put each word in quotation marks
    assert "_bisect___what_choices=(import accuracy time)" in script.replace("'", "")
