"""``samplerbench list``: settings with what they do, answers of a preflight, as text and JSON."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest

from samplerbench.cli import list_preflight, list_settings
from samplerbench.cli.main import main
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import preflight, stored_runs
from samplerbench.harness.scoring.columns import MAIN_COLUMNS
from samplerbench.models.base import models
from samplerbench.options import POSITIVE, SHARE, Choices, Range, describe, fill
from samplerbench.samplers.base import samplers
from tests.support import stored
from tests.support.paths import EXAMPLES


@dataclass(frozen=True)
class Settings:
    """Settings for a test."""

    one: int = 1  # what the first does
    # what the second does,
    # on two lines
    other: float | None = None
    last: bool = True
    share: Annotated[float, SHARE] = 0.5  # of it
    walkers: Annotated[int | None, Range(2, even=True)] = None
    word: Annotated[str, Choices(("a", "b"))] = "a"
    one_with_a_long_name: Annotated[float, Range(0.1, 100.0)] = (
        10.0  # and a text of such a length that the formatter puts it here, with the value
    )


def test_a_setting_is_described_by_the_comment_on_its_line_or_above_it():
    described = [(d.name, d.type, d.default, d.range, d.text) for d in describe(Settings)]
    assert described == [
        ("one", "int", 1, "", "what the first does"),
        ("other", "float | none", None, "", "what the second does, on two lines"),
        ("last", "bool", True, "", ""),
        ("share", "float", 0.5, "above 0 and below 1", "of it"),
        ("walkers", "int | none", None, "from 2 (even)", ""),
        ("word", "str", "a", "a, b", ""),
        (
            "one_with_a_long_name",
            "float",
            10.0,
            "from 0.1 to 100",
            "and a text of such a length that the formatter puts it here, with the value",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("share", "1.5", "a number above 0 and below 1"),
        ("share", "nan", "a number above 0 and below 1"),
        ("share", 0, "a number above 0 and below 1"),
        ("walkers", 3, "a whole number from 2 (even) or none"),
        ("walkers", "-2", "a whole number from 2 (even) or none"),
        ("walkers", "2.5", "a whole number from 2 (even) or none"),
        ("word", "c", "a, b"),
        ("other", "nan", "a number or none"),
        ("last", "yes", "true or false"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_range(name, value, expected):
    with pytest.raises(UsageError) as refused:
        fill(Settings, {name: value}, "it")
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"it:{name}=") and second == f"  expected: {expected}"
    with pytest.raises(UsageError, match=f"setting of it is called.*did you mean '{name}'"):
        fill(Settings, {f"{name}_": value}, "it")


@dataclass(frozen=True)
class Fixed:
    """A setting that no text gives."""

    scales: tuple[float, ...] = (0.1, 1.0)


def test_a_setting_that_no_text_gives_is_refused_as_such_and_described():
    with pytest.raises(UsageError, match=r"it:scales is \(0.1, 1.0\) and can't be set from here"):
        fill(Fixed, {"scales": "3"}, "it")
    assert [(d.name, d.type) for d in describe(Fixed)] == [("scales", "tuple")]


def test_ends_belong_to_a_range_unless_it_is_open():
    assert Range(1, 2).holds(1) and Range(1, 2).holds(2) and not Range(1, 2).holds(2.1)
    assert not SHARE.holds(0) and not SHARE.holds(1) and SHARE.holds(1e-300)
    assert not any(rule.holds(math.inf) for rule in (Range(), Range(1), POSITIVE))
    assert Range(1).holds(10**400) and not Range(1).holds(math.nan)


@pytest.mark.parametrize("registry", [samplers, models])
def test_every_registered_setting_says_what_it_does_and_what_it_may_be(registry):
    code = re.compile(r"\w\.py\b|\bsee \w+$|\b[A-Z]{5,}\b")  # which nobody needs to know
    for name in registry.names():
        item = registry.get(name)
        for each in describe(getattr(item, "settings", None) or item.options):
            assert each.text and not code.search(each.text), (name, each.name)
            assert each.range or each.type == "bool", (name, each.name)


def test_keys_of_a_campaign_file_are_listed_and_their_schema_is_the_json(capsys):
    assert main(["list", "options"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert main(["list", "options", "--json"]) == 0
    schema = json.loads(capsys.readouterr().out)
    keys = [name for name, text in schema["properties"].items() if "$ref" not in text]
    assert keys == [line.split()[0] for line in lines[1:]]


def test_every_sampler_but_those_that_know_the_answer_has_a_link():
    rivals = [s for s in map(samplers.get, samplers.names()) if not s.control]
    assert rivals and all(sampler.link.startswith("https://") for sampler in rivals)


@pytest.mark.parametrize("name", ["numpyro_hmc", "linear"])
def test_every_setting_is_listed_with_its_default(name, capsys):
    assert main(["list", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    kind = samplers.get(name).settings if name in samplers.names() else models.get(name).options
    assert name in lines[0]
    for line, each in zip(lines[-len(describe(kind)) - 1 :], describe(kind), strict=False):
        assert line.split()[0] == each.name and each.range in line and line.endswith(each.text)
    assert f"{name}:{describe(kind)[0].name}=" in lines[-1]


def test_settings_of_a_sampler_in_a_file_are_listed():
    (entry,) = list_settings.describe_names(f"{EXAMPLES / 'own_kernel.py'}:RandomWalk")
    assert [(s["name"], s["default"]) for s in entry["settings"]] == [("scale", 0.3)]


def test_packages_of_an_environment_are_listed(capsys):
    assert main(["list", "pinned"]) == 0
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert head.startswith("environment pinned: numpyro") and last == "written as: --env pinned"
    assert "  jax==0.4.23" in lines and all("==" in line for line in lines)
    (entry,) = list_settings.describe_names("current")
    assert entry["packages"] == []
    with pytest.raises(UsageError, match="did you mean 'pinned'"):
        list_settings.describe_names("pined")


def test_every_column_of_the_table_is_listed_with_what_it_is(capsys):
    assert main(["list", "columns"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [column.name for column in MAIN_COLUMNS]
    assert all(len(line.split()) > 2 for line in lines)


def test_a_samplers_claims_are_listed_where_they_are_not_the_draws_own():
    (entry,) = list_settings.describe_names("dynesty_nested")
    assert f"  audited: {samplers.get('dynesty_nested').claims}" in list_settings.make_lines(entry)
    (entry,) = list_settings.describe_names("numpyro_nuts")
    assert not any("audited" in line for line in list_settings.make_lines(entry))


def test_a_name_that_is_neither_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="called 'numpyro_hm'; did you mean 'numpyro_hmc'"):
        list_settings.describe_names("numpyro_hm")


def test_lists_are_given_as_json(capsys):
    assert main(["list", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert set(record) == {"samplers", "models", "environments"}
    assert record["samplers"]["numpyro_nuts"] == samplers.get("numpyro_nuts").summary


def test_answers_of_a_preflight_are_lines_and_json(capsys, monkeypatch):
    asked = []

    def answer(**options):
        asked.append(options)
        return [
            preflight.Answer("numpyro_nuts", "pinned", "yes"),
            preflight.Answer("blackjax_nuts", "backends", "unknown", "needs environment backends"),
        ]

    monkeypatch.setattr(preflight, "ask_samplers", answer)
    words = ["list", "samplers", "--model", "linear", "--env", "pinned"]
    assert main(words) == 0 and main([*words, "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert "  numpyro_nuts   pinned    yes\n" in text
    assert "  blackjax_nuts  backends  unknown  needs environment backends\n" in text
    answers = json.loads(text[text.index("[") :])
    assert answers[0] == {
        "sampler": "numpyro_nuts",
        "environment": "pinned",
        "takes": "yes",
        "reason": "",
    }
    assert asked == [{"model": "linear", "env": "pinned"}] * 2


def test_a_preflight_takes_what_a_model_imports_as_a_run_does(capsys, monkeypatch):
    asked, answer = [], preflight.Answer("numpyro_nuts", "pinned", "yes")
    monkeypatch.setattr(
        preflight, "ask_samplers", lambda **options: asked.append(options) or [answer]
    )
    assert main(["list", "samplers", "--model", "linear", "--with", "corner", "arviz"]) == 0
    assert asked == [{"model": "linear", "with_packages": ["corner", "arviz"]}]
    assert main(["list", "models", "--with", "corner"]) == 2
    assert "--with-packages with 'models'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["models", "--model", "linear"], ["--data", "a.csv"]])
def test_a_model_goes_with_samplers_only(words, capsys):
    assert main(["list", *words]) == 2
    assert "samplerbench list samplers --model NAME" in capsys.readouterr().err
    assert "model" in list_preflight.OPTIONS


def test_runs_are_listed_the_newest_first_and_report_takes_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["list", "runs"]) == 0
    assert "no campaign lies in ./samplerbench-runs" in capsys.readouterr().out
    assert main(["report"]) == 2
    assert "samplerbench run makes a campaign" in capsys.readouterr().err
    for number, name in enumerate(("older", "newer")):
        folder = tmp_path / "samplerbench-runs" / name
        stored.campaign(folder).close()
        os.utime(folder / "campaign.sqlite", (number, number))
    assert main(["list", "runs", "--format", "json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert list(runs) == ["samplerbench-runs/newer", "samplerbench-runs/older"]
    assert stored_runs.find_newest().name == "newer"
    assert main(["report", "--columns", "verdict"]) == 0
    out, err = capsys.readouterr()
    assert "honest_one" in out
    assert "samplerbench-runs/newer, the newest in ./samplerbench-runs" in err


def test_a_column_of_the_table_is_listed_with_what_it_is(capsys):
    assert main(["list", "rhat_nested"]) == 0
    assert capsys.readouterr().out.startswith("column rhat_nested: nested R-hat")
    assert main(["list", "calibration_lo", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["kind"] == "column" and "lower end" in entry["summary"]


@pytest.mark.parametrize("width", [40, 100])
@pytest.mark.parametrize("what", ["options", "columns", "samplers", "numpyro_nuts"])
def test_lists_go_on_below_where_a_terminal_is_narrow(what, width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["list", what]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert main(["list", what]) == 0
    wrapped = capsys.readouterr().out
    assert wrapped.split() == whole.split() and len(whole.splitlines()) < len(wrapped.splitlines())
    head = max(len(word) for word in wrapped.split()) + 40  # columns before the last stay whole
    assert all(len(line) <= max(width, head) for line in wrapped.splitlines())


def test_a_model_has_options_and_a_sampler_settings():
    for name, noun in (("gaussian", "option"), ("numpyro_nuts", "setting")):
        (entry,) = list_settings.describe_names(name)
        heading = next(line for line in list_settings.make_lines(entry) if "what it does" in line)
        assert heading.split()[0] == noun
