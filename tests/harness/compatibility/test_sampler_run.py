"""What a row of the table of stacks keeps of one sampler's run."""

from __future__ import annotations

from samplerbench.harness.compatibility import sampler_run
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.records import Result
from samplerbench.samplers.base import Budget


def test_a_stacks_trial_is_the_straight_line_in_its_environment():
    environment = Environment("old", "python", ("numpyro==0.12.1",), "0" * 16)
    trial = sampler_run.make_trial("numpyro_nuts", 8, Budget(1, 100, 200), environment)
    assert (trial.model, trial.environment, trial.replicates) == ("linear", "old", 8)
    assert (trial.warmup, trial.draws) == (100, 200)


def test_a_run_that_failed_breaks_with_its_cause(tmp_path):
    environment = Environment("old", "python", (), "0" * 16)
    trial = sampler_run.make_trial("numpyro_nuts", 8, Budget(1, 1, 1), environment)
    row = sampler_run.summarize(trial, Result("failed", "no module named jax"), tmp_path)
    assert (row["word"], row["status"]) == (sampler_run.BREAKS, "failed")
    assert "no module named jax" in str(row)


def test_seconds_are_rounded_counts_are_not_and_the_hosts_name_is_left_out():
    assert sampler_run.round_seconds(1.23456789) == 1.2346
    assert sampler_run.round_seconds(12) == 12 and sampler_run.round_seconds(None) is None
    assert sampler_run.describe_machine({"cpu": "a", "host": "b"}) == {"cpu": "a"}


def test_the_exponent_of_seconds_over_draws_has_an_interval_or_a_reason():
    few, many = sampler_run.TIMED_DRAWS
    linear = [Result("ok", runs={"warm_cpu_s": [d * 1e-5, d * 1.1e-5]}) for d in (few, many)]
    fit = sampler_run.summarize_exponent(linear)
    assert fit["lo"] < fit["value"] == 1.0 < fit["hi"] < 1.1
    square = [Result("ok", runs={"warm_cpu_s": [d**2 * 1e-9] * 3}) for d in (few, many)]
    assert sampler_run.summarize_exponent(square)["lo"] > 1.9
    failed = [linear[0], Result("timeout", "over 300 s")]
    assert sampler_run.summarize_exponent(failed) == {"reason": "timeout: over 300 s"}
    assert "fewer than 2 runs" in sampler_run.summarize_exponent([Result("ok")] * 2)["reason"]
