"""The examples of CONTRIBUTING.md do what it says of them, each from its one file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys

import pytest

from samplerbench.harness.environments.pins import read_pin_file
from samplerbench.harness.scoring.columns import BY_NAME
from tests.support.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```", TEXT, re.S))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What the examples give, in a process of their own."""
    folder = tmp_path_factory.mktemp("examples")
    for name, text in EXAMPLES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "tests.support.run_examples", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.process
def test_the_sampler_finds_the_mean_of_the_model(outcome):
    assert abs(outcome["z"]) < 0.5  # a tenth would be typical of its autocorrelated draws


@pytest.mark.process
def test_the_models_evidence_is_the_integral_of_its_density(outcome):
    stated, integral = outcome["evidence"]
    assert stated == pytest.approx(integral, abs=1e-6)


@pytest.mark.process
def test_the_column_has_its_number_in_every_judged_row(outcome):
    errors = outcome["errors"]
    assert errors["shifted_one"] > 1.2 and 0 < errors["honest_one"] < 1
    assert errors["failed_one"] is None


@pytest.mark.process
def test_the_figure_tells_its_numbers_in_words(outcome):
    assert "honest_one: 12" in outcome["alt"]


def test_the_pins_are_a_file_of_pins(tmp_path):
    path = tmp_path / "pins.txt"
    path.write_text(EXAMPLES["harness/environments/numpyro-0.19.txt"])
    file = read_pin_file(path)
    assert "numpyro==0.19.0" in file.pins and file.pythons == ("3.11", "3.12")


def test_no_example_is_there_already():
    assert len(EXAMPLES) == 5 and "largest_error" not in BY_NAME
    assert not [name for name in EXAMPLES if (ROOT / name).exists()]


def test_the_documentation_shows_the_same_sampler():
    page = ROOT / "docs" / "howto" / "own_sampler.md"
    assert EXAMPLES["samplers/tfp_slice.py"] in page.read_text("utf-8")


def test_every_file_that_the_page_names_is_there():
    named = set(
        re.findall(r"`((?:samplerbench|harness|reports|models|samplers|tests)/[\w./-]*)`", TEXT)
    )
    assert len(named) > 10
    assert not [n for n in named - EXAMPLES.keys() if not (ROOT / n).exists()]


def test_examples_are_documented_as_the_projects_own_files_are():
    for name, text in EXAMPLES.items():
        if name.endswith(".py"):
            assert ast.get_docstring(ast.parse(text)), name
