"""A sweep: which names it can vary, what it refuses, and what becomes of its sizes."""

from __future__ import annotations

import numpy as np
import pytest

import samplerbench
from samplerbench.cli import run as run_command
from samplerbench.errors import UsageError
from samplerbench.harness import launcher
from samplerbench.harness.campaign import sweep
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.plan_options import check_options, read_campaign_file
from samplerbench.harness.campaign.run import make_plan
from samplerbench.reports.tables.notes import make_title
from samplerbench.reports.tables.selection import differing_columns
from tests.support import trials as small_trials
from tests.support.trials import small

QUICK = {"sampler": "exact_iid", "replicates": 3, "draws": 40, "warmup": 40, "env": "current"}


def planned(**options):
    return expand(Plan(**check_options(options, "run()")))


def test_a_swept_option_multiplies_the_models_and_a_setting_the_samplers_that_have_it():
    trials = planned(
        sweep={"n_points": [32, 1000], "num_live_points": [50, 500]},
        sampler=["numpyro_nuts", "jaxns_nested"],
    )
    assert [(t.model_label, t.label) for t in trials] == [
        (model, sampler)
        for model in ("linear", "linear:n_points=1000")
        for sampler in (
            "numpyro_nuts",
            "jaxns_nested:num_live_points=50",
            "jaxns_nested:num_live_points=500",
        )
    ]


def test_a_swept_budget_gives_trials_of_each():
    trials = planned(sweep=["chains=1,16", "draws=100,200"], sampler="exact_iid")
    assert [(t.chains, t.draws) for t in trials] == [(1, 100), (1, 200), (16, 100), (16, 200)]


@pytest.mark.slow
def test_the_same_trial_has_the_same_name_swept_or_named():
    (named,) = planned(model="linear:n_points=1000", sampler="exact_iid")
    assert named.id in {t.id for t in planned(sweep="n_points=32,1000", sampler="exact_iid")}


def test_what_names_a_value_itself_keeps_it():
    trials = planned(
        sweep="trajectory_length=0.5,2",
        sampler=["numpyro_hmc", "numpyro_hmc:trajectory_length=1.5"],
    )
    assert [t.settings["trajectory_length"] for t in trials] == [0.5, 2.0, 1.5]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sweep": "n_point=32,100"}, "did you mean 'n_points'"),
        ({"sweep": "num_live_points=50,100", "sampler": "numpyro_nuts"}, "no option of the chosen"),
        ({"sweep": "n_points=32,many"}, "n_points='many' does not fit\n  expected: a whole number"),
        ({"sweep": "n_points=32,0"}, "n_points=0 does not fit"),
        ({"sweep": "chains=0,4"}, "chains=0"),
        ({"sweep": "chains=1.5,4"}, "chains='1.5' does not fit"),
        ({"sweep": "num_live_points=0,50"}, "num_live_points=0"),
        ({"sweep": "n_points=1000,1e3"}, "n_points=1000 stands twice"),
        ({"sweep": ["n_points=1,2", "n_points=3"]}, "'n_points' is swept twice"),
        ({"sweep": "n_points"}, "expected: name=value,value"),
        ({"sweep": "n_points=1,,2"}, "expected: name=value,value"),
        ({"sweep": "device=cpu,gpu"}, "--device with several values"),
        ({"sweep": {"n_points": [[1]]}}, "a list of numbers or words"),
        ({"sweep": {"n_points": 1.5}}, "expected: a whole number"),
        ({"sweep": "modle.n_points=3,4"}, "expected: one of budget, model, sampler"),
        (
            {"sweep": "n_points=3,4", "model": "linear:n_points=5"},
            "every model that has it names a value of its own",
        ),
    ],
)
def test_bad_sweeps_are_refused_before_anything_is_run(options, says):
    with pytest.raises(UsageError) as refused:
        planned(**options)
    assert says in str(refused.value) and "budget:" not in str(refused.value)


@pytest.mark.parametrize("name", ["draws", "budget.draws"])
def test_a_budget_that_is_swept_and_set_is_refused(name, tmp_path):
    options = {"sampler": "exact_iid", "sweep": {name: [10, 20]}}
    make_plan(options)
    with pytest.raises(UsageError, match="'draws' is both swept and set"):
        make_plan({**options, "draws": 10})


def test_a_name_that_two_things_have_must_be_told_apart():
    owners = {"budget": {"draws": 1}, "model": {"draws": 1}, "sampler": {}}
    with pytest.raises(UsageError, match="expected: budget.draws or model.draws"):
        sweep._kind("", "draws", owners)
    assert sweep._kind("model", "draws", owners) == "model"


def test_a_campaign_file_takes_a_table(tmp_path):
    file = tmp_path / "campaign.toml"
    file.write_text('sampler = "exact_iid"\n[sweep]\nn_points = [32, 64]\nchains = 2\n')
    options = read_campaign_file(file)
    assert [(t.model_label, t.chains) for t in expand(Plan(**options))] == [
        ("linear", 2),
        ("linear:n_points=64", 2),
    ]


def test_every_option_of_a_plan_is_an_option_of_the_command():
    import argparse

    parser = argparse.ArgumentParser()
    run_command.add_parser(parser.add_subparsers())
    given = parser.parse_args(
        ["run", "--sweep", "n_points=1,2", "chains=1,2", "--sweep", "draws=9"]
    )
    assert given.sweep == ["n_points=1,2", "chains=1,2", "draws=9"]


@pytest.mark.process
def test_a_size_beyond_memory_is_a_row_with_its_reason_and_the_others_stay(tmp_path):
    # 10**12 points of 8 bytes are more than any machine's memory that these tests run on
    with samplerbench.run(out=tmp_path / "c", sweep="n_points=8,1000000000000", **QUICK) as trials:
        rows = trials.rows()
    assert [row["status"] for row in rows] == ["ok", "out of memory"]
    assert "Unable to allocate" in rows[1]["reason"]
    assert [row["swept"] for row in rows] == ["n_points=8", "n_points=1000000000000"]
    assert differing_columns(rows) == ["swept"]
    assert make_title(rows).startswith("model linear, ")


def test_parallel_chains_get_a_device_each_and_others_one():
    def flags(**fields):
        return launcher.environment_variables(small(**fields)).get("XLA_FLAGS")

    flag = "--xla_force_host_platform_device_count=4"
    assert flags(sampler="numpyro_nuts", chains=4) == flag  # NumPyro's default is parallel
    assert flags(sampler="numpyro_nuts", chains=1) is None
    for method in ("sequential", "vectorized"):
        assert flags(sampler="numpyro_nuts", chains=4, settings={"chain_method": method}) is None
    assert flags(sampler="exact_iid", chains=4) is None
    assert flags(sampler="numpyro_nuts", chains=4, device="gpu") is None
    assert flags(sampler="numpyro_nuts", chains=4096) is None


@pytest.mark.process
def test_parallel_chains_run_on_several_devices(tmp_path):
    one = small(sampler="numpyro_nuts", chains=2, warmup=30, draws=30, replicates=1)
    result = small_trials.run(one, tmp_path / "nuts", timeout=300)
    assert result.status == "ok", result.reason
    assert result.machine["device_count"] == 2
    assert not [text for text in result.warnings if "one after the other" in text]
    assert result.timings["transfer_s"] > 0
    with np.load(tmp_path / "nuts" / "draws.npz") as file:
        for mode in ("replicates", "plain"):
            first, second = file[f"{mode}/site/m"][0]
            assert first.shape == (30,) and not np.array_equal(first, second)


@pytest.mark.process
def test_sa_declines_vectorized_chains_with_its_reason(tmp_path):
    one = small(sampler="numpyro_sa", settings={"chain_method": "vectorized"}, chains=2)
    result = small_trials.run(one, tmp_path / "sa", timeout=300)
    assert result.status == "declined"
    assert "use chain_method=parallel or sequential" in result.reason


@pytest.mark.process
def test_a_python_of_ones_own_is_an_environment():
    import sys

    from samplerbench.harness.environments import environments

    trials = environments.resolve(sys.executable)
    assert (trials.name, trials.python) == (sys.executable, sys.executable)
    assert trials.digest == environments.resolve("current").digest
    with pytest.raises(UsageError, match="or of another Python"):
        environments.resolve("nowhere")


def test_a_sweeps_settings_are_told_from_what_makes_the_problem():
    position = "n_points=32,trajectory_length=1.5,chains=4"
    assert sweep.leave_out_settings(position, "linear") == "n_points=32,chains=4"
    assert sweep.leave_out_settings("trajectory_length=1.5", "mine.py") == ""
    assert sweep.leave_out_settings(position, "a_model_that_is_gone") == position
