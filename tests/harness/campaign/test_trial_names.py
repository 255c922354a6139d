"""A run's trials are called by what tells them apart."""

from dataclasses import replace

from samplerbench.harness.campaign.trial_names import TrialNames
from tests.support.stored import trial as make_trial


def test_a_lone_trial_goes_by_its_sampler():
    trial = make_trial("numpyro_nuts")
    names = TrialNames([trial])
    assert names.name(trial) == trial.label
    assert names.describe(trial) == f"{trial.label}, {names.describe_place(trial)}"
    assert "chain" not in names.describe(trial)


def test_trials_of_a_sweep_are_told_apart():
    one = make_trial("numpyro_nuts")
    every = [replace(one, chains=chains, device=d) for chains in (1, 64) for d in ("cpu", "gpu")]
    every += [replace(one, precision=64, draws=one.draws + 1, warmup=one.warmup + 1)]
    names = TrialNames(every)
    assert len({names.name(trial) for trial in every}) == len(every)
    last = f"1 chain, {one.warmup + 1} warm-up, {one.draws + 1} draws"
    assert names.describe_setup(every[-1]) == f"{one.environment_label}, 64-bit, {last}"
    assert "gpu, 32-bit, 64 chains" in names.name(every[3])
