"""From the draws of one trial to its scores: claims, what came of them, and what they cost."""

from __future__ import annotations

import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import all_component_names
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth.reference_files import varying
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring import accuracy, claimed, efficiency
from samplerbench.harness.scoring.scorecard import NO_ANSWER, Scored
from samplerbench.harness.statistics import ess_rhat
from samplerbench.models.base import Exact

Array = np.ndarray

VERSION = 3  # raise it when a score changes: stored scores of another version are made anew


def score(
    trial: Trial, result: Result, path: Path, exact: Exact | None, why: str = ""
) -> dict[str, Any]:
    """Columns, reasons and per-parameter numbers of a finished trial; JSON-able.

    ``why``: the reason where there is no answer.
    """
    if result.status != "ok":
        scored = Scored(())
        scored.columns.update(verdict=None, verdict_reason=result.reason)
        return scored.record()
    try:
        with warnings.catch_warnings():  # what is no number gets its reason in the cell
            warnings.simplefilter("ignore", RuntimeWarning)
            return _scored(trial, result, path, exact, why)
    except Exception as error:  # draws of any kind come here; a row with a reason loses nothing
        traceback.print_exc(file=sys.stderr)
        return _not_scored(f"could not be scored: {type(error).__name__}: {error}")


def _scored(
    trial: Trial, result: Result, path: Path, exact: Exact | None, why: str
) -> dict[str, Any]:
    if trial.calibrate:
        exact = None  # each replicate has data of its own; the truths that made them are the judge
    with DrawsFile(path) as file:
        names = exact.names if exact else all_component_names(file.sites())
        if trial.calibrate:
            names = tuple(name for name in names if name.split("[")[0] in file.truths())
        try:
            x = file.components(names)
        except (KeyError, IndexError) as error:
            return _not_scored(f"the draws do not fit the exact answer: {error}")
        if exact is None and not trial.calibrate:
            free = varying(names, x.reshape(-1, len(names)))
            names, x = tuple(n for n, kept in zip(names, free, strict=True) if kept), x[..., free]
        return _score(trial, result, file, x, Scored(names), exact, why)


def _not_scored(reason: str) -> dict[str, Any]:
    scored = Scored(())
    scored.columns.update(verdict=NO_ANSWER, verdict_reason=reason)
    scored.missing.update(dict.fromkeys(("ess", "realised_ess", "calibration"), reason))
    return scored.record()


def _score(
    trial: Trial,
    result: Result,
    file: DrawsFile,
    x: Array,
    scored: Scored,
    exact: Exact | None,
    why: str,
) -> dict[str, Any]:
    scored.columns["answer"] = exact.source if exact else None
    log_w = file.get("log_weights")
    claims = None if log_w is not None else ess_rhat.claims(x)
    ess = claimed.put(scored, x, log_w, claims, file, exact)
    if trial.calibrate:
        accuracy.by_ranks(scored, file, x, log_w, claims)
    elif exact is None:
        accuracy.without_answer(scored, why)
    else:
        accuracy.put(trial, scored, file, x, log_w, claims, exact)
    if not trial.calibrate:
        scored.missing["sbc_p"] = "asked for with --calibrate prior"
    efficiency.put(scored, result, ess, nested=log_w is not None)
    return scored.record()
