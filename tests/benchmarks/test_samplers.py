"""Every sampler on every model under pytest-benchmark: warm and cold. See README.md beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan import Plan
from samplerbench.samplers.base import Declined
from tests.benchmarks import cold_rounds


@pytest.mark.slow
def test_warm(model: str, sampler: str, sampler_benchmark: Any) -> None:
    try:
        scores = sampler_benchmark(model, sampler)
    except Declined as declined:
        pytest.skip(str(declined))
    assert scores.status == "ok" and scores.mode == "compiled"
    assert "could not be scored" not in scores.verdict_reason


@pytest.mark.process
def test_cold(
    model: str, sampler: str, benchmark: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds = request.config.getoption("samplerbench_cold_rounds", 3)
    wanted = Plan(model=(model,), sampler=(sampler,), env=("current",), replicates=rounds)
    row = cold_rounds.measure(benchmark, expand(wanted)[0], rounds, tmp_path)
    assert row["status"] == "ok" and row["mode"] == "plain"
    assert "could not be scored" not in row["verdict_reason"]
