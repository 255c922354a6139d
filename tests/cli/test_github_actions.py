"""The GitHub Actions workflow among the examples: valid YAML, and commands that can be given."""

from __future__ import annotations

import shlex

import pytest

from samplerbench.cli.main import build_parser
from tests.support.paths import EXAMPLES

yaml = pytest.importorskip("yaml", reason="needs samplerbench[cluster]")
WORKFLOW = yaml.safe_load((EXAMPLES / "github-actions" / "sampler-gate.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
COMMANDS = [step["run"] for step in STEPS if step.get("run", "").startswith("samplerbench ")]


def test_every_step_of_every_job_uses_an_action_or_runs_a_command():
    assert WORKFLOW.keys() == {"name", True, "jobs"}  # YAML 1.1 reads the key "on" as true
    assert WORKFLOW[True].keys() == {"push", "pull_request", "schedule"}
    for job in WORKFLOW["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] and job["steps"]
    assert all(("uses" in step) != ("run" in step) for step in STEPS)
    assert all("@v" in step["uses"] for step in STEPS if "uses" in step)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_takes_its_commands(command):
    words = shlex.split(command.partition(" >> ")[0])[1:]
    arguments = build_parser().parse_args(words)
    assert callable(arguments.command)


def test_a_campaign_is_held_to_a_verdict_and_the_fixture_is_used():
    runs = [
        build_parser().parse_args(shlex.split(c)[1:]) for c in COMMANDS if c.split()[1] == "run"
    ]
    assert [arguments.gate for arguments in runs] == [None, ["honest"], ["honest"]]
    (compare,) = (c for c in COMMANDS if c.split()[1] == "compare")
    assert str(build_parser().parse_args(shlex.split(compare)[1:]).gate) == "baseline.json"
    assert any("pytest" in step.get("run", "").split() for step in STEPS)
