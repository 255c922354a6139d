"""From the draws of one trial to its scores: every registered metric, or why it has no value."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring import process_seconds, trial_data
from samplerbench.harness.scoring.margins import DEFAULT, Margins
from samplerbench.harness.scoring.metrics.base import Score, all_metrics, digest
from samplerbench.harness.scoring.metrics.diagnostics import self_diagnosis
from samplerbench.harness.scoring.trial_data import TrialData, Unfit
from samplerbench.models.base import Exact

#: raise it when a number changes though no file of ``harness.scoring.metrics`` does
REVISION = 23
#: stored scores of another version are made anew; new with every change of a metric
VERSION = digest() ^ REVISION


def score(
    trial: Trial,
    result: Result,
    path: Path,
    exact: Exact | None,
    no_truth: str = "",
    sites: Collection[str] | None = None,
    margins: Margins = DEFAULT,
) -> dict[str, Any]:
    """Columns, reasons and per-parameter numbers of a finished trial; JSON-able.

    ``exact`` is the ground truth, ``no_truth`` the reason where there is none;
    then ``sites`` are those that count (None: all). ``margins`` are what the verdict tolerates.
    """
    if result.status != "ok":
        return _without_numbers(None, result.reason)
    try:
        with warnings.catch_warnings():  # what is no number gets its reason in the cell
            warnings.simplefilter("ignore", RuntimeWarning)
            with DrawsFile(path) as file:
                data = trial_data.read(trial, result, file, exact, no_truth, sites, margins)
                return _score(data)
    except Unfit as error:
        return give_no_numbers(f"the draws do not fit the exact answer: {error}")
    except Exception as error:  # draws of any kind come here; a row with a reason loses nothing
        traceback.print_exc(file=sys.stderr)
        return give_no_numbers(f"could not be scored: {type(error).__name__}: {error}")


def _score(data: TrialData) -> dict[str, Any]:
    """What the store keeps: the columns, why some have no value, and each parameter's numbers."""
    columns: dict[str, Any] = {}
    missing: dict[str, str] = {}
    parameters: dict[str, dict[str, Any]] = {name: {} for name in data.names}
    lacking: dict[str, dict[str, str]] = {}  # parameter -> column -> why it has no value
    for column in (entry.column for entry in all_metrics()):
        score = data.score(column.name)
        columns[column.name] = score.value
        if column.interval:
            columns.update({f"{column.name}_lo": score.lo, f"{column.name}_hi": score.hi})
        if score.value is None and column.is_number:
            missing[column.name] = score.reason
        each = zip(data.names, score.by_parameter, strict=True) if score.by_parameter else ()
        for parameter, estimate in each:
            parameters[parameter][column.name] = [estimate.value, estimate.lo, estimate.hi]
            if estimate.value is None:
                lacking.setdefault(parameter, {})[column.name] = estimate.reason
    if data.exact is not None:
        columns["diagnostics_failed"] = data.compute_once(self_diagnosis).reasons
    return {
        "columns": columns,
        "missing": missing,
        "parameters": parameters,
        "missing_by_parameter": lacking,
    }


def renew_seconds(columns: dict[str, Any], result: Result) -> dict[str, Any]:
    """Score columns, those that follow from seconds made anew for a result with more blocks."""
    ess, claimed = (_stored_score(columns, name) for name in ("realised_ess", "ess"))
    passes, lost = (_stored_score(columns, name) for name in ("pass_rate", "unfinished_rate"))
    whole_runs = columns.get("ess_kish") is not None
    renewed = {
        "ess_per_s": process_seconds.score_draws_per_second(claimed, result),
        "realised_ess_per_s": process_seconds.score_draws_per_second(ess, result),
        "seconds_per_pass": process_seconds.score_seconds_per_pass(passes, lost, result),
        "seconds_to_5pct": process_seconds.score_time_to_5pct(ess, result, whole_runs),
    }
    known = {name: score for name, score in renewed.items() if columns.get(name) is not None}
    values = {name: score.value for name, score in known.items()}
    values |= {f"{name}_lo": score.lo for name, score in known.items()}
    return {**columns, **values, **{f"{name}_hi": score.hi for name, score in known.items()}}


def _stored_score(columns: dict[str, Any], name: str) -> Score:
    return Score(columns.get(name), columns.get(f"{name}_lo"), columns.get(f"{name}_hi"))


def give_no_numbers(reason: str) -> dict[str, Any]:
    """The scores of a trial whose draws can't be judged, with the reason."""
    scores = _without_numbers("not judged", reason)
    scores["missing"].update(dict.fromkeys(("ess", "realised_ess", "calibration"), reason))
    return scores


def _without_numbers(verdict: str | None, reason: str) -> dict[str, Any]:
    columns = {"verdict": verdict, "verdict_reason": reason}
    return {"columns": columns, "missing": {}, "parameters": {}}
