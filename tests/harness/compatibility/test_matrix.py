"""A matrix tries each stack once, keeps what finished, and tells the first failure's real cause."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from samplerbench.cli import common, main
from samplerbench.errors import UsageError
from samplerbench.harness.compatibility import (
    accuracy_test,
    check,
    export_pins,
    known_stacks,
    matrix,
    matrix_file,
    stack_tables,
)
from samplerbench.harness.compatibility.known_stacks import (
    CALIBRATION,
    IMPORTS,
    INSTALLS,
    RESOLVES,
    RUNS,
)
from samplerbench.harness.compatibility.resolve import resolve_pins
from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.harness.compatibility.stages import (
    Config,
    Tools,
    run_stages,
)
from samplerbench.harness.compatibility.tried_samplers import LIBRARY_GROUP
from samplerbench.harness.environments import environments, root_cause
from samplerbench.harness.environments.environments import Environment, EnvironmentFailed
from samplerbench.harness.environments.pins import read_pins
from samplerbench.harness.environments.root_cause import Cause, Probe
from samplerbench.harness.launcher import launch
from samplerbench.harness.records import Result
from samplerbench.reports.compatibility import table
from samplerbench.samplers.base import samplers
from tests.harness.compatibility.conftest import HONEST
from tests.support import trials
from tests.support.wheels import write_wheel

NESTED_MODULE, NESTED_IMPORTS = "numpyro.contrib.nested_sampling", "nested sampling imports"
TEXT = """
python = ""
reference = "numpyro 1.0, jax 1.0, jaxns 2.0"
[budget]
replicates = { numpyro_nuts = 16, jaxns_nested = 2 }
[[rules]]
when = ["jax"]
add = ["jaxlib=={jax}"]
[[rules]]
when = ["jax<2"]
unless = ["numpy"]
add = ["numpy<2"]
without = ["tfp-nightly"]
[[stacks]]
numpyro = "1.0"
jax = ["1.0", "2.0"]
jaxns = "2.0"
"""
#: what a NUTS worker answers
DONE = Result(
    "ok",
    timings={"import_s": 1.0, "cold_s": 2.0, "compile_s": 1.5, "compiles_per_rerun": 0},
    machine={"host": "secret", "cpu": "a CPU", "cores_allowed": 2},
    mode="compiled",
)


class Fakes:
    """Tools that note what they were called for, and fail where they are told to."""

    def __init__(self, **told):
        self.told, self.resolved, self.removed, self.launched = told, [], [], []

    def tools(self):
        return Tools(
            resolve=self.resolve,
            install=self.install,
            is_made=lambda *a: False,
            remove=self.removed.append,
            probe=self.probe,
            launch=self.launch,
        )

    def resolve(self, stack, folder):
        self.resolved.append(stack.name)
        if error := self.told.get("resolve"):
            raise error
        return tuple(f"{name}=={version}" for name, version in stack.chosen.items())

    def install(self, name, pins, **options):
        if error := self.told.get("install"):
            raise error
        return Environment(name, "/nowhere/python", pins, "0" * 16)

    def probe(self, python, groups):
        failing = self.told.get("probe", {})
        tried = groups[:1] if LIBRARY_GROUP in failing else groups
        return Probe("3.11.7", {}, dict.fromkeys(tried, 1.0), failing)

    def launch(self, trial, python, scratch, timeout, cancelled):
        self.launched.append(trial.sampler)
        scratch.mkdir(parents=True)
        (scratch / "log.txt").write_text(self.told.get("log", ""))
        return self.told.get("result", DONE)


def read(tmp_path, text=TEXT):
    path = tmp_path / "m.toml"
    path.write_text(text)
    return matrix_file.read(path)


def run(tmp_path, fakes, text=TEXT, **options):
    found = read(tmp_path, text)
    return matrix.run(found, tmp_path / "out" / "known.json", tools=fakes.tools(), **options)


def first_row(tmp_path, **told):
    return run(tmp_path, Fakes(**told))[0].row


# -- the file --------------------------------------------------------------------------------------


def test_lists_make_their_product_and_rules_add_what_they_state(tmp_path):
    one, two = read(tmp_path).stacks
    assert one.name == "numpyro 1.0, jax 1.0, jaxns 2.0"
    assert one.wishes == ("jax==1.0", "jaxlib==1.0", "jaxns==2.0", "numpy<2", "numpyro==1.0")
    assert one.left_out == ("tfp-nightly",)
    assert "numpy<2" not in two.wishes and "jaxlib==2.0" in two.wishes and not two.left_out


def test_a_version_of_the_stack_is_never_overruled(tmp_path):
    text = TEXT.replace('jaxns = "2.0"\n', 'jaxns = "2.0"\nnumpy = "2.1"\njaxlib = "1.5"\n')
    one = read(tmp_path, text.replace('reference = "numpyro 1.0, jax 1.0, jaxns 2.0"', "")).stacks[
        0
    ]
    assert {"numpy==2.1", "jaxlib==1.5"} <= set(one.wishes)
    assert one.name.endswith("numpy 2.1, jaxlib 1.5")


def test_a_stack_may_name_another_python_than_the_file(tmp_path):
    text = TEXT.replace('python = ""', 'python = "3.11"')
    text += '[[stacks]]\nnumpyro = "1.0"\njax = "1.0"\njaxns = "2.0"\npython = "3.99"\n'
    stacks = read(tmp_path, text).stacks
    assert [stack.python for stack in stacks] == ["3.11", "3.11", "3.99"]
    assert stacks[2].name == stacks[0].name + ", Python 3.99"
    budget = read(tmp_path, text).budget
    assert len({known_stacks.key(stack, budget) for stack in stacks}) == 3
    asked = []
    fakes = Fakes()

    def install(name, pins, *, python, **options):
        asked.append(python)
        return fakes.install(name, pins)

    tools = replace(fakes.tools(), install=install)
    rows = [e.row for e in matrix.run(read(tmp_path, text), tmp_path / "known.json", tools=tools)]
    assert asked == ["3.11", "3.11", "3.99"] and not any(row.failed_stage for row in rows)


def test_a_python_that_is_not_here_is_a_row_and_says_nothing_of_the_stack(tmp_path, monkeypatch):
    monkeypatch.setattr(environments.interpreters, "_candidates", lambda version: iter(()))
    text = TEXT.replace('jaxns = "2.0"\n', 'jaxns = "2.0"\npython = "3.99"\n')
    text = text.replace('reference = "numpyro 1.0, jax 1.0, jaxns 2.0"', "")
    tools = replace(Fakes().tools(), resolve=resolve_pins)
    file = tmp_path / "out" / "known.json"
    rows = [entry.row for entry in matrix.run(read(tmp_path, text), file, tools=tools)]
    assert [row.failed_stage for row in rows] == [RESOLVES] * 2 and all(row.passing for row in rows)
    assert "needs Python 3.99" in rows[0].cause


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('jaxns = "2.0"', 'jaxns = "two"', "'two' is no version of jaxns"),
        ('jaxns = "2.0"', 'jaxns = "2.0; rm -rf /"', "is no version of jaxns"),
        ('"jaxlib=={jax}"', '"--pre"', "does not parse"),
        ('"jaxlib=={jax}"', '"jaxlib @ file:///x"', "not a name and versions"),
        ('"jaxlib=={jax}"', '"jaxlib=={jacks}"', r"expected in braces: \{numpyro\}, \{jax\}"),
        ("[[rules]]\nwhen", "[[rules]]\nwhenn = []\nwhen", "did you mean 'when'"),
        ("reference =", "referense =", "did you mean 'reference'"),
        ("jaxns 2.0", "jaxns 2.1", "no stack"),
        ('python = ""', "python = 3.12", "expected: a version, as '3.12'"),
        ('jaxns = "2.0"', 'jaxns = "2.0"\npython = "three"', "python = 'three' in "),
        ("numpyro_nuts = 16", "numpyro_nutz = 16", "did you mean 'numpyro_nuts'"),
        ("numpyro_nuts = 16", "numpyro_nuts = 0", "whole number from 1 on"),
        ("[[stacks]]", "[[stacks]", "is not TOML"),
        ("[[stacks]]", "[stacks]", r"expected: tables \[\[stacks\]\]"),
        ("[[stacks]]", "[[rules]]\nadd = ['x']\n[[rules]]\nadd = ['y']\n[unused]", "unused"),
    ],
)
def test_what_does_not_fit_in_the_file_is_refused(tmp_path, old, new, said):
    assert old in TEXT
    with pytest.raises(UsageError, match=said):
        read(tmp_path, TEXT.replace(old, new, 1))


def test_a_file_that_is_not_there_is_refused(tmp_path, capsys):
    assert main.main(["matrix", str(tmp_path / "none.toml")]) == common.EXIT_USAGE
    assert "expected: a TOML file" in capsys.readouterr().err


def test_the_shipped_matrix_spans_what_it_should():
    found = matrix_file.read(matrix_file.SHIPPED_FILE)
    assert len(found.stacks) >= 47
    by_name = {
        name: {s.chosen.get(name, "") for s in found.stacks} for name in stack_tables.name_parts()
    }
    assert {"0.12.1", "0.22.0"} <= by_name["numpyro"] and {"0.4.14", "0.10.2"} <= by_name["jax"]
    for start in ("2.0.1", "2.1.0", "2.2.", "2.4.", "2.6.", "3.0.0"):
        assert any(release.startswith(start) for release in by_name["jaxns"])


# -- the stages ------------------------------------------------------------------------------------


def test_a_stack_on_which_all_is_well_passes(tmp_path):
    fakes = Fakes()
    row = run(tmp_path, fakes)[0].row
    assert (
        row.failed_stage == row.cause == ""
        and row.works("numpyro_nuts")
        and row.works("jaxns_nested")
    )
    assert row.samplers["numpyro_nuts"]["cold_s"] == 2.0
    assert row.machine == {"cpu": "a CPU", "cores_allowed": 2}  # without the machine's name
    assert row.python == "3.11.7" and row.pins and row.date
    assert len(fakes.removed) == 2 and len(fakes.launched) == 4
    assert not list((tmp_path / "out" / "work").rglob("log.txt"))


@pytest.mark.parametrize("stage, tool", [(RESOLVES, "resolve"), (INSTALLS, "install")])
def test_an_environment_that_fails_is_a_row_and_the_others_go_on(tmp_path, stage, tool):
    error = EnvironmentFailed("environment 'x' could not be made: no version of y\n  next: z")
    fakes = Fakes(**{tool: error})
    rows = [entry.row for entry in run(tmp_path, fakes)]
    assert [row.failed_stage for row in rows] == [stage, stage]
    assert rows[0].cause == "no version of y"
    assert {found["word"] for found in rows[0].samplers.values()} == {known_stacks.NOT_TRIED}


def test_a_failure_of_the_network_is_tried_again(tmp_path):
    error = EnvironmentFailed("environment 'x' could not be made: y\n  next: z", transient=True)
    entries = run(tmp_path, Fakes(resolve=error))
    assert entries[0].row.passing and entries[0].row.failed_stage == RESOLVES
    again = Fakes()
    assert run(tmp_path, again)[0].row.failed_stage == "" and len(again.resolved) == 2


def test_numpyro_that_does_not_import_breaks_all_and_runs_nothing(tmp_path):
    fakes = Fakes(
        probe={LIBRARY_GROUP: Cause("No module named 'jax.linear_util'", "numpyro/x.py:3")}
    )
    row = run(tmp_path, fakes)[0].row
    assert row.failed_stage == IMPORTS and not fakes.launched and fakes.removed
    assert row.cause == "No module named 'jax.linear_util' (numpyro/x.py:3)"
    assert {found["word"] for found in row.samplers.values()} == {known_stacks.BREAKS}


def test_nested_sampling_that_does_not_import_leaves_the_others_running(tmp_path):
    fakes = Fakes(probe={NESTED_MODULE: Cause("cannot import name 'Model' from 'jaxns'")})
    row = run(tmp_path, fakes)[0].row
    assert (
        row.failed_stage == NESTED_IMPORTS
        and row.works("numpyro_nuts")
        and not row.works("jaxns_nested")
    )
    assert set(fakes.launched) == {"numpyro_nuts"}


LOG = """warming up
Traceback (most recent call last):
  File "/x/lib/python3.11/site-packages/old/chain.py", line 1, in f
    a()
KeyError: 'another matter'
said something
Traceback (most recent call last):
  File "/x/lib/python3.11/site-packages/jaxns/model.py", line 7, in f
    jax.core.take_current_trace()
    ^^^^^^^^
AttributeError: module 'jax.core' has no attribute 'take_current_trace'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/y/harness/worker/run_trial.py", line 9, in g
    run()
lib.errors.Wrapped: please install jaxns
"""


def test_a_workers_log_gives_the_innermost_exception_of_its_last_chain(tmp_path):
    found = root_cause.read_log(LOG, "otherwise")
    real = "AttributeError: module 'jax.core' has no attribute 'take_current_trace'"
    assert found == Cause(real, "jaxns/model.py:7", "Wrapped: please install jaxns")
    assert root_cause.read_log("no traceback", "timeout") == Cause("timeout")
    row = first_row(tmp_path, log=LOG, result=Result("failed", "Wrapped: please install"))
    assert row.failed_stage == RUNS and row.cause == f"{real} (jaxns/model.py:7)"


def test_a_sampler_that_is_off_or_dishonest_fails_the_last_stages(tmp_path, monkeypatch):
    off = {**HONEST, "accurate": False, "why": "m is off by 1 sd (0.9 to 1.1)"}
    monkeypatch.setattr(accuracy_test, "judge", lambda *args: off)
    assert first_row(tmp_path).cause == "numpyro_nuts: m is off by 1 sd (0.9 to 1.1)"
    monkeypatch.setattr(
        accuracy_test, "judge", lambda *args: {**HONEST, "verdict": "overconfident"}
    )
    row = run(tmp_path, Fakes(), again=True)[0].row
    assert row.failed_stage == CALIBRATION and "overconfident" in row.cause
    assert not row.works("numpyro_nuts") and row.works("jaxns_nested")


def test_bias_is_found_and_noise_is_not():
    rng = np.random.default_rng(5)
    names = ["m", "c"]
    noise = rng.standard_normal((8, 2))
    assert accuracy_test.describe_bias(noise, names) == ""
    assert accuracy_test.describe_bias(0.01 * noise + [0.0, 0.3], names).startswith(
        "c is off by 0.298 sd (0.27"
    )
    assert (
        accuracy_test.describe_bias(0.001 * noise + 0.02, names) == ""
    )  # within what is tolerated
    noise[3, 0] = np.nan
    assert "not finite" in accuracy_test.describe_bias(noise, names)


# -- what is kept ----------------------------------------------------------------------------------


def test_a_stack_that_is_known_is_not_run_again_unless_asked(tmp_path):
    run(tmp_path, Fakes())
    again = Fakes()
    assert run(tmp_path, again)[0].row.failed_stage == "" and again.resolved == []
    run(tmp_path, again, again=True)
    assert len(again.resolved) == 2


def test_two_stacks_of_the_same_pins_run_once(tmp_path):
    text = TEXT + '[[stacks]]\nname = "twin"\nnumpyro = "1.0"\njax = "1.0"\njaxns = "2.0"\n'
    fakes = Fakes()
    entries = run(tmp_path, fakes, text + 'jaxlib = "9.9"\n')
    assert len(fakes.launched) == 6  # other pins
    del entries
    more = Fakes()
    extra = '[[rules]]\nwhen = ["jax<2"]\nadd = ["etils"]\n'
    rows = run(tmp_path, more, TEXT.replace("[[stacks]]", extra + "[[stacks]]"))
    assert len(more.resolved) == 1 and not more.launched  # other wishes, the same pins
    assert rows[0].row.works("numpyro_nuts")


def test_what_finished_before_an_interruption_is_kept(tmp_path):
    fakes, count = Fakes(), []

    def launch(trial, *args, **options):
        count.append(trial.sampler)
        if len(count) == 3:
            raise KeyboardInterrupt
        return Fakes.launch(fakes, trial, *args, **options)

    tools = replace(fakes.tools(), launch=launch)
    with pytest.raises(matrix.MatrixInterrupted, match=r"1 stack to go"):
        matrix.run(read(tmp_path), tmp_path / "out" / "known.json", tools=tools)
    rest = Fakes()
    assert len(run(tmp_path, rest)) == 2 and len(rest.resolved) == 1


def test_rows_come_back_as_they_were_kept(tmp_path):
    file = tmp_path / "known.json"
    row = first_row(tmp_path)
    threads = [
        threading.Thread(target=known_stacks.keep, args=(file, replace(row, key=str(i))))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.key for one in known_stacks.load(file)} == set("01234567")
    assert replace(known_stacks.load(file)[0], key="") == replace(row, key="")


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: {},
        lambda row: {"rows": [{**row, "pins": ["numpy==1.26.4"]}]},
        lambda row: {"rows": [{**row, "stages": {"imports": {}}}]},
        lambda row: {"rows": [{**row, "stages": ["imports"]}]},
        lambda row: {"rows": [{**row, "name": 3}]},
        lambda row: {"rows": [{**row, "more": 3}]},
        lambda row: {"rows": row},
        lambda row: {"rows": None},
        lambda row: [row],
    ],
)
def test_a_damaged_file_of_known_stacks_is_refused(tmp_path, damage):
    file = tmp_path / "known.json"
    known_stacks.keep(file, first_row(tmp_path))
    (row,) = json.loads(file.read_text())["rows"]
    file.write_text(json.dumps(damage(row)))
    with pytest.raises(UsageError, match="holds no known stacks"):
        known_stacks.load(file)


def test_names_of_stacks_that_make_one_file_are_refused(tmp_path):
    file = tmp_path / "matrix.toml"
    tables = [f'[[stacks]]\nname = "a{c}b"\njax = "0.4.2{i}"\n' for i, c in enumerate("/!")]
    file.write_text("".join(tables))
    with pytest.raises(UsageError, match="'a/b' and 'a!b' of .* files called 'a-b'"):
        matrix_file.read(file)


def test_rows_of_another_suite_are_not_known(tmp_path):
    file = tmp_path / "known.json"
    known_stacks.keep(file, replace(first_row(tmp_path), suite=known_stacks.SUITE - 1))
    assert known_stacks.everything(file) == []


# -- what is shown ---------------------------------------------------------------------------------


def test_the_table_says_what_passes_what_fails_and_what_was_not_run(tmp_path):
    entries = run(tmp_path, Fakes(probe={NESTED_MODULE: Cause("no Model", "jaxns/a.py:1")}))
    entries[1] = replace(entries[1], row=None)
    shown = table.render_markdown(entries)
    assert "nested sampling imports: no Model (jaxns/a.py:1)" in shown
    assert "not run" in shown and "1 of the matrix not run" in shown
    assert "no Model" in table.render_terminal(entries)
    assert max(map(len, table.render_terminal(entries, 40).splitlines())) <= 40
    one, two = json.loads(table.as_json(entries))
    assert one["failed"] == NESTED_IMPORTS and two["result"] == "not run"
    assert one["relative"]["numpyro_nuts"]["cold_s"] == 1.0


def test_the_command_shows_what_is_stored_without_running(tmp_path, capsys):
    run(tmp_path, Fakes())
    arguments = ["matrix", str(tmp_path / "m.toml"), "--stored", "--out", str(tmp_path / "out")]
    assert main.main([*arguments, "--format", "markdown"]) == common.EXIT_OK
    assert "2 stacks tried, 2 pass" in capsys.readouterr().out
    (tmp_path / "out" / "known.json").unlink()
    assert main.main(arguments) == common.EXIT_OK  # all that was asked
    assert "2 of the matrix not run" in capsys.readouterr().out


def test_a_stack_that_breaks_is_a_result_and_one_that_could_not_be_tried_is_none(
    tmp_path, capsys, monkeypatch
):
    entries = run(tmp_path, Fakes(probe={NESTED_MODULE: Cause("no Model", "jaxns/a.py:1")}))[:1]
    for passing, code in ((False, common.EXIT_OK), (True, common.EXIT_FAILED)):
        entries[0] = replace(entries[0], row=replace(entries[0].row, passing=passing))
        monkeypatch.setattr(matrix, "run", lambda *_, **__: entries)
        assert main.main(["matrix", str(tmp_path / "m.toml")]) == code
        assert "1 stack tried, 0 pass" in capsys.readouterr().out


@pytest.mark.parametrize("budget", ["budget = 3", "[budget]\nreplicates = 3"])
def test_a_budget_that_is_no_table_is_refused(budget, tmp_path):
    file = tmp_path / "m.toml"
    file.write_text(f'{budget}\n[[stacks]]\nnumpyro = "0.13.2"\n')
    with pytest.raises(UsageError, match="= 3 in .*\n  expected: a table"):
        matrix_file.read(file)


def test_a_file_without_rules_has_those_of_the_shipped_matrix(tmp_path):
    file = tmp_path / "m.toml"
    stacks = '[[stacks]]\nnumpyro = "0.13.2"\njax = "0.4.23"\n'
    file.write_text(stacks)
    (stack,) = matrix_file.read(file).stacks
    assert {"jaxlib==0.4.23", "numpy<2"} <= set(stack.wishes)
    file.write_text(f"rules = []\n{stacks}")
    (stack,) = matrix_file.read(file).stacks
    assert stack.wishes == ("jax==0.4.23", "numpyro==0.13.2")


def test_a_dry_run_says_which_stacks_would_be_tried_and_tries_none(tmp_path, capsys):
    run(tmp_path, Fakes())
    file = tmp_path / "out" / "known.json"
    before = file.read_bytes()
    command = ["matrix", str(tmp_path / "m.toml"), "--out", str(tmp_path / "out"), "--dry-run"]
    assert main.main(command) == main.main([*command, "--again"]) == common.EXIT_OK
    known, again, *names = [
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("time: about ")
    ]
    assert known.startswith("0 stacks to try, 2 known; kept in ")
    assert again.startswith("2 stacks to try, 0 known") and len(names) == 2
    assert main.main([*command, "--jobs", "0"]) == common.EXIT_USAGE
    for option in ("--merge", "--into"):  # what would be refused once all stacks were tried
        assert main.main([*command, option, str(tmp_path / "none")]) == common.EXIT_USAGE
    assert file.read_bytes() == before


def test_a_file_in_place_of_the_folder_of_pins_is_refused_before_a_stack_is_tried(tmp_path, capsys):
    read(tmp_path)
    arguments = ["matrix", str(tmp_path / "m.toml"), "--out", str(tmp_path / "out")]
    pins = ["--write-pins", str(tmp_path / "m.toml")]
    assert main.main([*arguments, *pins]) == common.EXIT_USAGE
    assert "is a file\n  expected: a folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_pins_are_written_for_what_passes_and_read_back(tmp_path):
    rows = [entry.row for entry in run(tmp_path, Fakes())]
    failing = replace(rows[1], stages={IMPORTS: {"ok": False, "cause": "x"}})
    paths = export_pins.write([rows[0], failing], tmp_path / "pins")
    assert sorted(path.name for path in paths) == ["environment.yml", "requirements.txt"]
    assert read_pins(paths[0]) == tuple(sorted(rows[0].pins))
    text = paths[1].read_text()
    assert "  - python=3.11\n" in text and "      - jax==1.0\n" in text
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't write"):
        export_pins.write(rows, tmp_path / "file")


DATA = (".txt", ".toml", ".json")


def test_nothing_that_is_shipped_tells_of_this_machine():
    folders = (environments.STACKS, matrix_file.SHIPPED_FILE.parent)
    data = [path for folder in folders for path in folder.iterdir() if path.suffix in DATA]
    assert len(data) >= 4
    for path in data:
        text = path.read_text("utf-8")
        assert "://" not in text and "site-packages" not in text and "/home" not in text, path


# -- uv itself, offline ----------------------------------------------------------------------------


def stack(*wishes, without=()):
    return Stack("a stack", {}, wishes, tuple(without))


@pytest.mark.process
def test_wishes_become_exact_pins_without_what_is_left_out(tmp_path, index):
    write_wheel(index, "tiny", "1.0", "helper>=2", "unwanted")
    write_wheel(index, "helper", "2.5")
    write_wheel(index, "helper", "3.0")
    wanted = stack("tiny", "helper<3", without=["unwanted"])
    assert resolve_pins(wanted, tmp_path / "work") == ("helper==2.5", "tiny==1.0")
    with pytest.raises(EnvironmentFailed, match="helper>=4"):
        resolve_pins(stack("tiny", "helper>=4"), tmp_path / "work")


@pytest.mark.process
def test_a_made_environment_is_complete_and_can_be_removed(tmp_path, index):
    write_wheel(index, "tiny", "1.0", "absent")
    assert not environments.is_made(["tiny==1.0"])
    place = environments.from_pins("x", ["tiny==1.0"], log=lambda line: None, bytecode=False)
    assert environments.is_made(["tiny==1.0"])
    assert root_cause.probe(place.python, ["tiny"]).versions == {"tiny": "1.0"}
    environments.remove(place)
    assert not environments.is_made(["tiny==1.0"])


@pytest.mark.process
def test_a_stack_goes_through_uv_and_its_failure_is_told(tmp_path, index):
    write_wheel(index, "jax", "1.0")
    write_wheel(index, "numpyro", "1.0")
    budget = read(tmp_path).budget
    tools = replace(Tools(), launch=Fakes(log=LOG, result=Result("failed", "x")).launch)
    config = Config(tmp_path / "work", budget, tools=tools)
    row = run_stages(stack("jax", "numpyro"), config)
    assert row.pins == ("jax==1.0", "numpyro==1.0") and row.failed_stage == RUNS
    assert row.samplers["jaxns_nested"]["word"] == known_stacks.NOT_TRIED
    assert not environments.is_made(row.pins)


# -- foreign stacks, for real ----------------------------------------------------------------------


@pytest.mark.stack
@pytest.mark.process
@pytest.mark.parametrize(
    "name, mode",
    [
        ("numpyro 0.13.2, jax 0.4.25, jaxns 2.1.0", "compiled"),  # nested_generation: "exact"
        ("numpyro 0.13.2, jax 0.4.25, jaxns 2.2.0", "plain"),  # can't be built while tracing
        ("numpyro 0.16.1, jax 0.4.35, jaxns 2.6.0", "compiled"),  # nested_criterion: "dlogZ"
    ],
)
def test_jaxns_is_held_where_it_can_be_on_stacks_that_passed(tmp_path, monkeypatch, name, mode):
    monkeypatch.undo()  # the user's own caches, and the shipped rows
    (row,) = (row for row in known_stacks.load(known_stacks.SHIPPED_FILE) if row.name == name)
    try:
        place = environments.from_pins(name, row.pins, bytecode=False)
    except EnvironmentFailed as error:
        pytest.skip(str(error))
    trial = trials.small(sampler="jaxns_nested", replicates=2, environment=name)
    result = launch(trial, place.python, tmp_path / "scratch", 300.0)
    assert (result.status, result.reason, result.mode) == ("ok", "", mode)


# -- a sampler that is new -------------------------------------------------------------------------

SHORT = TEXT.replace("replicates = { numpyro_nuts = 16, jaxns_nested = 2 }\n", "")


@pytest.fixture
def new_sampler(monkeypatch):
    """``other_nuts``, of a library of its own; what is given registers it for the test."""
    made = replace(
        samplers.get("numpyro_nuts"),
        name="other_nuts",
        needs=("jax", "other"),
        distributions=("other",),
        short_name="other",
        stack_replicates=4,
    )

    def register():
        monkeypatch.setitem(samplers._items, made.name, made)

    return register


def test_a_new_samplers_file_alone_brings_it_into_the_matrix_and_its_table(tmp_path, new_sampler):
    new_sampler()
    text = SHORT.replace('jaxns = "2.0"\n', 'jaxns = "2.0"\nother = ["3.0"]\n')
    text = text.replace("jaxns 2.0", "jaxns 2.0, other 3.0")
    found = read(tmp_path, text)
    names = ["numpyro_nuts", "numpyro_hmc", "numpyro_sa", "jaxns_nested", "other_nuts"]
    assert list(found.budget.replicates) == names and found.budget.replicates["other_nuts"] == 4
    fakes = Fakes(probe={"other": Cause("no module other", "other/a.py:1")})
    entries = run(tmp_path, fakes, text)
    assert entries[0].row.failed_stage == "other imports" and "other_nuts" not in fakes.launched
    assert entries[0].row.works("numpyro_nuts") and not entries[0].row.works("other_nuts")
    shown = table.make_table(entries)
    headings = [column.heading for column in shown.columns]
    assert shown.rows[0][headings.index("other")].text == "3.0"
    assert shown.rows[0][len(headings) - 1 - headings[::-1].index("other")].text == "breaks"


def test_a_stack_without_the_library_of_a_sampler_is_tried_with_the_others(tmp_path, new_sampler):
    new_sampler()
    row = run(tmp_path, Fakes(), SHORT)[0].row
    assert row.samplers["other_nuts"]["cause"] == "no other in this stack" and not row.failed_stage


def test_rows_from_before_a_sampler_was_added_are_shown_and_its_stacks_run_anew(
    tmp_path, new_sampler
):
    before = [entry.row for entry in run(tmp_path, Fakes(), SHORT)]
    new_sampler()
    file = tmp_path / "out" / "known.json"
    assert [e.row for e in matrix.read_stored(read(tmp_path, SHORT), file)] == before
    fakes = Fakes()
    run(tmp_path, fakes, SHORT)
    assert fakes.resolved == [row.name for row in before]


def test_a_sampler_that_no_stack_was_tried_with_leaves_the_nearest_stack_as_it_was(new_sampler):
    rows = known_stacks.load(Path(matrix_file.__file__).with_name("known.json"))
    nearest = check.find_nearest({}, "3.11.7", rows)
    new_sampler()
    assert nearest is not None and check.find_nearest({}, "3.11.7", rows) == nearest
