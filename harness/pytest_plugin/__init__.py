"""The pytest plugin: ``sampler_benchmark``. Where that is not used, it imports pytest alone."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

import pytest

BENCHMARK_MISSING = (
    "sampler_benchmark times with pytest-benchmark, which this pytest has not loaded\n"
    "  do: pip install pytest-benchmark (and leave out -p no:benchmark)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the numbers that a call of ``sampler_benchmark`` leaves out."""
    add = parser.getgroup("samplerbench").addoption
    helps = {
        "replicates": "replicates that sampler_benchmark scores where a call names no number",
        "rounds": "runs that sampler_benchmark times where a call names no number",
    }
    for name, help in helps.items():
        add(f"--samplerbench-{name}", type=_count, metavar="N", help=help)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of runs; expected: a whole number from 1")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixture, by pytest-benchmark's own where that is loaded."""
    loaded = {getattr(each, "__name__", "") for each in config.pluginmanager.get_plugins()}
    provider = (
        _FixtureProvider() if "pytest_benchmark.plugin" in loaded else _MissingFixtureProvider()
    )
    config.pluginmanager.register(provider, "samplerbench_fixture")


class _FixtureProvider:
    @pytest.fixture
    def sampler_benchmark(self, request: pytest.FixtureRequest, benchmark: Any) -> Any:
        """Time a sampler on a model and judge its draws: see ``harness.pytest_plugin.fixture``."""
        from samplerbench.harness.pytest_plugin.fixture import SamplerBenchmark

        options = {
            "replicates": request.config.getoption("samplerbench_replicates"),
            "rounds": request.config.getoption("samplerbench_rounds"),
            "min_rounds": request.config.getoption("benchmark_min_rounds"),
            "max_time": request.config.getoption("benchmark_max_time"),
        }
        marked = request.node.get_closest_marker("benchmark")
        return SamplerBenchmark(benchmark, {**options, **(marked.kwargs if marked else {})})


class _MissingFixtureProvider:
    @pytest.fixture
    def sampler_benchmark(self) -> Any:
        """Fails: pytest-benchmark is not there."""
        pytest.fail(BENCHMARK_MISSING, pytrace=False)
