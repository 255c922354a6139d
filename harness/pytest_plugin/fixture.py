"""``sampler_benchmark``: time a sampler in a test, judge its draws, assert on the scores.

    def test_nuts_is_honest(sampler_benchmark):
        scores = sampler_benchmark("linear", sampler="numpyro_nuts", replicates=32)
        assert scores.verdict == "honest"
        assert scores.ess_bulk > 400

**What is timed**: a warm run, warm-up and sampling of all chains, by the algorithm compiled ahead
of time; a round ends when its result is ready on the device. Compiling, the first run, copying
draws to the host and judging lie outside. A round that compiles fails the test. The rounds are
pytest-benchmark's, so that all ``--benchmark-*`` options work; the scores stand in
``extra_info``, and ``samplerbench report --pytest-benchmark FILE`` makes tables of it.

**What is scored**: ``replicates`` runs with seeds ``seed``, ``seed + 1``, ..., untimed, against
the model's exact answer. Below 16 there is no verdict, without an exact answer neither; what the
draws claim (ESS, R-hat) is there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from samplerbench.harness.pytest_plugin.request import make_request
from samplerbench.harness.pytest_plugin.scores import Scores, make_record
from samplerbench.harness.pytest_plugin.warm_runs import WarmRuns
from samplerbench.samplers.base import Sampler

LEAST_ROUNDS = 10  # whatever --benchmark-min-rounds is: the order statistics of a median want 6


class SamplerBenchmark:
    """The fixture's value; it is called once a test, as pytest-benchmark's fixture is."""

    def __init__(self, benchmark: Any, options: Mapping[str, Any]) -> None:
        self.benchmark, self._options, self._used = benchmark, options, False

    def __call__(
        self,
        model: Any,
        sampler: str | Sampler = "numpyro_nuts",
        replicates: int | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        rounds: int | None = None,
        **budget: int,
    ) -> Scores:
        """Time and judge ``sampler`` on ``model``; the scores.

        ``model``: a registered name as ``"linear:n_points=100"``, ``"path/to/file.py:name"``, a
        ``samplerbench.models.base.Model``, or a NumPyro program, as ``(program, data)`` or with
        ``data=``, a dict of what it takes by keyword. ``sampler``: a name with settings as
        ``"numpyro_hmc:trajectory_length=1.5"``, or a ``samplerbench.samplers.base.Sampler``.
        ``replicates`` are judged: --samplerbench-replicates, or as many as take 30 s, 32 to 256.
        ``rounds`` are timed: --samplerbench-rounds, or as many as fill pytest-benchmark's max_time
        (1 s), from 10 to 200, seed by seed in turn. ``budget``: chains (1), warmup (500), draws
        (5000; both a chain), seed (0).

        Raises UsageError for what is not known, ``samplerbench.samplers.base.Declined`` for a model
        that the sampler can't do, and whatever the sampler raises.
        """
        if self._used:
            pytest.fail(
                "sampler_benchmark was called twice in one test\n  expected: one call a test, as "
                "pytest-benchmark keeps one figure a test; parametrise the test over what differs",
                pytrace=False,
            )
        self._used = True
        if replicates is None:
            replicates = self._options.get("replicates")  # None: auto
        if rounds is None:
            rounds = self._options.get("rounds")
        with self._failure_reported():
            request = make_request(model, sampler, replicates, rounds, data, budget)
            warm = WarmRuns(request, self.benchmark)
            rounds = warm.prepare(
                max(LEAST_ROUNDS, self._options["min_rounds"]), float(self._options["max_time"])
            )
        return Scores(self._measure(warm, rounds))

    @contextmanager
    def _failure_reported(self) -> Iterator[None]:
        """Report a failure before the first round to pytest-benchmark: it then keeps no figures."""
        try:
            yield
        except BaseException as error:
            failure = error

            def fail() -> None:
                raise failure

            self.benchmark.has_error = True
            self.benchmark.pedantic(fail)
            raise

    def _measure(self, warm: WarmRuns, rounds: int) -> dict[str, Any]:
        benchmark, trial = self.benchmark, warm.request.trial
        benchmark.group = benchmark.group or f"warm: {trial.model_label}"
        benchmark.pedantic(warm.target, setup=warm.setup, rounds=rounds)
        warm.check()
        row = warm.row()
        compiled = {"aot_compiles": warm.aot_compiles, "round_compiles": 0}
        benchmark.extra_info.update(make_record(row, "warm_s"), **compiled)
        return row
