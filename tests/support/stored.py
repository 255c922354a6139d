"""A stored campaign made without a worker: good, shifted and weighted draws, a failure."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.harness import draws_file
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import Result, Trial
from samplerbench.models.base import Exact, build
from samplerbench.samplers.base import Draws
from tests.support.trials import small

REPLICATES, DRAWS = 256, 200
#: what must come out as text wherever it is shown
NASTY = (
    "<script>alert(1)</script> \"quoted\" 'single' & % $ # _ { } ~ ^ \\ | *star* `tick`"
    " \u00e9 \u4e2d \x1b[31m"
)
#: sampler -> mean error in sds
KINDS = {
    "honest_one": 0.0,
    "quick_one": 0.0,
    "shifted_one": 1.5,
    "nested_one": 0.0,
    "exact_iid": 0.0,
}
TIMES = {"honest_one": 2.0, "quick_one": 1.0, "nested_one": 9.0}


TRIAL = small(
    environment="pinned",
    environment_digest="",
    warmup=100,
    draws=DRAWS,
    replicates=REPLICATES,
)
TIMINGS = {
    "import_s": 0.5,
    "compiles": 12,
    "rerun_s": 0.05,
    "compiles_per_rerun": 0,
    "warmup_s": 0.005,
    "sample_s": 0.015,
    "aot_s": 1.0,
    "peak_rss_mb": 300.0,
}


def trial(sampler: str, **fields: Any) -> Trial:
    """A trial of the default line, any field replaced."""
    return replace(TRIAL, sampler=sampler, **fields)


def result(
    status: str = "ok",
    reason: str = "",
    cold: float = 3.0,
    warm: Sequence[float] = (0.02, 0.97 * 0.02, 0.02 / 0.97),
    **fields: Any,
) -> Result:
    """What workers would have sent, one for each of the ``warm`` seconds."""
    timings = {**TIMINGS, "cold_s": cold, "compile_s": 0.6 * cold, "warm_s": warm[0]}
    clocked = ("import_s", "cold_s", "compile_s", "rerun_s", "warm_s", "warmup_s", "sample_s")
    blocks = [{name: s / warm[0] * timings[name] for name in clocked} for s in warm[1:]]
    return Result(
        status=status,
        reason=reason,
        timings=timings if status == "ok" else {},
        blocks=blocks if status == "ok" else [],
        precision=32,
        versions={"python": "3.11.7", "jax": "0.4.23"},
        mode="compiled",
        machine={"host": "here", "cpu": "a processor", "device": "cpu", "cores": 2},
        **fields,
    )


def runs(exact: Exact, sampler: str) -> list[Draws]:
    """One run a replicate: independent draws, shifted or weighted where the name says so."""
    draws = []
    for r in range(REPLICATES):
        rng = np.random.default_rng([r, len(sampler)])
        sites = exact.draw(rng, DRAWS)
        for at, name in enumerate(exact.names):
            sites[name] = sites[name] + KINDS.get(sampler, 0.0) * exact.sd[at]
        flat = {name: values[None] for name, values in sites.items()}
        nested = sampler.startswith("nested")
        draws.append(Draws(flat, gradients=1000, **(_nested(rng, exact) if nested else {})))
    return draws


def _nested(rng: np.random.Generator, exact: Exact) -> dict[str, Any]:
    return {
        "log_weights": np.zeros((1, DRAWS)),
        "ess": float(DRAWS),
        "log_z_err": 0.3,
        "termination": "done",
        "log_z": float(exact.log_evidence + 0.3 * rng.standard_normal()),
    }


@functools.cache
def exact() -> Exact:
    return build("linear", {}).exact()


@functools.cache  # a second or two; they are deleted with the process
def _made() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="stored")


@functools.cache
def draws_path(sampler: str) -> Path:
    """A file of the draws of ``sampler``, made once in a process."""
    path = Path(_made().name) / f"{sampler}.npz"
    draws_file.save_draws(path, {"replicates": runs(exact(), sampler)})
    return path


def commit_result(store: Store, one: Trial, ended: Result, log: str = "all went well\n") -> None:
    """Commit a result as the coordinator does."""
    scratch = store.scratch(one.id)
    scratch.mkdir(parents=True)
    (scratch / "log.txt").write_text(log)
    if ended.status == "ok":
        shutil.copyfile(draws_path(one.sampler), scratch / "draws.npz")
    store.commit(one, ended, scratch, 1.0)


def unscored_campaign(folder: Path, **fields: Any) -> Campaign:
    """All kinds, with one that failed, one that declined and one without a result."""
    store = Store.create(folder)
    complete = [trial(name, **fields) for name in KINDS]
    failed = trial("failed_one", settings={"note": NASTY}, **fields)
    declined, waiting = trial("declined_one", **fields), trial("waiting_one", **fields)
    store.add_trials([*complete, failed, declined, waiting])
    for one in complete:
        commit_result(store, one, result(cold=TIMES.get(one.sampler, 3.0)))
    commit_result(store, failed, result("failed", NASTY), f"Traceback\n{NASTY}\n")
    commit_result(store, declined, result("declined", "no gradient here"))
    return Campaign(store)


@functools.cache
def _scored() -> Path:
    folder = Path(_made().name) / "scored"
    with unscored_campaign(folder) as made:
        made.rows()
    return folder


def campaign(folder: Path) -> Campaign:
    """The same with its scores, which are computed once in a process."""
    shutil.copytree(_scored(), folder)
    return Campaign(Store.create(folder))
