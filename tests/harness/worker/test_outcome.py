"""A row says how its trial ended."""

from __future__ import annotations

import pytest

from samplerbench.harness.records import AUTO, Job, Result
from samplerbench.harness.worker import outcome
from samplerbench.harness.worker.time_limit import TimeLimit
from tests.support.trials import small


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: 80 GB"), "out of memory"),
        (ValueError("a shape\nand more"), "failed"),
    ],
)
def test_an_error_gives_a_status_and_a_reason_of_one_line(error, status, tmp_path):
    found, reason = outcome.explain_error(Job(small(), str(tmp_path), 0.0), error, "")
    assert found == status and "\n" not in reason and type(error).__name__ in reason


NO_START = RuntimeError("Cannot find valid initial parameters. Please check your model again.")


@pytest.mark.parametrize(
    ("sampler", "settings", "told"),
    [
        ("numpyro_nuts", {}, "next: numpyro_nuts:init=sample starts at draws of the prior"),
        ("numpyro_hmc", {"num_steps": 3}, "next: numpyro_hmc:init=sample,num_steps=3 starts"),
        ("numpyro_nuts", {"init": "sample"}, "next: see that the data are possible"),
    ],
)
def test_a_start_that_is_not_found_is_told_with_one_at_draws_of_the_prior(sampler, settings, told):
    trial = small(sampler=sampler, settings=settings)
    assert told in outcome.explain_error(Job(trial, "", 0.0), NO_START, "")[1]


def test_samplers_without_the_setting_are_told_of_no_start():
    for sampler in ("jaxns_nested", "of_a_plugin"):
        job = Job(small(sampler=sampler), "", 0.0)
        assert outcome.explain_error(job, NO_START, "")[1].endswith("check your model again.")


def test_timings_that_are_there_keep_their_numbers():
    result = Result("ok", timings={"warm_s": 1.0})
    outcome.explain_missing(result, TimeLimit(60), ("warm_s", "aot_s"), "the compiled mode")
    expected = "no time for the compiled mode before the limit of 60 s (--timeout)"
    assert result.missing == {"aot_s": expected}


@pytest.mark.parametrize("replicates", [8, AUTO])
def test_the_replicates_that_ended_in_time_are_counted(replicates):
    trial, limit = small(replicates=replicates), TimeLimit(60)
    whole, part, none = Result("ok"), Result("ok"), Result("ok")
    assert outcome.count_finished(whole, trial, limit, 8, 8, 1.0)
    assert whole.replicates == (8 if replicates == AUTO else None) and not whole.warnings
    assert outcome.count_finished(part, trial, limit, 3, 8, 1.0)
    assert part.replicates == 3 and "3 of 8 replicates finished" in part.warnings[0]
    assert not outcome.count_finished(none, trial, limit, 0, 8, 90.0)
    assert none.status == "timeout" and "a replicate takes about 90 s" in none.reason


@pytest.mark.parametrize(
    ("wall", "cpu", "device", "is_told"),
    [
        (9.7, 2.62, "cpu", True),
        (2.52, 2.38, "cpu", False),  # idle
        (9.7, 0.3, "cpu", False),  # a process that the sampler starts has the seconds
        (0.08, 0.02, "cpu", False),  # too short to tell
        (9.7, 2.62, "gpu", False),
    ],
)
def test_a_first_call_that_waits_for_cores_tells_of_a_busy_machine(wall, cpu, device, is_told):
    result = Result("ok", machine={"device": device})
    outcome.warn_busy(result, wall, cpu)
    assert result.disturbance == "busy" * is_told and not result.is_contended
    told = ["busy: wall over CPU time of the first call is 3.70"]
    assert result.warnings == told * is_told
