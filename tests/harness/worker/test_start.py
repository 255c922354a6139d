"""How a worker starts: its import finder, its process, what it records and warns of."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

from samplerbench.harness.records import Job, Result, read_result, to_json
from samplerbench.harness.worker import bootstrap, process, run_trial, start_up
from samplerbench.models.base import Model
from samplerbench.samplers.base import samplers
from tests.support.trials import small


def test_the_import_finder_knows_this_package_and_no_other():
    spec = bootstrap.OwnPackage.find_spec("samplerbench")
    assert spec is not None and spec.origin == f"{bootstrap.ROOT}/samplerbench/__init__.py"
    assert bootstrap.OwnPackage.find_spec("numpy") is None
    assert bootstrap.OwnPackage.find_spec("samplerbench.models", ["/somewhere"]) is None


def test_chains_without_devices_of_their_own_are_warned_of():
    nuts = samplers.get("numpyro_nuts")
    result = Result("ok", machine={"device_count": 1})
    start_up.check_devices(small(chains=1), nuts, nuts.settings(), result)
    assert result.warnings == []
    start_up.check_devices(small(chains=4), nuts, nuts.settings(), result)
    assert "4 parallel chains want 4 devices, and there are 1" in result.warnings[0]


def test_versions_and_the_machine_are_recorded_at_the_start():
    result = Result("ok")
    job = Job(small(), "", 0.0)
    start_up.import_libraries(job, samplers.get("exact_iid"), run_trial.CompileClock(), result)
    assert result.versions["python"] and result.machine["cpu"] and result.timings["import_s"] > 0


def test_what_libraries_warn_of_is_told_in_the_row(monkeypatch, capsys):
    monkeypatch.setattr(warnings, "showwarning", lambda message, *where: print(message))
    result = Result("ok")
    start_up.record_warnings(result)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for text in ("a circle.", "a circle.", "Explicitly requested dtype x", "2", "3"):
            warnings.warn(text, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        warnings.warn("fourth", stacklevel=1)
    assert result.warnings == ["a circle", "2", "3"]
    assert len(capsys.readouterr().out.splitlines()) == 7


SERVE = f"""
import sys, time
from {process.__name__} import serve
from {Result.__module__} import Result

def task(job):
    print(repr(sys.stdin.read()))  # a model that reads finds the end at once
    if job.trial.seed:
        time.sleep(600)
    return Result("ok", reason=job.trial.sampler)

sys.exit(serve(sys.argv[1], task))
"""


def start(folder, seed):
    """A process that serves a job; it leads a group of its own, as the launcher has it."""
    file = folder / "job.json"
    file.write_text(to_json(Job(small(seed=seed), str(folder), 0.0)))
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.process
def test_a_worker_answers_in_a_file_and_reads_nothing(tmp_path):
    worker = start(tmp_path, seed=0)
    assert worker.stdout.read() == b"''\n" and worker.wait(60) == 0
    worker.stdin.close()
    worker.stdout.close()
    assert read_result((tmp_path / "result.json").read_text()).reason == "exact_iid"


@pytest.mark.process
def test_a_worker_ends_when_its_coordinator_lets_go(tmp_path):
    worker = start(tmp_path, seed=1)
    assert worker.stdout.readline() == b"''\n"
    worker.stdin.close()  # as it is when the coordinator's process is gone
    assert worker.wait(60) != 0 and not (tmp_path / "result.json").exists()
    worker.stdout.close()


def test_a_param_of_a_user_s_program_is_said_to_be_held(tmp_path):
    import numpyro
    from numpyro.distributions import Normal

    def program(scale=None):
        center = numpyro.param("center", 0.0)
        numpyro.sample("x", Normal(center, scale or numpyro.param("scale", 2.0)))

    said = Result("ok")
    trial = small(model=f"{tmp_path / 'mine.py'}:program")
    start_up.check_program(trial, Model("program", {}, program), said)
    assert said.warnings == [
        "numpyro.param 'center', 'scale': held at the initial value, except by SVI"
    ]
    none = Result("ok")
    start_up.check_program(trial, Model("program", {}, lambda: numpyro.sample("x", Normal())), none)
    start_up.check_program(small(), Model("linear", {}, program), none)
    start_up.check_program(trial, Model("program", {}, lambda: 1 / 0), none)
    assert none.warnings == []
