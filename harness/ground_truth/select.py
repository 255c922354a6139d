"""Which answer a trial is judged by: the best that there is, and why where there is none.

In this order: a reference that the user named; the model's own exact answer; quadrature. Where
there is none of these, rows are held against one another (``harness.ground_truth.consensus``). What
came from a file or from a survey lies in the campaign's folder, so that a report needs neither.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.harness.ground_truth import reference_files
from samplerbench.harness.records import Trial
from samplerbench.models.base import Exact
from samplerbench.models.loading.model_names import is_registered, load_model

FOLDER = "answers"  # in the campaign's
UNKNOWN = "the model was not surveyed"


def key(trial: Trial) -> str:
    """16 hex digits that are the same for all trials of one model and its data."""
    named = [trial.model, trial.model_options, trial.model_digest, trial.data_file_digest]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]


def survey_path(folder: Path, trial: Trial) -> Path:
    """Where the survey of the trial's model lies in the campaign's ``folder``."""
    return folder / FOLDER / f"{key(trial)}.npz"


def reference_path(folder: Path, trial: Trial) -> Path:
    """Where the copy of the trial's reference lies."""
    return folder / FOLDER / f"{trial.reference_digest}-{Path(trial.reference).name}"


def facts(folder: Path, trial: Trial) -> dict[str, Any]:
    """What the survey found: ``latents`` (None where not looked for) and ``why`` no answer."""
    path = survey_path(folder, trial)
    if not path.is_file():
        return {"latents": None, "why": UNKNOWN}
    with np.load(path, allow_pickle=False) as arrays:
        return json.loads(str(arrays["facts"]))


def shapes(folder: Path, trial: Trial) -> reference_files.Shapes | None:
    """Latent site -> shape, where the survey knows them."""
    listed = facts(folder, trial)["latents"]
    return None if listed is None else {s["name"]: tuple(s["shape"]) for s in listed}


def answer(folder: Path, trial: Trial) -> tuple[Exact | None, str]:
    """The answer of the trial's model, or None and the reason."""
    if trial.reference:
        return _reference(folder, trial), ""
    if is_registered(trial.model):
        exact = load_model(trial.model, trial.model_options).exact()
        if exact is not None:
            return exact, ""
    path = survey_path(folder, trial)
    if path.is_file():
        with np.load(path, allow_pickle=False) as arrays:
            if "mean" in arrays.files:
                return _surveyed({name: arrays[name] for name in arrays.files}), ""
    return None, facts(folder, trial)["why"]


def _reference(folder: Path, trial: Trial) -> Exact:
    copy = reference_path(folder, trial)
    found = reference_files.from_file(copy, shapes(folder, trial))
    name = Path(trial.reference).name
    return replace(found, source=found.source.replace(copy.name, name))


def _surveyed(arrays: dict[str, Any]) -> Exact:
    """The answer that a survey wrote: exact, or by quadrature."""
    every = tuple(map(str, arrays["names"]))
    spread = np.diag(arrays["covariance"])
    free = np.flatnonzero(spread > 0)
    quantile = draw = None
    if "quantiles" in arrays:
        table, odds = arrays["quantiles"][:, free], _odds(arrays["probs"])

        def quantile(p: Any) -> Any:
            at = _odds(np.asarray(p, dtype=np.float64))
            return np.stack([np.interp(at, odds, column) for column in table.T], axis=-1)

    if "draws" in arrays:
        # a bank so large that its mean is off by 0.4 % of an sd: taken off, to leave less
        bank = arrays["draws"]
        shifted = bank + (arrays["mean"] - bank.mean(axis=0))
        draw = reference_files.drawer(tuple(every[i] for i in free), shifted[:, free])
    log_evidence = arrays.get("log_evidence")
    return Exact(
        tuple(every[i] for i in free),
        arrays["mean"][free],
        arrays["covariance"][np.ix_(free, free)],
        quantile,
        draw,
        None if log_evidence is None else float(log_evidence),
        str(arrays["source"]),
        *(arrays[n][free] if n in arrays else None for n in ("mean_se", "sd_se")),
    )


def _odds(p: Any) -> Any:
    with np.errstate(divide="ignore"):  # at 0 and 1: the ends of the table
        return np.log(p) - np.log1p(-p)
