"""A long run keeps what ends in time, of the parameters alone."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from samplerbench.harness.records import Job
from samplerbench.harness.worker import long_run
from samplerbench.harness.worker.long_run import LongRunner
from samplerbench.harness.worker.time_limit import OutOfTime
from samplerbench.samplers.base import Compiled, Draws
from tests.support.trials import small

CHAINS = 6


def runner(tmp_path, timeout_s=1000.0, chains=CHAINS):
    job = Job(small(replicates=chains), str(tmp_path), time.monotonic(), timeout_s=timeout_s)
    return LongRunner(job)


def sampler(size=4, stuck=(), divergences=0):
    """Chains that hold their seed in x, and in a site that is no parameter; ``stuck`` never end."""

    def collect(seed):
        if seed in stuck:
            time.sleep(600)  # of a daemon thread, which nobody waits for
        values = np.full((1, 10, size), float(seed))
        return Draws(
            {"x": values, "y": values}, stats={"diverging": values}, divergences=divergences
        )

    return Compiled(sample=lambda seed: seed, collect=collect, warmup=lambda seed: seed)


def test_every_chain_has_a_seed_of_its_own_and_keeps_the_parameters_alone(tmp_path):
    chains = runner(tmp_path)._run_chains(sampler(), ["x"])
    assert [float(draws.sites["x"][0, 0, 0]) for draws in chains] == [0, 1, 2, 3, 4, 5]
    assert all(draws.sites.keys() == {"x"} and draws.divergences == 0 for draws in chains)


def test_without_time_there_is_no_chain(tmp_path):
    with pytest.raises(OutOfTime, match="no time for its chains"):
        runner(tmp_path, timeout_s=-1.0)._run_chains(sampler(), ["x"])


def test_a_chain_that_takes_far_longer_than_others_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(long_run, "PATIENCE_S", 2.0)
    chains = runner(tmp_path)._run_chains(sampler(stuck=[1]), ["x"])
    assert [float(draws.sites["x"][0, 0, 0]) for draws in chains] == [0, 2, 3, 4, 5]
    with pytest.raises(OutOfTime, match="2 of its 6 chains take more than 5 times"):
        runner(tmp_path)._run_chains(sampler(stuck=[1, 3]), ["x"])


def test_a_run_none_of_whose_chains_ends_is_ended_while_there_is_time_for_another(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(OutOfTime, match="none of its chains ended in 1 s, so that 8 would not in"):
        runner(tmp_path, 6.0)._run_chains(sampler(stuck=range(CHAINS)), ["x"])


def test_a_run_too_many_of_whose_draws_diverge_is_ended_early(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for divergences, ended in ((0, 40), (40, 8)):
        chains = runner(tmp_path, chains=40)._run_chains(sampler(divergences=divergences), ["x"])
        assert ended <= len(chains) <= ended + 1, divergences


def test_draws_are_thinned_to_what_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(long_run, "MOST_NUMBERS", CHAINS * 4 * 5)
    chains = runner(tmp_path)._run_chains(sampler(), ["x"])
    assert {draws.sites["x"].shape for draws in chains} == {(1, 5, 4)}


@pytest.mark.parametrize("size", [1, 50])
def test_small_draws_are_kept_whole(size, tmp_path):
    chains = runner(tmp_path)._run_chains(sampler(size), ["x"])
    assert chains[0].sites["x"].shape == (1, 10, size)
