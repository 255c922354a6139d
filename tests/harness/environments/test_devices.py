"""Devices: one that a stack lacks is refused, or a row; what releases rename is read anyhow."""

from __future__ import annotations

import sys
import types

import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import run
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.environments import devices, environments
from samplerbench.samplers.support import version_compat


def without_gpu() -> str:
    """Why there is no GPU here; "" where JAX sees one."""
    try:
        devices.refuse_missing("gpu", environments.resolve("current"))
    except UsageError as error:
        return str(error).splitlines()[0]
    return ""


def test_a_device_that_no_stack_sees_is_refused_and_one_that_some_see_is_not(monkeypatch):
    blind: set[str] = set()

    def refuse(device, place):
        if place.name in blind:
            raise UsageError(f"device {device!r} is not there in {place.name!r}")

    monkeypatch.setattr(devices, "refuse_missing", refuse)
    monkeypatch.setattr(
        environments, "resolve", lambda name: environments.Environment(name, sys.executable, (), "")
    )
    wanted = Plan(env=("pinned", "latest"), device=("cpu", "gpu"))
    blind.add("pinned")
    run._refuse_missing_devices(expand(wanted))  # the rows of `pinned` on the GPU will say why
    blind.add("latest")
    with pytest.raises(UsageError, match="is not there in 'pinned'"):
        run._refuse_missing_devices(expand(wanted))
    run._refuse_missing_devices(expand(Plan(env=("pinned",), device=("cpu",))))


def test_a_release_without_public_monitoring_is_listened_to_all_the_same(monkeypatch):
    heard, inner = [], types.ModuleType("jax._src.monitoring")
    inner.register_event_duration_secs_listener = lambda heard_by: heard_by("compile", 2.0)
    monkeypatch.setitem(sys.modules, "jax.monitoring", types.ModuleType("jax.monitoring"))
    monkeypatch.setitem(sys.modules, "jax._src.monitoring", inner)
    version_compat.listen_to_durations(lambda event, seconds: heard.append((event, seconds)))
    assert heard == [("compile", 2.0)]


def test_a_device_that_counts_no_memory_or_names_no_driver_gives_none():
    class Silent:
        def memory_stats(self):
            raise RuntimeError("UNIMPLEMENTED")

    class Counts:
        client = types.SimpleNamespace(platform_version="cuda 12030")

        def memory_stats(self):
            return {"peak_bytes_in_use": 3 << 20}

    assert version_compat.read_memory_stats(Silent()) == {}
    assert version_compat.read_memory_stats(object()) == {}
    assert version_compat.read_memory_stats(Counts())["peak_bytes_in_use"] == 3 << 20
    assert version_compat.read_driver(object()) is None
    assert version_compat.read_driver(Counts()) == "cuda 12030"


@pytest.mark.process
def test_cpu_and_gpu_are_paired_and_the_gpu_says_what_it_is_and_took(tmp_path):
    if why := without_gpu():
        pytest.skip(why)
    options = {"replicates": 16, "draws": 200, "warmup": 200, "env": "current"}
    with samplerbench.run(
        out=tmp_path / "c",
        sampler="numpyro_nuts",
        device=["cpu", "gpu"],
        precision=[32, 64],
        **options,
    ) as found:
        rows = found.rows()
    places = [(r["device"], r["precision"]) for r in rows]
    assert places == [("cpu", 32), ("cpu", 64), ("gpu", 32), ("gpu", 64)]
    assert [r["status"] for r in rows] == ["ok"] * 4
    for row in rows[2:]:
        assert row["device_peak_mb"] > 0 and row["transfer_s"] > 0
        assert row["machine"]["driver"] and row["machine"]["device_kind"]
