"""Claims about environments: pins are read strictly, made once, and never used half-made.

Everything is made from archives written here, with uv offline: no package index is asked.
"""
# ruff: noqa: D103  (a test's name is its claim)

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import types
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from samplerbench.errors import UsageError
from samplerbench.harness.environments import cache, environments, interpreters, uv
from samplerbench.harness.environments.environments import (
    EnvironmentFailed,
    names,
    python_version,
    resolve,
)
from samplerbench.harness.environments.pins import read_pin_file, read_pins
from tests.support.paths import ROOT
from tests.support.trials import PATIENCE_S, wait_until
from tests.support.wheels import write_wheel

# Resolves argv[1] in a process of its own; its standard output is the interpreter alone.
RESOLVE = """
import sys
import types
from samplerbench.harness.environments.environments import resolve
print(resolve(sys.argv[1]).python)
"""
# A build that says it has begun, waits to be let go (60 s at most), and gives the wheel lying by.
SLOW_BUILD = """
import pathlib, shutil, time
def build_wheel(wheels, config=None, metadata=None):
    folder = pathlib.Path({folder!r})
    with (folder / "begun").open("a") as file:
        file.write("begun\\n")
    for _ in range(600):
        if (folder / "go").exists():
            break
        time.sleep(0.1)
    return shutil.copy(folder / {wheel!r}, wheels) and {wheel!r}
"""


def write_slow_source(folder: Path, index: Path) -> None:
    """Write ``slow`` 1.0 as a source distribution whose build waits for the file ``go``."""
    wheel = write_wheel(folder, "slow", "1.0")
    project = "[project]\nname='slow'\nversion='1.0'\n"
    system = "[build-system]\nrequires=[]\nbuild-backend='backend'\nbackend-path=['.']\n"
    files = {
        "pyproject.toml": project + system,
        "backend.py": SLOW_BUILD.format(folder=str(folder), wheel=wheel),
        "PKG-INFO": "Metadata-Version: 2.2\nName: slow\nVersion: 1.0\n",
    }
    with tarfile.open(index / "slow-1.0.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"slow-1.0/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def write_pins(path: Path, text: str) -> str:
    """Write a file of pins; returns its path as a user gives it."""
    path.write_text(text, "utf-8")
    return str(path)


def start(pins: str) -> subprocess.Popen[str]:
    """A command of its own that resolves ``pins``."""
    command = [sys.executable, "-c", RESOLVE, pins]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def runs(python: str, code: str) -> bool:
    """Whether ``code`` runs without an error in that interpreter."""
    return subprocess.run([python, "-I", "-c", code], capture_output=True).returncode == 0


def folder_of(environment: environments.Environment) -> Path:
    """The folder a made environment lies in."""
    return Path(environment.python).parent.parent


def test_pins_are_normalised_and_sorted(tmp_path):
    text = "# why\n\nZeta_Lib == 2.0  # newest\nalpha[b,a]==1.5.dev3\n"
    pins = read_pins(write_pins(tmp_path / "p.txt", text))
    assert pins == ("alpha[a,b]==1.5.dev3", "zeta-lib==2.0")


@pytest.mark.parametrize(
    "line, pythons",
    [
        ("# python: 3.12", ("3.12",)),
        ("#Python:3.11, 3.12 3.11", ("3.11", "3.12")),
        ("# a python: is named elsewhere", ()),
    ],
)
def test_a_comment_names_the_pythons_of_a_stack(tmp_path, line, pythons):
    file = read_pin_file(write_pins(tmp_path / "p.txt", f"{line}\nsix==1\n"))
    assert file.pythons == pythons and file.pins == ("six==1",)


def test_a_line_adds_the_pins_of_another_file_and_those_of_the_file_itself_hold(tmp_path):
    (tmp_path / "below").mkdir()
    write_pins(tmp_path / "base.txt", "# python: 3.12\nsix==1\nfive==5\n")
    write_pins(tmp_path / "below" / "middle.txt", "-r ../base.txt  # all of it\nfour==4\n")
    top = write_pins(tmp_path / "top.txt", "six==6\n-r below/middle.txt\n")
    file = read_pin_file(top)
    assert file.pins == ("five==5", "four==4", "six==6") and file.pythons == ("3.12",)
    assert read_pin_file(
        write_pins(tmp_path / "own.txt", f"# python: 3.11\n-r {top}\n")
    ).pythons == ("3.11",)


def test_files_of_pins_that_add_one_another_are_refused_by_line(tmp_path):
    write_pins(tmp_path / "a.txt", "six==1\n-r b.txt\n")
    with pytest.raises(
        UsageError, match="a.txt, line 2: '.*b.txt' adds itself\n  expected: .*\n  "
    ):
        read_pins(write_pins(tmp_path / "b.txt", "-r a.txt\n"))


def test_a_file_of_pins_that_is_added_and_missing_is_named_with_who_adds_it(tmp_path):
    with pytest.raises(UsageError, match="gone.txt'(.|\n)*after -r in '.*a.txt', relative to"):
        read_pins(write_pins(tmp_path / "a.txt", "-r gone.txt\n"))


@pytest.mark.parametrize("text", ["", "three", "3", "3.12.1", ">=3.11"])
def test_a_python_that_is_no_minor_version_is_refused_by_number(tmp_path, text):
    with pytest.raises(UsageError, match="line 1: .* is no Python\n  expected: minor versions"):
        python_version(write_pins(tmp_path / "p.txt", f"# python: {text}\nsix==1\n"))


def test_the_python_that_a_file_names_is_part_of_the_digest(tmp_path):
    here, running = interpreters.running_version(), "six==1\n"
    plain = environments.identify(write_pins(tmp_path / "a.txt", running))
    named = environments.identify(write_pins(tmp_path / "b.txt", f"# python: {here}\n{running}"))
    other = environments.identify(write_pins(tmp_path / "c.txt", f"# python: 3.99\n{running}"))
    asked = environments.identify(str(tmp_path / "c.txt"), python=here)
    assert plain.digest == named.digest == asked.digest != other.digest


def test_a_stack_whose_python_is_nowhere_is_refused_before_anything_is_made(
    index, tmp_path, monkeypatch
):
    monkeypatch.setattr(interpreters, "_candidates", lambda version: iter(()))
    pins = write_pins(tmp_path / "p.txt", "# python: 3.99\ntiny==1.0\n")
    with pytest.raises(EnvironmentFailed, match="needs Python 3.99(.|\n)*uv python install 3.99"):
        resolve(pins, log=lambda line: None)
    assert not list((tmp_path / "cache").rglob("pyvenv.cfg"))


@pytest.mark.parametrize(
    "line",
    ["six", "six>=1", "six==1.*", "six==1,!=2", "six===1", "six @ file:///x", "-c other.txt"]
    + ["six==1; python_version<'4'", "six==1 --hash=sha256:0", "six==one", "two words"],
)
def test_a_line_that_is_not_an_exact_pin_is_refused_by_number(tmp_path, line):
    file = write_pins(tmp_path / "p.txt", f"a==1\n{line}\n")
    with pytest.raises(UsageError, match="line 2: .*\n  expected: one name==version"):
        python_version(file)


@pytest.mark.parametrize("content", [b"", b"# none\n", b"six==1\nSix==1\n", b"\xff\xfe\x00"])
def test_a_file_without_usable_pins_is_refused(tmp_path, content):
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(UsageError, match=r"p\.txt"):
        python_version(str(tmp_path / "p.txt"))


def test_a_missing_file_is_refused_with_the_known_names(tmp_path):
    with pytest.raises(UsageError, match="No such file.*\n.*samplerbench list environments"):
        python_version(str(tmp_path / "nowhere.txt"))


def test_an_unknown_name_gets_the_nearest_and_the_list():
    with pytest.raises(
        UsageError, match="did you mean 'latest'.*\n.*current, .*latest, latest-py311, .*pinned"
    ):
        python_version("lates")
    with pytest.raises(UsageError, match="or give the path"):
        resolve("lates")


@pytest.mark.parametrize("name", names())
def test_every_known_name_is_known_without_work(index, tmp_path, name):
    python_version(name)
    assert not (tmp_path / "cache").exists()


def test_current_is_the_running_interpreter():
    here = resolve("current")
    assert (here.python, here.pins) == (sys.executable, ())
    with pytest.raises(UsageError, match="'current' is the running Python"):
        resolve("current", python="3.99")


def test_pinned_is_the_running_interpreter_where_its_pins_hold(index, tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "STACKS", tmp_path)
    write_pins(tmp_path / "pinned.txt", f"Packaging=={version('packaging')}\n")
    assert resolve("pinned").python == sys.executable
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pinned", "backends"])
def test_a_shipped_stack_is_complete_and_used_where_installed(name):
    pins = read_pins(environments.STACKS / f"{name}.txt")
    if cache.find_unmet(pins, interpreters.list_installed(None)):
        pytest.skip(f"the stack {name!r} is not installed beside this interpreter")
    assert resolve(name).python == sys.executable
    wishes = [Requirement(text) for pin in pins for text in requires(pin.split("==")[0]) or ()]
    needed = {
        canonicalize_name(wish.name)
        for wish in wishes
        if wish.marker is None or wish.marker.evaluate({"extra": ""})
    }
    assert needed <= {pin.split("==")[0] for pin in pins}


@pytest.mark.process
def test_pinned_is_made_where_its_pins_do_not_hold(index, tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "STACKS", tmp_path)
    write_pins(tmp_path / "pinned.txt", "packaging==0.0.1\n")
    write_wheel(index, "packaging", "0.0.1", "absent==1.0")  # complete: nothing else is looked for
    made = resolve("pinned")
    assert made.python != sys.executable
    assert runs(made.python, "import packaging")
    assert not runs(made.python, "import samplerbench")


@pytest.mark.process
def test_a_file_of_pins_gets_its_dependencies(index, tmp_path):
    write_wheel(index, "tiny", "1.0", "helper")
    write_wheel(index, "helper", "3.0")
    made = resolve(write_pins(tmp_path / "p.txt", "tiny==1.0\n"))
    marked = json.loads((folder_of(made) / "ok.json").read_text())
    assert marked["installed"] == {"tiny": "1.0", "helper": "3.0"}
    assert made.pins == ("tiny==1.0",)


@pytest.mark.process
def test_packages_come_beside_the_pins_with_their_dependencies_and_the_pins_hold(index, tmp_path):
    write_wheel(index, "tiny", "1.0")
    write_wheel(index, "tiny", "2.0")
    write_wheel(index, "more", "5.0", "tiny")
    pins = write_pins(tmp_path / "p.txt", "tiny==1.0\n")
    name = environments.add_packages(pins, ["more"])
    assert not environments.is_ready(name)
    made = resolve(name)
    marked = json.loads((folder_of(made) / "ok.json").read_text())
    assert marked["installed"] == {"tiny": "1.0", "more": "5.0"}
    assert made.name == f"{pins}+more" and environments.is_ready(name)
    others = [environments.identify(other).digest for other in (pins, f"{pins}+more>=5")]
    assert len({made.digest, *others}) == 3
    named = environments.identify(f"new={pins}+more>=5")
    assert (named.name, named.digest) == (f"new={pins}+more>=5", others[1])
    write_wheel(index, "newer", "1.0", "tiny>=2")
    with pytest.raises(EnvironmentFailed, match="tiny"):
        resolve(f"{pins}+newer")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pinned+as tropy", "expected: a package as pip names it"),
        ("pinned+", "'' names no package"),
        ("current+astropy", "uv pip install astropy"),
        (f"{sys.executable}+astropy", "uv pip install astropy"),
        ("pined+astropy", "did you mean 'pinned'"),
    ],
)
def test_what_can_hold_no_package_is_refused_with_what_to_do(name, words):
    with pytest.raises(UsageError) as refused:
        environments.identify(name)
    assert words in str(refused.value)


@pytest.mark.process
def test_a_second_resolve_makes_nothing(index, tmp_path, capfd):
    write_wheel(index, "tiny", "1.0")
    pins, said = write_pins(tmp_path / "p.txt", "tiny==1.0\n"), []
    first = resolve(pins, log=said.append)
    before = (folder_of(first) / "ok.json").stat(), folder_of(first).stat()
    assert resolve(pins, log=said.append) == first
    assert ((folder_of(first) / "ok.json").stat(), folder_of(first).stat()) == before
    assert len(said) == 2  # begun, done
    assert capfd.readouterr() == ("", "")  # uv's output is in the log file


@pytest.mark.process
def test_same_pins_in_another_order_are_the_same_environment(index, tmp_path):
    write_wheel(index, "tiny", "1.0")
    write_wheel(index, "other", "1.0")
    one = resolve(write_pins(tmp_path / "a.txt", "tiny==1.0\nother==1.0\n"))
    two = resolve(write_pins(tmp_path / "b.txt", "Other == 1.0  # x\ntiny==1.0\n"))
    assert (one.python, one.digest) == (two.python, two.digest)


@pytest.mark.process
@pytest.mark.parametrize("flaw", ["no marker", "changed", "no interpreter"])
def test_a_flawed_environment_is_made_again(index, tmp_path, flaw):
    write_wheel(index, "tiny", "1.0")
    pins, said = write_pins(tmp_path / "p.txt", "tiny==1.0\n"), []
    folder = folder_of(resolve(pins))
    (folder / "left_over").touch()
    if flaw == "no marker":
        (folder / "ok.json").unlink()
    elif flaw == "changed":
        (info,) = folder.glob("lib/python*/site-packages/tiny-1.0.dist-info")
        info.rename(info.with_name("gone"))
    else:
        (folder / "bin" / "python").unlink()
    again = resolve(pins, log=said.append)
    assert said and not (folder / "left_over").exists()
    assert runs(again.python, "import tiny")


@pytest.mark.process
def test_a_version_that_does_not_exist_is_named_in_the_first_line(index, tmp_path):
    write_wheel(index, "tiny", "1.0")
    with pytest.raises(EnvironmentFailed) as caught:
        resolve(write_pins(tmp_path / "p.txt", "tiny==99.99\n"))
    first, advice, log = str(caught.value).splitlines()
    assert "no version of tiny==99.99" in first
    assert "correct the name or the version" in advice
    assert "tiny==99.99" in Path(log.split("log: ")[1]).read_text()
    assert not list((tmp_path / "cache").rglob("pyvenv.cfg"))  # nothing half-made stays


@pytest.mark.process
def test_pins_that_exclude_each_other_say_so(index, tmp_path):
    write_wheel(index, "tiny", "1.0", "helper>=3")
    write_wheel(index, "helper", "2.0")
    with pytest.raises(EnvironmentFailed, match=r"depends? on helper>=3(.|\n)*exclude"):
        resolve(write_pins(tmp_path / "p.txt", "tiny==1.0\nhelper==2.0\n"))


@pytest.mark.process
def test_a_python_that_is_not_one_is_refused(index, tmp_path):
    pins = write_pins(tmp_path / "p.txt", "tiny==1.0\n")
    with pytest.raises(EnvironmentFailed, match="no Python runs at(.|\n)*expected: a version"):
        resolve(pins, python=str(tmp_path / "python"))


def test_a_cache_that_cannot_be_written_is_refused(index, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFailed, match="could not be made(.|\n)*set XDG_CACHE_HOME"):
        resolve(write_pins(tmp_path / "p.txt", "tiny==1.0\n"))


def test_causes_leave_out_addresses_and_keep_the_last_reason():
    told = (
        "Using CPython\nerror: Request failed after 3 retries in 6.3s\n"
        "  cause: Failed to fetch: https://user:secret@host.invalid/index/six/\n"
        "  cause: client error (Connect)\n  cause: Name or service not known\n\nhint: none\n"
    )
    cause = uv.extract_cause(told, 2)
    assert cause == (
        "Request failed after 3 retries in 6.3s: Failed to fetch: (address in the log)"
        ": Name or service not known"
    )
    older = "  × No solution found:\n  ╰─▶ Because six is\n      old, no.\n"
    assert uv.extract_cause(older, 1) == "No solution found: Because six is old, no."
    assert uv.extract_cause("", 137) == "uv ended with status 137"


@pytest.mark.process
def test_two_commands_at_once_make_one_environment(index, tmp_path):
    write_slow_source(tmp_path, index)
    pins = write_pins(tmp_path / "p.txt", "slow==1.0\n")
    commands = [start(pins), start(pins)]
    assert wait_until((tmp_path / "begun").exists)
    time.sleep(0.5)  # for the other to meet the lock; it passes without, but shows less
    (tmp_path / "go").touch()
    (one, said_one), (two, said_two) = (
        command.communicate(timeout=PATIENCE_S) for command in commands
    )
    assert one == two and runs(one.strip(), "import slow")
    assert (said_one + said_two).count("making environment") == 1
    assert (tmp_path / "begun").read_text() == "begun\n"


@pytest.mark.process
def test_a_build_that_was_killed_is_never_used(index, tmp_path):
    write_slow_source(tmp_path, index)
    pins, said = write_pins(tmp_path / "p.txt", "slow==1.0\n"), []
    command = start(pins)
    assert wait_until((tmp_path / "begun").exists)
    os.kill(command.pid, signal.SIGKILL)
    command.communicate(timeout=PATIENCE_S)
    (folder,) = (tmp_path / "cache").glob("samplerbench/environments/*/")
    (folder / "left_over").touch()
    with folder.with_suffix(".lock").open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # uv lives on: nobody else may start
    assert not (folder / "ok.json").exists()
    (tmp_path / "go").touch()
    made = resolve(pins, log=said.append)
    assert folder_of(made) == folder and not (folder / "left_over").exists()
    assert any("making environment" in line for line in said)
    assert runs(made.python, "import slow")


def test_what_pages_and_trials_import_is_compiled_side_by_side_and_once(monkeypatch):
    from samplerbench.harness.environments import precompile
    from tests.support import stored

    imported = []
    monkeypatch.setattr(precompile, "_import", lambda python, modules: imported.append(modules))
    here = types.SimpleNamespace(python=sys.executable)
    trials = [stored.trial("numpyro_nuts"), stored.trial("numpyro_hmc")]
    monkeypatch.setattr(precompile, "_is_uncompiled", lambda name: name in ("jax", "chainconsumer"))
    precompile.compile_once(here, trials)
    assert sorted(imported) == [list(precompile.FOR_PAGES), ["jax", "numpyro"]]
    imported.clear()
    monkeypatch.setattr(precompile, "_is_uncompiled", lambda name: False)
    precompile.compile_once(here, trials)
    precompile.compile_once(types.SimpleNamespace(python="/another/python"), trials)
    assert imported == []


def test_a_module_that_is_missing_keeps_no_other_from_being_compiled(monkeypatch):
    from samplerbench.harness.environments import precompile

    monkeypatch.setattr(sys, "argv", ["-c", "no_such_module", "this_one"])
    monkeypatch.setitem(sys.modules, "this_one", types.ModuleType("this_one"))
    imported = []
    monkeypatch.setattr("importlib.import_module", lambda name: imported.append(name) or 1 / 0)
    exec(precompile.IMPORT, {})
    assert imported == ["no_such_module", "this_one"]


def test_a_name_of_ones_own_changes_nothing_but_what_tables_say(tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("# complete: yes\n# python: 3.12\nnumpy==1.26.4\n")
    assert environments.is_complete(f"new={pins}") and environments.is_complete(str(pins))
    running = environments.python_version("current")
    assert environments.python_version("new=current") == running
