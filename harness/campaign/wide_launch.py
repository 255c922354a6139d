"""Starts a worker in 64 bits on the data that a user's file makes in the bits of its trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from samplerbench.harness import launcher
from samplerbench.harness.records import Result, Trial
from samplerbench.models.loading.model_names import is_file


def launch_wide(
    job: Trial,
    bits: int,
    python: str,
    scratch: Path,
    timeout: float,
    cancelled: Callable[[], bool],
    task: str,
    variables: Mapping[str, str],
) -> Result:
    """``launcher.launch`` of ``job``, which is in 64 bits; a user's file is run in ``bits`` first.

    ``jax.random`` draws other numbers in 64 bits than in 32, so that data made in a file would be
    others than those of its trials. A program that can't mix the two has a file run in 64 bits, and
    one that has 32 bits in its text, as ``jnp.zeros(3, jnp.float32)`` in a loop, runs in them.
    """
    deadline = time.monotonic() + timeout
    has_own = bits != 64 and is_file(job.model)
    tries = [(job, {"JAX_ENABLE_X64": "0"}), (job, {}), (replace(job, precision=bits), {})]
    for trial, own in tries if has_own else [(job, {})]:
        left = deadline - time.monotonic()
        more = {**variables, **own}
        result = launcher.launch(
            trial, python, scratch, left, cancelled=cancelled, task=task, variables=more
        )
        if result.status != "failed" or "TypeError" not in result.reason:
            break
    return result
