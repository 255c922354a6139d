"""What ``sampler_benchmark`` asks for and gives back, without a pytest of its own."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.pytest_plugin import warm_runs
from samplerbench.harness.pytest_plugin.fixture import SamplerBenchmark
from samplerbench.harness.pytest_plugin.request import make_request
from samplerbench.harness.pytest_plugin.scores import MissingScore, Scores
from samplerbench.harness.worker import replicates
from samplerbench.models.base import build
from samplerbench.samplers import exact_iid
from samplerbench.samplers.base import Compiled, Prepared, Sampler
from tests.benchmarks import conftest
from tests.support.paths import ROOT


class Benchmark:
    """What the fixture uses of pytest-benchmark's; a round takes as long as ``passed`` grows."""

    def __init__(self, disabled: bool = False) -> None:
        self.disabled, self.has_error, self.group = disabled, False, None
        self.extra_info: dict[str, Any] = {}
        self.passed, self.stats = 0.0, None

    def pedantic(self, target: Any, setup: Any, rounds: int) -> None:
        data: list[float] = []
        for _ in range(1 if self.disabled else rounds):
            given, before = setup()[0], self.passed
            target(*given)
            data.append(self.passed - before)
        self.stats = None if self.disabled else SimpleNamespace(stats=SimpleNamespace(data=data))


def called(benchmark: Benchmark, *given: Any, **options: Any) -> Scores:
    return SamplerBenchmark(benchmark, {"min_rounds": 5, "max_time": 1.0})(*given, **options)


@pytest.mark.slow
def test_disabled_benchmarks_are_judged_and_have_no_seconds():
    scores = called(Benchmark(disabled=True), "linear", "exact_iid", draws=200)
    assert scores.verdict == "honest" and scores["warm_s"] is None
    with pytest.raises(MissingScore, match="--benchmark-disable"):
        scores.warm_s  # noqa: B018


@pytest.mark.slow
def test_a_call_that_never_returns_counts_as_a_failure_and_is_not_timed(monkeypatch):
    monkeypatch.setattr(replicates, "PATIENCE_S", 1.0)
    monkeypatch.setattr(replicates, "PATIENCE", 1.0)
    monkeypatch.setattr(warm_runs, "_still_running", [])
    never, timed = threading.Event(), Benchmark()

    def prepare(model: Any, budget: Any, settings: Any) -> Prepared:
        draw = exact_iid.prepare(model, budget, settings).plain

        def run(seed: int) -> Any:
            if seed == 3:
                never.wait()
            timed.passed += seed + 1
            return draw(seed)

        return Prepared(run, lambda: Compiled(run, lambda draws: draws))

    hangs = Sampler("hangs", exact_iid.Settings, prepare, "does not return for seed 3")
    try:
        scores = called(timed, "linear", hangs, draws=200, rounds=18)
    finally:
        never.set()
    assert scores.failure_rate == 1 / 256 and "seed 3" in " ".join(scores.warnings)
    assert scores.warm_s == 6.0  # the median of 1, 2, 3, 5, ..., 10, each timed twice
    after = called(Benchmark(disabled=True), "linear", "exact_iid", draws=100, replicates=2)
    assert "never returned: hangs with seed 3" in " ".join(after.warnings)


def test_it_is_called_once_a_test():
    call = SamplerBenchmark(Mock(), {"min_rounds": 5, "max_time": 1.0})
    with pytest.raises(UsageError):
        call("liner")
    with pytest.raises(pytest.fail.Exception, match="one call a test"):
        call("linear")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "liner"}, "did you mean 'linear'"),
        ({"model": "linear:points=3"}, "no setting of linear"),
        ({"model": 3}, "expected: a registered name"),
        ({"model": (3, {})}, "expected: a registered name"),
        ({"model": "no/such.py:program"}, "no file"),
        ({"model": lambda x: None, "data": {"y": 1.0}}, "missing: x; not taken: y"),
        ({"data": {"x": 1.0}}, "data= is not needed"),
        ({"sampler": "numpyro_nutz"}, "did you mean 'numpyro_nuts'"),
        ({"sampler": "exact_iid:size=3"}, "no setting of exact_iid"),
        ({"sampler": None}, "sampler=None is a NoneType"),
        ({"replicates": 0}, "replicates = 0"),
        ({"replicates": "many"}, "a whole number"),
        ({"rounds": 0}, "rounds=0"),
        ({"budget": {"drws": 10}}, "did you mean 'draws'"),
        ({"budget": {"draws": 0}}, "draws = 0"),
        ({"budget": {"env": "latest"}}, "in the Python that runs pytest"),
        (
            {"budget": {"draw": 5}},
            "no argument of sampler_benchmark is called 'draw'; did you mean",
        ),
        ({"budget": {"seed": -1}}, "seed = -1"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(changes: dict[str, Any], says: str):
    fine: dict[str, Any] = dict(
        model="linear", sampler="exact_iid", replicates=4, rounds=3, data=None, budget={}
    )
    assert make_request(**fine).trial.environment == "current"
    with pytest.raises(UsageError) as refused:
        make_request(**{**fine, **changes})
    assert says in str(refused.value)


def test_a_model_is_taken_as_it_is_and_a_setting_rides_on_the_name():
    model = build("linear", {"n_points": 7})
    request = make_request(model, "exact_iid", 4, 3, None, {"chains": 2, "seed": 5})
    assert request.model is model and request.budget.chains == 2 and request.trial.seed == 5


def test_scores_know_their_names_and_why_a_number_is_missing():
    scores = Scores({"ess": None, "rhat": 1.0, "missing": {"ess": "draws hold NaN"}})
    with pytest.raises(MissingScore, match="there is no ess: draws hold NaN"):
        scores.ess  # noqa: B018
    assert scores["ess"] is None and scores.rhat == 1.0 and set(scores) == {*scores}
    with pytest.raises(AttributeError, match="did you mean 'rhat'"):
        scores.rhatt  # noqa: B018
    with pytest.raises(KeyError, match="did you mean 'rhat'"):
        scores["rhatt"]


@pytest.mark.parametrize(
    ("where", "words", "whole"),
    [
        (".", [], False),
        (".", ["tests", "-k", "benchmarks"], False),
        (".", ["tests/benchmarks", "-x"], True),
        (".", ["tests/benchmarks/test_samplers.py::test_warm"], True),
        ("tests", ["benchmarks"], True),
        ("tests/benchmarks", ["-q"], True),
    ],
)
def test_the_suite_is_run_whole_only_where_it_is_named(where, words, whole):
    place = SimpleNamespace(dir=ROOT / where, args=words)
    assert conftest._is_named(SimpleNamespace(invocation_params=place)) is whole
