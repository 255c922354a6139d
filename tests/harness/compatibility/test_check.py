"""`check` names the real cause, the nearest stack that works, and pins that make it so."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from samplerbench.cli import common, main
from samplerbench.harness.compatibility import check, known_stacks, run_check
from samplerbench.harness.compatibility.check import BREAKS, NOT_KNOWN, WORKS
from samplerbench.harness.compatibility.known_stacks import IMPORTS, StackRow
from samplerbench.harness.compatibility.stages import Tools
from samplerbench.harness.compatibility.tried_samplers import LIBRARY_GROUP
from samplerbench.harness.environments import cache, root_cause
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.environments.root_cause import Cause, Probe
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.records import Result
from samplerbench.reports.compatibility import check as stack_check
from tests.support.stubs import FINE, interpreter

NESTED_MODULE = "numpyro.contrib.nested_sampling"
SAMPLERS = ("numpyro_nuts", "numpyro_hmc", "numpyro_sa", "jaxns_nested")
GOOD = {
    "numpyro": "0.13.2",
    "jax": "0.4.23",
    "jaxlib": "0.4.23",
    "jaxns": "2.0.1",
    "tensorflow-probability": "0.23.0",
    "numpy": "1.26.4",
    "etils": "1.15.0",
}
NEW = {
    "numpyro": "0.22.0",
    "jax": "0.10.2",
    "jaxlib": "0.10.2",
    "jaxns": "2.6.9",
    "tfp-nightly": "0.26.0",
    "numpy": "2.4.6",
}


def row(versions, **changes):
    """A row of a stack that passes."""
    made = StackRow(
        name=known_stacks_name(versions),
        chosen={name: versions[name] for name in ("numpyro", "jax", "jaxns")},
        key=str(sorted(versions.items())),
        pins_key="",
        suite=known_stacks.SUITE,
        pins=tuple(f"{name}=={version}" for name, version in versions.items()),
        python="3.11.7",
        platform="linux-x86_64",
        stages={"resolves": {"ok": True}},
        samplers={name: {"word": WORKS, "status": "ok"} for name in SAMPLERS},
        date="2026-11-22",
    )
    return dataclasses.replace(made, **changes)


def known_stacks_name(versions):
    return ", ".join(f"{name} {versions[name]}" for name in ("numpyro", "jax", "jaxns"))


ROWS = [row(GOOD), row({**GOOD, "jax": "0.4.25", "jaxlib": "0.4.25"}), row(NEW)]


def files(**code):
    """Module files of a stack that imports, with some replaced."""
    return {"jax/__init__.py": "", "numpyro/__init__.py": "", **FINE, **code}


def words(report):
    return {finding.sampler: finding.word for finding in report.findings}


@pytest.mark.process
def test_a_stack_of_a_known_row_works_and_needs_nothing(tmp_path):
    report = check.examine(interpreter(tmp_path / "e", GOOD, files()), ROWS)
    assert set(words(report).values()) == {WORKS} and report.fine
    assert report.mend == "" and report.versions["jax"] == "0.4.23"


@pytest.mark.process
def test_versions_that_import_but_nobody_ran_are_not_known(tmp_path):
    odd = {**GOOD, "jax": "0.4.24", "jaxlib": "0.4.24"}
    report = check.examine(interpreter(tmp_path / "e", odd, files()), ROWS)
    assert set(words(report).values()) == {NOT_KNOWN} and not report.fine
    assert report.nearest.chosen["numpyro"] == "0.13.2"


@pytest.mark.process
def test_a_library_that_blames_a_missing_package_does_not_hide_the_cause(tmp_path, monkeypatch):
    wrapper = (
        "try:\n    from jaxns import Model\nexcept ImportError as e:\n"
        "    raise ImportError('please install jaxns') from e\n"
    )
    stack = {**GOOD, "jaxns": "3.0.0"}
    python = interpreter(
        tmp_path / "e",
        stack,
        {**files(), "numpyro/contrib/nested_sampling.py": wrapper, "jaxns/__init__.py": ""},
    )
    report = check.examine(python, ROWS)
    assert words(report)["jaxns_nested"] == BREAKS
    assert words(report)["numpyro_nuts"] == WORKS  # jaxns decides nothing for NUTS
    (found,) = [f for f in report.findings if f.sampler == "jaxns_nested"]
    assert "cannot import name 'Model' from 'jaxns' (jaxns/__init__.py)" in found.cause
    assert "numpyro/contrib/nested_sampling.py:2" in found.cause
    assert "please install jaxns" in found.said
    assert report.mend.endswith("pip install --python " + python + " --no-deps jaxns==2.0.1")
    monkeypatch.setattr(cache, "is_finished", [tmp_path / "e"].__contains__)
    made = check.examine(python, ROWS)  # an environment that samplerbench keeps stays as it is
    assert python not in made.mend and made.mend.startswith("uv venv --python ")


@pytest.mark.process
def test_numpyro_that_does_not_import_breaks_every_sampler(tmp_path):
    code = "import jax.linear_util\n"
    python = interpreter(tmp_path / "e", NEW, {**files(), "numpyro/__init__.py": code})
    report = check.examine(python, ROWS)
    assert set(words(report).values()) == {BREAKS}
    assert all("No module named 'jax.linear_util'" in f.cause for f in report.findings)


@pytest.mark.process
def test_without_any_library_the_first_stack_of_all_is_offered_whole(tmp_path):
    report = check.examine(interpreter(tmp_path / "e", {}, {}), ROWS)
    assert set(words(report).values()) == {BREAKS}
    assert all("No module named 'jax'" in f.cause for f in report.findings)
    assert report.nearest is ROWS[0]
    assert all(f"{name}=={version}" in report.mend for name, version in GOOD.items())


@pytest.mark.process
def test_a_version_known_to_break_when_run_is_said_to_break(tmp_path):
    broken = {"word": BREAKS, "status": "failed", "cause": "TypeError: clip", "file": "a.py:1"}
    samplers = {**ROWS[0].samplers, "numpyro_sa": broken}
    rows = [row(GOOD, samplers=samplers, stages={"runs": {"ok": False}}), *ROWS[1:]]
    report = check.examine(interpreter(tmp_path / "e", GOOD, files()), rows)
    assert words(report)["numpyro_sa"] == BREAKS and words(report)["numpyro_nuts"] == WORKS
    assert report.nearest is ROWS[1]


@pytest.mark.process
def test_a_row_of_the_very_stack_outweighs_one_of_its_main_versions(tmp_path):
    broken = {"word": BREAKS, "status": "failed", "cause": "TypeError: clip", "file": "a.py:1"}
    here = {**GOOD, "numpy": "1.25.0", "etils": "1.0"}
    samplers = {**ROWS[0].samplers, "numpyro_sa": broken}
    own = row(here, samplers=samplers, stages={"runs": {"ok": False}}, chosen={})
    report = check.examine(interpreter(tmp_path / "e", here, files()), [own, *ROWS])
    assert words(report)["numpyro_sa"] == BREAKS and words(report)["numpyro_nuts"] == WORKS
    beside = check.examine(interpreter(tmp_path / "f", GOOD, files()), [own, *ROWS])
    assert beside.fine
    own = row(GOOD, samplers=samplers, stages={"runs": {"ok": False}}, chosen={}, key="own")
    report = check.examine(interpreter(tmp_path / "g", GOOD, files()), [own, ROWS[0]])
    assert not report.fine and report.mend.startswith("uv venv")


@pytest.mark.process
def test_an_import_that_kills_the_process_is_told(tmp_path):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    python = interpreter(tmp_path / "e", GOOD, {**files(), "jax/__init__.py": code})
    report = check.examine(python, ROWS)
    assert all(f.cause == "the import ends in SIGSEGV" for f in report.findings)
    assert report.versions["numpy"] == "1.26.4"


@pytest.mark.process
def test_what_libraries_print_does_not_spoil_the_answer(tmp_path):
    code = "print('hello'); import sys; sys.stdout.flush()\n"
    python = interpreter(tmp_path / "e", GOOD, {**files(), "jax/__init__.py": code})
    assert check.examine(python, ROWS).fine


def test_a_switch_of_tensorflow_probability_removes_the_other_one_first(tmp_path):
    stack = {**NEW, "tensorflow-probability": "0.25.0"}
    line = check.mend("py", stack, ROWS[2])
    assert line == "uv pip uninstall --python py tensorflow-probability"
    with_pip = check.mend("py", {**stack, "pip": "1", "jax": "0.7.2"}, ROWS[2])
    assert with_pip == (
        "py -m pip uninstall -y tensorflow-probability && py -m pip install --no-deps jax==0.10.2"
    )


def test_the_nearest_stack_changes_least():
    def near(**changes):
        return check.find_nearest({**GOOD, **changes}, "3.11.7", ROWS).chosen["jax"]

    assert near() == "0.4.23"
    assert near(jax="0.4.30") == "0.4.25"
    assert near(jax="0.4.25", jaxns="3.0.0") == "0.4.25"
    assert check.find_nearest(NEW, "3.12.1", ROWS) is ROWS[2]
    failing = row(GOOD, stages={IMPORTS: {"ok": False, "cause": "x"}})
    assert check.find_nearest(GOOD, "3.11.7", [failing]) is None


@pytest.mark.process
def test_a_python_that_is_none_is_refused(tmp_path):
    with pytest.raises(EnvironmentFailed, match="no Python runs at(.|\n)*expected: the path"):
        check.examine(str(tmp_path / "python"), ROWS)
    with pytest.raises(EnvironmentFailed, match="no Python runs at"):
        check.examine("/bin/false", ROWS)


@pytest.mark.process
def test_the_command_says_it_with_its_exit_code(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(known_stacks, "everything", lambda path=None: ROWS)
    python = interpreter(tmp_path / "e", GOOD, files())
    assert main.main(["check", "--python", python]) == common.EXIT_OK
    assert capsys.readouterr().out.count("works") == 4
    bare = interpreter(tmp_path / "bare", {}, {})
    assert main.main(["check", "--python", bare, "--json"]) == common.EXIT_FAILED
    found = json.loads(capsys.readouterr().out)
    assert not found["fine"] and found["nearest"]["name"] == ROWS[0].name
    assert main.main(["check", "--python", str(tmp_path / "none")]) == common.EXIT_USAGE


@pytest.mark.process
def test_the_text_names_the_stack_and_the_line(tmp_path):
    report = check.examine(interpreter(tmp_path / "e", {}, {}), ROWS)
    shown = stack_check.render(report)
    assert f"nearest stack known to work: {ROWS[0].name}" in shown and report.mend in shown
    nothing = stack_check.render(dataclasses.replace(report, nearest=None, mend=""))
    assert "samplerbench matrix" in nothing


@pytest.mark.process
def test_the_probe_stops_at_the_first_group_that_fails(tmp_path):
    python = interpreter(tmp_path / "e", GOOD, {**files(), "numpyro/__init__.py": "1 / 0"})
    probed = root_cause.probe(python, [LIBRARY_GROUP, NESTED_MODULE])
    assert set(probed.causes) == {LIBRARY_GROUP} and NESTED_MODULE not in probed.seconds
    assert str(probed.causes[LIBRARY_GROUP]) == (
        "ZeroDivisionError: division by zero (numpyro/__init__.py:1)"
    )


def test_pins_are_for_the_python_that_bears_them_and_another_gets_a_stack_of_its_own():
    near = check.find_nearest(GOOD, "3.8.18", ROWS)
    line = check.make_anew(near)
    assert line.startswith("uv venv --python 3.11 stack && uv pip install --python stack/bin/")
    assert "--no-deps numpyro==0.13.2" in line


@pytest.mark.process
def test_on_another_python_no_pins_are_offered_that_it_may_not_bear(tmp_path, monkeypatch):
    old = [dataclasses.replace(each, python="3.9.1") for each in ROWS]
    report = check.examine(interpreter(tmp_path / "e", {}, {}), old)
    assert report.mend == check.make_anew(report.nearest) and "--python 3.9" in report.mend


@pytest.mark.process
def test_what_is_not_known_comes_with_the_command_that_finds_it_out(tmp_path):
    odd = {**GOOD, "jax": "0.4.24", "jaxlib": "0.4.24"}
    report = check.examine(interpreter(tmp_path / "e", odd, files()), ROWS)
    assert report.find_out == f"samplerbench check --run --python {report.python}"
    assert report.find_out in stack_check.render(report)
    assert check.examine(interpreter(tmp_path / "f", GOOD, files()), ROWS).find_out == ""


# -- what is run -----------------------------------------------------------------------------------

RUN = Result(
    "ok",
    timings={"import_s": 1.0, "cold_s": 2.0, "warm_s": 0.01},
    runs={"warm_cpu_s": [0.01, 0.011]},
    machine={"cpu": "a CPU"},
    mode="compiled",
)


def run_on(versions, monkeypatch, result=RUN, timed_out=False, **probed):
    """The row of a stack on which every worker answers ``result``."""
    monkeypatch.setattr(run_check.interpreters, "list_installed", lambda python: versions)
    environment = Environment("a/bin/python", "a/bin/python", (), "0" * 16)

    def launch(trial, python, scratch, timeout, cancelled):
        scratch.mkdir(parents=True)
        seconds = trial.draws / 1000 * np.array([0.01, 0.011])
        return dataclasses.replace(result, runs={"warm_cpu_s": list(seconds)})

    def probe(python, groups):
        seconds = {} if probed else dict.fromkeys(groups, 1.0)
        return Probe("3.11.7", versions, seconds, probed, timed_out)

    monkeypatch.setattr(run_check.stages.interpreters, "identify", lambda python: "3.11 here")
    return run_check.run_check(environment, Tools(probe=probe, launch=launch))


def test_a_stack_that_is_run_is_known_from_then_on_and_advises_nobody(monkeypatch):
    versions = {**GOOD, "jax": "0.4.24", "jaxlib": "0.4.24"}
    row_of_run = run_on(versions, monkeypatch)
    assert not row_of_run.failed_stage and row_of_run.works("numpyro_nuts")
    shown = stack_check.render_run(row_of_run)
    assert "numpyro 0.13.2, jax 0.4.24" in shown and "passes" in shown
    assert "as the exact answer; honest" in shown
    assert "grow as draws to the power of 1.00 (0.96 to 1.04)" in shown
    rows = known_stacks.everything()
    assert [each.versions()["jax"] for each in rows] == ["0.4.24"]
    assert check.find_nearest(versions, "3.11.7", rows) is None


def test_a_stack_that_breaks_when_run_says_where(monkeypatch):
    broken = Result("failed", "TypeError: clip")
    shown = stack_check.render_run(run_on(GOOD, monkeypatch, broken))
    assert "breaks" in shown and "runs: TypeError: clip" in shown
    cause = Cause("ImportError: host_callback", "numpyro/x.py:3")
    shown = stack_check.render_run(run_on(GOOD, monkeypatch, **{LIBRARY_GROUP: cause}))
    assert "imports: ImportError: host_callback (numpyro/x.py:3)" in shown


def test_a_time_limit_says_nothing_of_a_stack_and_is_not_kept(monkeypatch):
    cause = {LIBRARY_GROUP: Cause("import takes more than 120 s")}
    slow = run_on(GOOD, monkeypatch, timed_out=True, **cause)
    assert {found["word"] for found in slow.samplers.values()} == {"not tried"}
    shown = " ".join(stack_check.render_run(slow).split())
    assert "not known (after" in shown and "breaks" not in shown
    assert "call it again once the machine is quiet" in shown
    run_on(GOOD, monkeypatch, Result("timeout", "over 300 s"))
    assert known_stacks.everything() == []


def test_check_takes_one_stack(capsys):
    assert main.main(["check", "--env", "pinned", "--python", "x"]) == common.EXIT_USAGE
    assert "expected: one of the two" in capsys.readouterr().err
