"""A refusal that Python's users read names arguments, not options of the command line."""

from __future__ import annotations

import inspect

import pytest

import samplerbench
from samplerbench.arguments import rename_options
from samplerbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run it with --precision 64", "run it with precision=64"),
        (
            "expected: --reference FILE; or --env latest",
            'expected: reference=FILE; or env="latest"',
        ),
        ("as --columns x=0,y=1; no more", 'as columns="x=0,y=1"; no more'),
        ("--reference long-run with --no-long-run", "reference= long-run with no_long_run=True"),
        ("(--blocks)", "(blocks=)"),
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
