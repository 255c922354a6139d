"""Whether a sampler's answer on a stack holds: its means and log Z against the exact ones.

A version check needs a test for bias that a sampler's own claims can't fool, and that passes
for samplers that are noisy on every stack: the interval is from the scatter over replicates alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring import score_trial
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.models.base import Exact, build
from samplerbench.text import format_count

Array = np.ndarray

#: of each sampler on each stack, split over its components: one false alarm in 25 matrices of 40
ALPHA = 0.001
#: columns that a stack's row keeps
ROW_COLUMNS = ("verdict", "verdict_reason", "calibration", "mean_error", "ess", "log_z_error")
SHIFT = 0.05  # sds of a mean, and as much of log Z: tolerated, as in the verdict


def judge(trial: Trial, result: Result, draws: Path) -> dict[str, Any]:
    """What a stack's row keeps of a finished trial's draws; JSON-able."""
    exact = build(trial.model, trial.model_options).exact()
    if exact is None:
        raise ValueError(f"model {trial.model!r} has no exact answer to hold a stack against")
    columns = score_trial.score(trial, result, draws, exact)["columns"]
    why = describe_bias(compute_errors(draws, exact), [*exact.names, "log Z"])
    numbers = {name: _round(columns[name]) for name in ROW_COLUMNS if columns.get(name) is not None}
    return {"accurate": not why, "why": why, **numbers}


def compute_errors(draws: Path, exact: Exact) -> Array:
    """[replicate, component]: error of each mean in sds, and of log Z where there is one."""
    with DrawsFile(draws) as file:
        x, log_w, log_z = file.components(exact.names), file.get("log_weights"), file.get("log_z")
    est = x.mean(axis=(1, 2), dtype=np.float64) if log_w is None else weighted_moments(x, log_w)[0]
    scaled = (est - exact.mean) / exact.sd
    if log_z is None or exact.log_evidence is None:
        return scaled
    return np.column_stack([scaled, log_z - exact.log_evidence])


def describe_bias(error: Array, names: list[str]) -> str:
    """The component that is surely off, in words; "" where none is.

    Student's t over replicates, ``ALPHA`` split over components (Bonferroni).
    """
    if not np.isfinite(error).all():
        lost = int((~np.isfinite(error)).any(axis=1).sum())
        return f"{lost} of {format_count(len(error), 'replicate')} not finite"
    replicates, components = error.shape
    if replicates < 2:
        return ""
    factor = stats.t.isf(ALPHA / 2 / components, replicates - 1)
    mean, half = error.mean(axis=0), factor * error.std(axis=0, ddof=1) / np.sqrt(replicates)
    excess = np.abs(mean) - half - SHIFT
    worst = int(np.argmax(excess))
    if excess[worst] <= 0:
        return ""
    lo, hi = mean[worst] - half[worst], mean[worst] + half[worst]
    unit = "" if names[worst] == "log Z" else " sd"
    return f"{names[worst]} is off by {mean[worst]:.3g}{unit} ({lo:.3g} to {hi:.3g})"


def _round(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
