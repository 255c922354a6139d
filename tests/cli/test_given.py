"""A refusal that names a value alone says which option gave it."""

from __future__ import annotations

import pytest

from samplerbench.cli import common, main
from samplerbench.cli.given import name_option


@pytest.mark.parametrize(
    ("text", "command", "given"),
    [
        ("can't read pins from 'no.txt': No such file", "--env ./no.txt", "--env ./no.txt"),
        ("no Python runs at '/x/python'", "--env pinned /x/python -n 3", "--env /x/python"),
        ("'jax==' names no package (after name with", "--with jax==", "--with jax=="),
        ("draws='a' does not fit", "--sweep n=1 draws=a", "--sweep draws=a"),
        ("there is no file '/far/away/f.py'", "--model=f.py:g", "--model f.py:g"),
        (
            "'my file.csv' can't be used",
            ["--reference", "my file.csv"],
            "--reference 'my file.csv'",
        ),
        ("folder 'nope' is not there", "--posteriordb nope --posterior x", "--posteriordb nope"),
        ("n=99 is too much", "-n 99 --seed 1", "-n 99"),
        ("'x' can't be read", "--data x --env x", "--data x, --env x"),
        # named, or of no option
        ("no sampler is called 'nutz'", "--sampler nutz", ""),
        ("no option is called 'with-log'", "--with-log 3", ""),
        ("--gate with two campaigns", "v2 --gate v1 -o two", ""),
        ("'c' is no campaign", "c --by size", ""),
        ("line 5 is wrong", "--seed 5", ""),
        ("a word\n  expected: no.txt", "--env no.txt", ""),
        ("'no.txt' is not there", "-- --env no.txt", ""),
    ],
)
def test_the_option_of_a_refused_value_is_named_once(text, command, given):
    arguments = command.split() if isinstance(command, str) else command
    assert name_option(text, arguments) == text + (f"\n  given: {given}" if given else "")


def test_the_command_line_says_it_on_a_line_of_its_own(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["run", "--env", "no.txt"], ["check", "--env=no.txt"]):
        assert main.main(words) == common.EXIT_USAGE
        told = capsys.readouterr().err
        assert told.startswith("samplerbench: can't read pins from 'no.txt'")
        assert told.endswith("\n  given: --env no.txt\n")
