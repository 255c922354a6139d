"""A plan: its options and defaults, and the trials that it expands to."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import replace

import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.expand import _lengthen_names, default_folder, expand
from samplerbench.harness.campaign.option import Option
from samplerbench.harness.campaign.plan import OPTIONS, Plan
from samplerbench.harness.campaign.plan_options import (
    ALIASES,
    check_options,
    make_schema,
    read_campaign_file,
)
from samplerbench.harness.environments import environments
from samplerbench.harness.ground_truth import select
from samplerbench.harness.records import AUTO
from samplerbench.samplers.base import samplers
from tests.support import stored


@pytest.fixture
def own_environment(monkeypatch):
    """``exact_iid`` names an environment of its own, as a sampler with other needs would."""
    sampler = replace(samplers.get("exact_iid"), environment="current")
    monkeypatch.setitem(samplers._items, "exact_iid", sampler)


def test_without_env_each_sampler_runs_in_its_own_environment_and_else_in_pinned(own_environment):
    trials = expand(Plan(sampler=("numpyro_nuts", "exact_iid"), precision=(32, 64)))
    assert [(trial.sampler, trial.environment, trial.precision) for trial in trials] == [
        ("numpyro_nuts", "pinned", 32),
        ("exact_iid", "current", 32),
        ("numpyro_nuts", "pinned", 64),
        ("exact_iid", "current", 64),
    ]
    digests = {trial.sampler: trial.environment_digest for trial in trials}
    assert len(set(digests.values())) == 2


def test_env_puts_every_sampler_into_each_environment_that_it_names(own_environment):
    plan = Plan(sampler=("numpyro_nuts", "exact_iid"), env=("pinned", "latest"))
    assert [(trial.environment, trial.sampler) for trial in expand(plan)] == [
        ("pinned", "numpyro_nuts"),
        ("pinned", "exact_iid"),
        ("latest", "numpyro_nuts"),
        ("latest", "exact_iid"),
    ]


def test_packages_are_part_of_the_name_and_the_digest_of_every_environment():
    plan = Plan(sampler=("numpyro_nuts",), env=("pinned", "latest"))
    more = replace(plan, with_packages=("astropy", "pandas"))
    assert [t.environment for t in expand(more)] == [
        "pinned+astropy+pandas",
        "latest+astropy+pandas",
    ]
    digests = {trial.environment_digest for trial in (*expand(plan), *expand(more))}
    assert len(digests) == 4


def test_the_default_plan_and_env_pinned_are_the_same_campaign():
    samplers = ("numpyro_nuts", "exact_iid")  # neither names an environment
    default, pinned = (
        expand(Plan(sampler=samplers)),
        expand(Plan(sampler=samplers, env=("pinned",))),
    )
    assert [trial.id for trial in default] == [trial.id for trial in pinned]
    assert default_folder(default) == default_folder(pinned)


def test_every_option_has_a_help_text_in_one_sentence_and_a_type():
    for option in OPTIONS.values():
        assert option.help and "\n" not in option.help and not option.help.endswith(".")
        assert option.type in (str, int, float, bool)
    assert OPTIONS["precision"].kind == "list of whole numbers"
    assert OPTIONS["timeout"].shown_default == "600"
    assert OPTIONS["scheduler"].shown_default == ""


def test_an_option_reads_what_fits_its_type_and_leaves_the_rest_to_be_refused():
    several = Option("draws", "kept draws", 500, tuple[int, ...])
    assert (several.kind, several.item, several.type) == ("list of whole numbers", int, int)
    assert [several.read(text) for text in ("7", "7.5")] == [7, "7.5"]


def test_the_docstring_of_run_lists_every_option_with_its_default():
    text = inspect.getdoc(samplerbench.run)
    items = dict(re.findall(r"^    (\w+): ((?:.|\n {8})+)", text, re.MULTILINE))
    assert set(items) >= {*OPTIONS, "out", "watcher", "retry"}
    for option in OPTIONS.values():
        if isinstance(option.default, (int, float)) and option.shown_default:
            assert f"Default: {option.shown_default}." in items[option.name]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"calibrate": "priors"},
            "no value of calibrate is called 'priors'; did you mean 'prior'?",
        ),
        ({"gate": ["honest", "exact_iid=honets"]}, "did you mean 'honest'?"),
        ({"device": ["cpu", "gpi"]}, "no value of device is called 'gpi'"),
        ({"jobs": 0}, "jobs = 0 in here\n  expected: a whole number from 1"),
        ({"draws": True}, "draws = True in here\n  expected: a whole number"),
        ({"timeout": "1"}, "expected: a number"),
        ({"env": 3}, "expected: a list of words"),
        ({"scheduler": ["tcp://a:1"]}, "expected: a word"),
        ({"sampler": object()}, "or 'file.py:name'"),
    ],
)
def test_a_value_of_a_wrong_type_or_none_of_the_choices_is_refused(options, text):
    with pytest.raises(UsageError) as error:
        Plan(**check_options(options, "here"))
    assert text in str(error.value)


def test_checked_options_are_taken_again_as_they_are():
    given = {"replicates": "auto", "draws": 3, "timeout": 5, "model": "linear", "precision": [64]}
    once = check_options(given, "a file")
    assert once == {**given, "model": ("linear",), "precision": (64,)}
    assert check_options(once, "run()") == once and Plan(**once).replicates == AUTO


def test_the_table_of_a_pyproject_holds_the_options(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "mine"\n[tool.samplerbench]\nmodel = "funnel"\ndraws = 7\n')
    assert read_campaign_file(file) == {"model": ("funnel",), "draws": 7}
    file.write_text("[tool.samplerbench]\ndrawz = 7\n")
    with pytest.raises(UsageError, match=r"option in \[tool.samplerbench\] of .* mean 'draws'"):
        read_campaign_file(file)
    file.write_text("[tool]\nother = 1\n")
    with pytest.raises(UsageError, match=r"expected: a table \[tool.samplerbench\]"):
        read_campaign_file(file)


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused():
    schema = make_schema()["properties"]
    assert list(schema) == [*OPTIONS, *ALIASES]
    assert schema["with"] == {"$ref": "#/properties/with_packages"}
    margins, gates = (schema[name]["anyOf"][-1] for name in ("margin", "gate"))
    assert list(margins["properties"]) == ["calibration", "bias", "sd", "log_z"]
    assert "honest" in gates["additionalProperties"]["enum"]
    assert schema["draws"]["minimum"] == 1 and schema["timeout"]["exclusiveMinimum"] == 0
    assert {"const": "auto"} in schema["replicates"]["anyOf"]
    items = schema["device"]["anyOf"][0]["items"]
    assert items["enum"] == ["cpu", "gpu"] and {"type": "object"} in schema["sweep"]["anyOf"]
    assert schema["calibrate"]["enum"] == ["", "prior"]
    assert schema["chains"]["description"] == "chains a replicate (default: 1)"


def test_tables_are_read_as_lists():
    options = check_options({"gate": {"exact_iid": "honest"}, "sweep": {"dim": [2, 8]}}, "here")
    assert options == {"gate": ("exact_iid=honest",), "sweep": ("dim=2,8",)}


def test_without_a_model_or_a_posterior_the_default_model_is_run():
    assert Plan().model == ("linear",)
    assert Plan(model=("funnel",)).model == ("funnel",)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("pinned", "pinned"),
        ("/else/me/newest/bin/python", "newest"),
        ("/else/me/project/.venv/bin/python3.12", "project/.venv"),
        ("/usr/bin/python3.11", "python3.11"),
        ("stacks/mine.txt", "mine.txt"),
        ("new=/else/me/a/bin/python", "new"),
        ("pinned+astropy==6.1", "pinned+astropy==6.1"),
        ("new=pinned+astropy==6.1", "new"),
    ],
)
def test_an_environment_goes_by_its_given_name_or_by_no_folder(asked, shown):
    assert stored.trial("exact_iid", environment=asked).environment_label == shown


def test_a_model_of_a_file_goes_by_no_folder():
    trial = stored.trial("exact_iid", model="/else/me/mine.py:f", model_options={"n": 3})
    assert trial.model_label == "mine.py:f:n=3"


@pytest.mark.process
def test_an_environment_with_a_name_is_the_one_that_stands_behind_it():
    named, plain = (environments.identify(f"{name}{sys.executable}") for name in ("new=", ""))
    assert named.name == f"new={sys.executable}"
    assert (named.python, named.digest) == (plain.python, plain.digest)
    assert environments.python_version(named.name) == environments.python_version(plain.name)


def test_models_of_one_name_have_as_much_of_their_paths_as_tells_them_apart(tmp_path):
    files = [tmp_path / name / "model.py" for name in ("a", "b", "b/b")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("def f(): pass\ndef g(): pass\n")

    def labels(*names):
        plan = Plan(model=names, sampler=("numpyro_nuts",), env=("pinned",))
        return [trial.model_label for trial in expand(plan)]

    assert labels(f"{files[0]}:f", f"{files[1]}:f") == ["a/model.py:f", "b/model.py:f"]
    assert labels(f"{files[0]}:f", f"{files[1]}:g") == ["model.py:f", "model.py:g"]
    assert labels(f"{files[1]}:f", f"{files[2]}:f")[1] == "b/b/model.py:f"
    programs = ["/x/f-12.pkl:f", "/x/f-34.pkl:f"]  # functions that were handed over
    assert [*_lengthen_names(programs).values()] == ["f-12", "f-34"]


def test_what_is_judged_is_part_of_a_trial_and_of_its_answer_where_it_is_asked_for():
    plain, more = (
        expand(Plan(sampler=("numpyro_nuts",), deterministic=names)) for names in ((), ("b", "a"))
    )
    assert (plain[0].deterministic, more[0].deterministic) == (None, ["a", "b"])
    assert plain[0].id == replace(more[0], deterministic=None).id != more[0].id
    assert select.model_key(plain[0]) != select.model_key(more[0])
    with pytest.raises(UsageError, match="deterministic=a is not\n  expected: one of the two"):
        Plan(deterministic=("a",), calibrate="prior")


def test_a_name_for_tables_renames_no_trial_that_needs_none():
    trial = stored.trial("exact_iid")
    assert replace(trial, model_name="").id == trial.id
    assert replace(trial, model_name="a/m.py:f").model_label == "a/m.py:f"


@pytest.mark.process
def test_two_environments_of_one_name_are_refused(tmp_path):
    for name in ("one", "two"):
        link = tmp_path / name / "mine" / "bin" / "python"
        link.parent.mkdir(parents=True)
        link.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        link.chmod(0o755)
    both = [f"{tmp_path}/{name}/mine/bin/python" for name in ("one", "two")]
    with pytest.raises(UsageError, match="would both be called 'mine'.*\n.*--env NAME=PATH"):
        expand(Plan(sampler=("exact_iid",), env=tuple(both)))
    named = Plan(sampler=("exact_iid",), env=(both[0], f"other={both[1]}"))
    assert [trial.environment_label for trial in expand(named)] == ["mine", "other"]


def test_a_file_takes_the_names_of_the_command_line(tmp_path):
    file = tmp_path / "campaign.toml"
    file.write_text('samplers = "exact_iid"\nwith = ["scipy"]\nno-cache = true\n')
    options = read_campaign_file(file)
    assert options == {"sampler": ("exact_iid",), "with_packages": ("scipy",), "no_cache": True}
    file.write_text('samplers = "exact_iid"\nsampler = "numpyro_nuts"\n')
    with pytest.raises(UsageError, match="'sampler' is twice in .*campaign.toml"):
        read_campaign_file(file)


def test_an_unknown_option_of_run_names_those_that_no_plan_has():
    with pytest.raises(UsageError, match=r"(?s)'folder'.*known options.* out"):
        samplerbench.run(folder="folder")


@pytest.mark.parametrize("gate", [("honest", "biased"), ("a=honest", "honest", "a=biased")])
def test_two_verdicts_for_the_same_rows_are_refused(gate):
    with pytest.raises(UsageError, match="two verdicts for .*, honest and biased"):
        Plan(gate=gate)
    assert Plan(gate=("honest", "a=biased", "honest")).gate


def test_paths_of_a_campaign_file_are_seen_from_its_folder_where_none_is_here(
    tmp_path, monkeypatch
):
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here, there / "linear"):
        folder.mkdir()
    monkeypatch.chdir(here)
    for name in ("own.py", "table.csv", "kernel.py"):
        (there / name).touch()
    (here / "kernel.py").touch()
    file = there / "c.toml"
    file.write_text(
        'model = ["own.py:growth", "linear", "lost.py:f"]\ndata = "table.csv"\ndraws = 7\n'
        'sampler = "kernel.py:Walk:scale=0.3"\n'
    )
    assert read_campaign_file(file) == {
        "model": (f"{there}/own.py:growth", "linear", "lost.py:f"),
        "data": f"{there}/table.csv",
        "draws": 7,
        "sampler": ("kernel.py:Walk:scale=0.3",),
    }
