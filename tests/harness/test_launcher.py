"""A launched worker always comes to a result and is never left behind; the workers are real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from samplerbench.harness import descendants, launcher, worker_log
from samplerbench.harness.records import to_json
from tests.support import trials
from tests.support.trials import has_ended, trial_of_file, wait_until

pytestmark = pytest.mark.process

#: a user's model that works, below whatever else its file does
WORKS = "from samplerbench.models.base import build\nprogram = build('linear', {})\n"
#: leaves its process id and that of a child of its own, which both go on for ten minutes
HANGS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("pids.part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.replace("pids.part", "pids")
"""
SLEEPS = HANGS + "time.sleep(600)\nprogram = None\n"
#: leaves its process id and that of a daemon, which has left its group and its parent
DAEMON = """
import os, subprocess, sys, time
code = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0)\\n"
code += "open('daemon.part', 'w').write(str(os.getpid())); os.replace('daemon.part', 'daemon')\\n"
subprocess.run([sys.executable, "-c", code + "time.sleep(600)"])
while not os.path.exists("daemon"):
    time.sleep(0.01)
open("pids", "w").write(f"{os.getpid()} {open('daemon').read()}")
"""
#: a coordinator of one trial, told by its arguments
COORDINATOR = """
import json, pathlib, sys
from samplerbench.harness.launcher import launch
from samplerbench.harness.records import read_trial
launch(read_trial(json.loads(sys.argv[1])), sys.executable, pathlib.Path(sys.argv[2]), 600.0)
"""


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the command is called: the working folder of a user's file
    return tmp_path / "scratch"


def pids(scratch: Path) -> list[int]:
    return [int(word) for word in (scratch.parent / "pids").read_text().split()]


def test_a_worker_that_hangs_is_a_timeout_and_its_whole_process_group_ends(
    tmp_path, scratch, monkeypatch
):
    hangs = (tmp_path / "pids").exists  # from then on it is an hour later
    late = SimpleNamespace(monotonic=lambda: time.monotonic() + 3600 * hangs())
    monkeypatch.setattr(launcher, "time", late)
    result = trials.run(trial_of_file(tmp_path, SLEEPS), scratch, timeout=599.9994)
    assert result.status == "timeout"
    assert result.reason == "over 600 s in phase 'model'; more time: --retry --timeout"
    worker, child = pids(scratch)
    assert wait_until(lambda: has_ended(worker) and has_ended(child))


@pytest.mark.parametrize(("late_s", "status"), [(700.0, "ok"), (3600.0, "timeout")])
def test_a_worker_that_saves_has_some_minutes_beyond_its_limit(
    tmp_path, scratch, monkeypatch, late_s, status
):
    saves = (tmp_path / "begun").exists
    late = SimpleNamespace(monotonic=lambda: time.monotonic() + late_s * saves())
    monkeypatch.setattr(launcher, "time", late)
    monkeypatch.setattr(launcher.scratch_folder, "read_phase", lambda folder: launcher.SAVING)
    trial = trial_of_file(tmp_path, "open('begun', 'w').close()\n" + WORKS)
    result = trials.run(trial, scratch, timeout=600.0)
    assert result.status == status, result.reason


def test_what_a_worker_that_ended_well_started_ends_too(tmp_path, scratch):
    result = trials.run(trial_of_file(tmp_path, HANGS + WORKS), scratch)
    assert result.status == "ok"
    assert wait_until(lambda: all(map(has_ended, pids(scratch))))


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are found in /proc")
def test_a_daemon_of_a_model_ends_with_its_trial(tmp_path, scratch):
    assert trials.run(trial_of_file(tmp_path, DAEMON + WORKS), scratch).status == "ok"
    assert wait_until(lambda: all(map(has_ended, pids(scratch))))


def test_cancelling_ends_the_worker(tmp_path, scratch):
    with pytest.raises(KeyboardInterrupt):
        trials.run(trial_of_file(tmp_path, SLEEPS), scratch, cancelled=(tmp_path / "pids").exists)
    assert wait_until(lambda: all(map(has_ended, pids(scratch))))


def test_a_worker_dies_with_its_coordinator(tmp_path, scratch):
    trial = trial_of_file(tmp_path, SLEEPS)
    command = [sys.executable, "-c", COORDINATOR, to_json(trial), str(scratch)]
    with subprocess.Popen(command) as coordinator:
        try:
            assert wait_until((tmp_path / "pids").exists)
            assert not any(map(has_ended, pids(scratch)))
        finally:
            coordinator.kill()  # SIGKILL: it can clean nothing up
    assert wait_until(lambda: all(map(has_ended, pids(scratch))))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("os._exit(3)", "ended with exit code 3 in phase 'model'"),
        ("os.abort()", "killed by SIGABRT in phase 'model'"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL in phase 'model'"),
        ("os.kill(os.getpid(), 40)", "killed by signal 40 in phase 'model'"),
        ("ctypes.string_at(0)", "killed by SIGSEGV in phase 'model'"),
    ],
)
def test_a_worker_that_crashes_is_told_how(tmp_path, scratch, line, reason):
    code = f"import ctypes, os, sys\n{line}\nprogram = None\n"
    result = trials.run(trial_of_file(tmp_path, code), scratch)
    assert (result.status, result.reason) == ("crashed", reason)


def test_a_kill_by_the_kernel_for_memory_is_out_of_memory(tmp_path, scratch, monkeypatch):
    counts = iter([7, 8])  # the kernel's own count, before and after
    monkeypatch.setattr(launcher, "_count_oom_kills", lambda: next(counts))
    code = "import os\nos.kill(os.getpid(), 9)\nprogram = None\n"
    result = trials.run(trial_of_file(tmp_path, code), scratch)
    assert result.status == "out of memory"
    assert result.reason == "killed by the kernel for memory in phase 'model'"


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("raise ValueError('first line\\nsecond')", "failed", "ValueError: first line"),
        ("raise KeyError", "failed", "KeyError: no message"),
        (
            "import not_a_module",
            "failed",
            "ModuleNotFoundError: No module named 'not_a_module': environment 'current' lacks it; "
            "next: uv pip install not_a_module there (by the name that pip knows); or --with "
            "not_a_module and an environment that is made, as --env pinned",
        ),
        ("input()", "failed", "EOFError: EOF when reading a line"),
        ("bytearray(1 << 60)", "out of memory", "MemoryError: no message"),
        (
            "raise RuntimeError('RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes')",
            "out of memory",
            "RuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes",
        ),
    ],
)
def test_what_a_model_raises_is_the_reason(tmp_path, scratch, line, status, reason):
    result = trials.run(trial_of_file(tmp_path, f"{line}\nprogram = None\n"), scratch)
    assert (result.status, result.reason) == (status, f"model_of_mine.py, line 1: {reason}")
    assert result.timings["peak_rss_mb"] > 0  # what was measured is kept


def test_a_file_that_ends_itself_is_a_failure_with_its_reason(tmp_path, scratch):
    trial = trial_of_file(tmp_path, "import sys\nsys.exit('no licence')\nprogram = None\n")
    result = trials.run(trial, scratch)
    assert result.status == "failed"
    assert result.reason.endswith("ended itself while it was run: SystemExit: no licence")


def test_the_traceback_is_in_the_log(tmp_path, scratch):
    trials.run(trial_of_file(tmp_path, "1 / 0\nprogram = None\n"), scratch)
    log = (scratch / "log.txt").read_text()
    assert "model_of_mine.py" in log
    assert "ZeroDivisionError" in log


@pytest.mark.parametrize(
    "line",
    [
        'print(\'{"status": "failed"}\')',
        "os.write(1, os.urandom(1 << 20))",
        "os.close(1); os.close(2)",
        "os.close(0)",
        "os.chdir('/')",
    ],
)
def test_what_a_model_does_to_its_standard_streams_is_no_harm(tmp_path, scratch, line):
    result = trials.run(trial_of_file(tmp_path, f"import os, sys\n{line}\n{WORKS}"), scratch)
    assert (result.status, result.reason) == ("ok", "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "the worker answered with garbage: not a result: Expecting value"),
        ("[1]", "the worker answered with garbage: not a result:"),
        ("\\xff", "the worker answered with garbage:"),
        ('{"status": "fine"}', "the worker answered with garbage: not a result: status 'fine'"),
        ('{"status": "ok"}', "the worker answered ok without its draws"),
    ],
)
def test_an_answer_that_is_none_is_a_crash(tmp_path, scratch, answer, reason):
    code = f"""
        import os
        with open("scratch/result.json", "wb") as file:
            file.write(b'{answer}')
        os._exit(0)
        program = None
        """
    result = trials.run(trial_of_file(tmp_path, textwrap.dedent(code)), scratch)
    assert result.status == "crashed"
    assert result.reason.startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("shutil.rmtree('scratch')", "ended with exit code 1 in phase 'start': FileNotFoundError"),
        ("shutil.rmtree('scratch'); open('scratch', 'w')", "NotADirectoryError"),
        ("os.mkdir('scratch/result.json')", "answered with garbage: it is a folder, no file"),
        ("os.mkdir('scratch/draws.npz')", "IsADirectoryError"),
        ("os.remove('scratch/phase.txt'); os.mkdir('scratch/phase.txt')", "IsADirectoryError"),
    ],
)
def test_a_worker_that_breaks_its_own_folder_is_a_row_with_the_reason(
    tmp_path, scratch, line, reason
):
    code = f"import os, shutil\nprint('said before')\n{line}\n{WORKS}"
    result = trials.run(trial_of_file(tmp_path, code), scratch)
    assert result.status in ("crashed", "failed")
    assert reason in result.reason
    assert "said before" in (scratch / "log.txt").read_text()


@pytest.mark.parametrize("line", ["os.remove('scratch/log.txt')", "os.mkfifo('scratch/more')"])
def test_what_a_worker_does_beside_its_answer_is_no_harm(tmp_path, scratch, line):
    result = trials.run(trial_of_file(tmp_path, f"import os\n{line}\n{WORKS}"), scratch)
    assert (result.status, result.reason) == ("ok", "")
    assert (scratch / "log.txt").is_file()


def test_a_flood_of_output_does_not_fill_the_disk(tmp_path, scratch, monkeypatch):
    for name in ("HEAD", "TAIL", "SLACK"):
        monkeypatch.setattr(worker_log, name, 2**20)
    code = "import subprocess\nsubprocess.Popen(['yes', 'flood'])\n"
    code += "import os, time\ntime.sleep(1)\nsize = os.stat('scratch/log.txt').st_size\n"
    code += "open('size', 'w').write(str(size))\n"
    assert trials.run(trial_of_file(tmp_path, code + WORKS), scratch).status == "ok"
    assert (scratch / "log.txt").stat().st_size < 2**21 + 100
    assert int((tmp_path / "size").read_text()) < 2**30  # what is printed between two looks


def test_a_python_that_is_not_there_is_a_crash(scratch):
    result = launcher.launch(trials.small(), "/no/such/python", scratch, 1.0)
    assert result.status == "crashed"
    assert result.reason.startswith("the worker could not be started: ")


def test_a_worker_sees_a_whitelist_of_variables(tmp_path, scratch, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "numpy.py").write_text("raise ImportError('not the real one')\n")
    for name in ("SECRET_OF_MINE", "XLA_FLAGS", "OMP_NUM_THREADS", "JAX_ENABLE_X64"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    code = (
        "import json, os, sys, numpy\njson.dump([dict(os.environ), sys.path], open('seen', 'w'))\n"
    )
    trial = trial_of_file(tmp_path, code + WORKS)
    assert trials.run(trial, scratch).status == "ok"
    variables, path = json.loads((tmp_path / "seen").read_text())
    variables.pop("LC_CTYPE", None)  # Python itself sets it where the locale is C
    assert variables.pop(descendants.VARIABLE)
    assert variables == launcher.environment_variables(trial)
    assert variables["JAX_ENABLE_X64"] == "0"
    assert "SECRET_OF_MINE" not in variables
    assert path[-1] == str(elsewhere)  # for modules of the user's, behind all that is installed


def test_modules_in_the_current_folder_do_not_reach_a_worker(tmp_path, scratch, monkeypatch):
    for name in (
        "samplerbench/__init__.py",
        "samplers/__init__.py",
        "models.py",
        "numpy.py",
        "json.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise ImportError('not the real one')\n")
    monkeypatch.chdir(tmp_path)
    result = trials.run(trial_of_file(tmp_path, WORKS), scratch)
    assert (result.status, result.reason) == ("ok", "")


def test_a_worker_is_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(tmp_path, scratch):
    code = "import os\nopen('ids', 'w').write(f'{os.getpid()} {os.getpgid(0)} {os.getsid(0)}')\n"
    assert trials.run(trial_of_file(tmp_path, code + WORKS), scratch).status == "ok"
    worker, group, session = map(int, (tmp_path / "ids").read_text().split())
    assert worker == group == session
    assert session != os.getsid(0)


def test_files_of_an_earlier_worker_do_not_pass_for_an_answer(tmp_path, scratch):
    assert trials.run(trial_of_file(tmp_path, WORKS), scratch).status == "ok"
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nprogram = None\n"
    result = trials.run(trial_of_file(tmp_path, code), scratch)
    assert result.reason == f"killed by {signal.SIGTERM.name} in phase 'model'"
