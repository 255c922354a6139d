"""Which samplers can take a model: asked of each in its environment, without a run."""

from __future__ import annotations

import importlib
import sys

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import preflight
from samplerbench.harness.campaign.expand import own_environment
from samplerbench.harness.environments import attribute_search, cache, environments
from samplerbench.harness.worker.inspection.preflight import ask
from samplerbench.harness.worker.timing import CompileClock
from samplerbench.models.base import build
from samplerbench.samplers.base import samplers

PROGRAMS = """
import numpyro, numpyro.distributions as dist
data = {"y": 2.0}

def counts(y):
    b = numpyro.sample("b", dist.Normal(0, 1))
    k = numpyro.sample("k", dist.Poisson(3.0))
    numpyro.sample("y", dist.Normal(b + k, 1), obs=y)

def fails(y):
    numpyro.sample("y", dist.Normal(unknown, 1), obs=y)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAMS)
    return path


@pytest.mark.process
@pytest.mark.slow
def test_every_sampler_answers_and_a_discrete_site_is_named(file):
    answers = {
        answer.sampler: answer
        for answer in preflight.ask_samplers(model=f"{file}:counts", env="current")
    }
    assert answers.keys() == {*samplers.names(), *(p.name for p in samplers.plugins())}
    assert {answer.environment for answer in answers.values()} == {"current"}
    for name in ("numpyro_nuts", "jaxns_nested"):
        assert answers[name].takes == "no" and "site 'k' of 'counts' is discrete" in (
            answers[name].reason
        )
    assert "no exact answer" in answers["exact_iid"].reason


@pytest.mark.process
@pytest.mark.slow
def test_a_program_that_fails_is_refused_with_the_line(file):
    with pytest.raises(UsageError, match="mine.py, line 11 in fails: NameError: name 'unknown'"):
        preflight.ask_samplers(model=f"{file}:fails", env="current")


@pytest.mark.process
@pytest.mark.slow
def test_what_numpyro_lacks_is_told_with_the_environment_to_take(tmp_path, monkeypatch):
    path = tmp_path / "newer.py"
    path.write_text("from numpyro.contrib.none_such import anything\ndef program(): ...")
    monkeypatch.setattr(attribute_search, "_find_python", lambda name: "")
    with pytest.raises(UsageError, match=r"lacks numpyro.contrib.none_such; .*: --env latest$"):
        preflight.ask_samplers(model=f"{path}:program", env="current")


def test_an_environment_that_is_not_made_is_named_and_not_made(monkeypatch):
    monkeypatch.setattr(environments, "is_ready", lambda name: False)
    monkeypatch.setattr(environments, "resolve", lambda name: pytest.fail("it would be made"))
    answers = preflight.ask_samplers(model="linear")
    for answer in answers:
        assert answer.environment == own_environment(answer.sampler)
        reason = f"needs environment {answer.environment}: not made yet"
        assert (answer.takes, answer.reason) == ("unknown", reason)


@pytest.mark.process
def test_an_environment_is_ready_where_it_is_made_or_is_a_python_that_is_there(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cache, "path_of", lambda digest: tmp_path / digest)
    (tmp_path / "stack.txt").write_text("numpy==1.0\n")
    assert environments.is_ready("current") and environments.is_ready(sys.executable)
    assert not environments.is_ready(str(tmp_path / "stack.txt"))
    digest = environments.identify(str(tmp_path / "stack.txt")).digest
    (tmp_path / digest).mkdir()
    (tmp_path / digest / cache.MARKER).write_text("")
    assert environments.is_ready(str(tmp_path / "stack.txt"))


@pytest.mark.parametrize("options", [{"model": ["linear", "funnel"]}, {"env": ["a.txt", "b.txt"]}])
def test_one_model_in_one_environment_is_asked_about(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("numpy==1.0\n")
    options = {**options, "env": [f"./{name}" for name in options.get("env", ())]}
    with pytest.raises(UsageError, match="one of each"):
        preflight.ask_samplers(**{"model": "linear", **options})


@pytest.mark.slow
def test_asking_compiles_nothing():
    pytest.importorskip("jax")  # the clock listens to it
    clock, model = CompileClock(), build("funnel", {})
    clock.listen()
    for name in ("numpyro_nuts", "numpyro_hmc", "numpyro_sa", "jaxns_nested", "exact_iid"):
        for module in samplers.get(name).needs:
            importlib.import_module(module)  # libraries may compile when they are imported
        reason, lap = clock.lap(lambda name=name: ask(name, model))
        assert (reason, lap.compiles) == ("", 0), name


def test_a_library_that_is_not_there_is_the_answer(monkeypatch):
    def get(name):
        return samplers_get("exact_iid").__class__(
            name, object, lambda *_: None, "", needs=("no_such_library",)
        )

    samplers_get = samplers.get
    monkeypatch.setattr(samplers, "get", get)
    reason = "ModuleNotFoundError: No module named 'no_such_library'"
    assert ask("it", build("linear", {})) == reason
