"""A long run keeps what ends in time, of the parameters alone."""

from __future__ import annotations

import time

import numpy as np
import pytest

from samplerbench.harness.records import Job
from samplerbench.harness.worker import long_run
from samplerbench.harness.worker.long_run import LongRunner
from samplerbench.samplers.base import Compiled, Draws
from tests.support.trials import small

CHAINS = 6


def runner(tmp_path, timeout_s=1000.0):
    job = Job(small(replicates=CHAINS), str(tmp_path), time.monotonic(), timeout_s=timeout_s)
    return LongRunner(job)


def sampler(size=4):
    """Chains that hold their seed in x, and in a site that is no parameter."""

    def collect(seed):
        values = np.full((1, 10, size), float(seed))
        return Draws({"x": values, "y": values}, stats={"diverging": values}, divergences=0)

    return Compiled(sample=lambda seed: seed, collect=collect, warmup=lambda seed: seed)


def test_every_chain_has_a_seed_of_its_own_and_keeps_the_parameters_alone(tmp_path):
    chains = runner(tmp_path)._run_chains(sampler(), ["x"])
    assert [float(draws.sites["x"][0, 0, 0]) for draws in chains] == [0, 1, 2, 3, 4, 5]
    assert all(draws.sites.keys() == {"x"} and draws.divergences == 0 for draws in chains)


def test_a_chain_that_would_not_end_in_time_is_not_started(tmp_path):
    chains = runner(tmp_path, timeout_s=-1.0)._run_chains(sampler(), ["x"])
    assert len(chains) == 1  # the first always runs


def test_draws_are_thinned_to_what_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(long_run, "MOST_NUMBERS", CHAINS * 4 * 5)
    chains = runner(tmp_path)._run_chains(sampler(), ["x"])
    assert {draws.sites["x"].shape for draws in chains} == {(1, 5, 4)}


@pytest.mark.parametrize("size", [1, 50])
def test_small_draws_are_kept_whole(size, tmp_path):
    chains = runner(tmp_path)._run_chains(sampler(size), ["x"])
    assert chains[0].sites["x"].shape == (1, 10, size)
