"""The pytest plugin: ``sampler_benchmark``. Where that is not used, it imports pytest alone."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

import pytest

LACKING = (
    "sampler_benchmark times with pytest-benchmark, which this pytest has not loaded\n"
    "  do: pip install pytest-benchmark (and leave out -p no:benchmark)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much ``sampler_benchmark`` does where a call does not say."""
    add = parser.getgroup("samplerbench").addoption
    text = {
        "replicates": "runs that are judged, where a call of sampler_benchmark names no number",
        "rounds": "runs that are timed, likewise",
    }
    for name, says in text.items():
        add(f"--samplerbench-{name}", type=_count, metavar="N", help=says)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of runs; expected: a whole number from 1")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixture, by pytest-benchmark's own where that is loaded."""
    loaded = {getattr(each, "__name__", "") for each in config.pluginmanager.get_plugins()}
    made = _Timed() if "pytest_benchmark.plugin" in loaded else _Lacking()
    config.pluginmanager.register(made, "samplerbench_fixture")


class _Timed:
    @pytest.fixture
    def sampler_benchmark(self, request: pytest.FixtureRequest, benchmark: Any) -> Any:
        """Time a sampler on a model and judge its draws: see ``harness.pytest_plugin.fixture``."""
        from samplerbench.harness.pytest_plugin.fixture import SamplerBenchmark

        given = {
            "replicates": request.config.getoption("samplerbench_replicates"),
            "rounds": request.config.getoption("samplerbench_rounds"),
            "min_rounds": request.config.getoption("benchmark_min_rounds"),
            "max_time": request.config.getoption("benchmark_max_time"),
        }
        marked = request.node.get_closest_marker("benchmark")
        return SamplerBenchmark(benchmark, {**given, **(marked.kwargs if marked else {})})


class _Lacking:
    @pytest.fixture
    def sampler_benchmark(self) -> Any:
        """Fails: pytest-benchmark is not there."""
        pytest.fail(LACKING, pytrace=False)
