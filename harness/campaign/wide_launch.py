"""Starts a worker in 64 bits on the data that a user's file makes in the bits of its trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from samplerbench.harness import kept_programs, launcher
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Result, Trial
from samplerbench.models.loading.model_names import is_file


@dataclass(frozen=True)
class WideLaunch:
    """What launches of one task of ``harness.worker`` for the model of a trial have in common."""

    bits: int  # of the trial
    python: str
    scratch: Path
    task: str
    cancelled: Callable[[], bool]
    variables: Mapping[str, str]  # of the environment

    def run(self, job: Trial, timeout: float) -> Result:
        """``launcher.launch`` of ``job``, which is in 64 bits; a user's file is in its own first.

        ``jax.random`` draws other numbers in 64 bits than in 32, so that data made in a file would
        be others than those of its trials. A program that can't mix the two has a file run in 64
        bits; one that has 32 in its text, as ``jnp.zeros(3, jnp.float32)`` in a loop, runs in them.
        """
        deadline = time.monotonic() + timeout
        has_own = self.bits != 64 and is_file(job.model)
        tries = [(job, {"JAX_ENABLE_X64": "0"}), (job, {}), (replace(job, precision=self.bits), {})]
        for trial, own in tries if has_own else [(job, {})]:
            result = launcher.launch(
                trial,
                self.python,
                self.scratch,
                deadline - time.monotonic(),
                cancelled=self.cancelled,
                task=self.task,
                variables={**self.variables, **own},
            )
            if result.status != "failed" or "TypeError" not in result.reason:
                break
        return result


def prepare_launch(
    trial: Trial, scratch: Path, task: str, cancelled: Callable[[], bool], keep_programs: bool
) -> WideLaunch | None:
    """Launches of ``task`` in the trial's environment; None where it can't be made.

    Every row of that environment will say so. ``keep_programs``: whether workers use programs that
    were compiled before, and leave theirs.
    """
    try:
        python = environments.resolve(trial.environment).python
    except environments.EnvironmentFailed:
        return None
    variables = kept_programs.find_variables(trial) if keep_programs else {}
    return WideLaunch(trial.precision, python, scratch, task, cancelled, variables)
