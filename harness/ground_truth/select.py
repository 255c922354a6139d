"""Which ground truth a trial is judged by: the best there is, or why there is none.

In this order: a reference that the user named; the model's own exact answer; quadrature; a long run
(``harness.ground_truth.long_run``). Where there is none of these, rows are compared with one
another (``harness.ground_truth.consensus``). References, inspections of models and long runs lie in
the campaign's folder, which is all that a report needs.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.harness.ground_truth import long_run, reference_files
from samplerbench.harness.ground_truth.kept_files import open_arrays
from samplerbench.harness.ground_truth.model_sites import Shapes
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.statistics.ordered_draws import make_drawer
from samplerbench.harness.worker_files import parse_facts
from samplerbench.models.base import Exact
from samplerbench.models.loading.model_names import is_registered, load_model

FOLDER = "answers"  # of the campaign's folder
SAME = 1e-4  # relative difference of two log likelihoods of the same data; those of other
# a million differ by 1e-3
UNKNOWN = "the model was not inspected"


def model_key(trial: Trial) -> str:
    """16 hex digits that are the same for all trials of one model and its data."""
    identity = [trial.model, trial.model_options, trial.model_digest, trial.data_file_digest]
    identity += [trial.deterministic] if trial.deterministic else []
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def inspection_path(folder: Path, trial: Trial) -> Path:
    """The file of the model's inspection in the campaign's ``folder``."""
    return folder / FOLDER / f"{model_key(trial)}.npz"


def long_run_path(folder: Path, trial: Trial) -> Path:
    """The draws of the long run of the trial's model, in the campaign's ``folder``."""
    return folder / FOLDER / f"{model_key(trial)}-long-run.npz"


def reference_path(folder: Path, trial: Trial) -> Path:
    """The copy of the trial's reference in the campaign's ``folder``."""
    return folder / FOLDER / f"{trial.reference_digest}-{Path(trial.reference).name}"


#: facts that are not in answers of earlier versions
_LATER: dict[str, Any] = {"log_likelihood": None, "jax_arrays": False, "unjudged": ()}


def read_facts(folder: Path, trial: Trial) -> dict[str, Any]:
    """The inspection's ``latents`` (None where not looked for), and ``why`` no ground truth.

    Also ``log_likelihood``, at one point, None where it is not known; ``jax_arrays``, whether the
    program takes its data as arrays of JAX only; and ``unjudged`` deterministic sites.
    """
    path = inspection_path(folder, trial)
    if not path.is_file():
        return {"latents": None, "why": UNKNOWN, **_LATER}
    with open_arrays(path) as arrays:
        facts = parse_facts(arrays)
        return {"latents": facts["latents"], "why": facts["why"], **_LATER, **facts}


def explain_other_data(folder: Path, trial: Trial, result: Result) -> str:
    """That the trial's process had other data than the model's inspection; "" where it had not."""
    own, known = result.log_likelihood, read_facts(folder, trial)["log_likelihood"]
    if own is None or known is None or math.isclose(own, known, rel_tol=SAME, abs_tol=SAME):
        return ""
    return (
        f"its file made other data here than for the answer (log likelihoods of {own:.6g} and "
        f"{known:.6g} at one point), as jax.random does in other bits and releases: save the data "
        "to a file, and hand them over by --data"
    )


def latent_shapes(folder: Path, trial: Trial) -> Shapes | None:
    """Latent site -> shape, where the inspection lists them."""
    latents = read_facts(folder, trial)["latents"]
    return None if latents is None else {s["name"]: tuple(s["shape"]) for s in latents}


def improper_sites(folder: Path, trial: Trial) -> list[str]:
    """The latent sites whose priors do not integrate to one, where the inspection lists them."""
    latents = read_facts(folder, trial)["latents"] or ()
    return [site["name"] for site in latents if site.get("improper")]


def find_ground_truth(folder: Path, trial: Trial) -> tuple[Exact | None, str]:
    """The ground truth of the trial's model, or None and the reason."""
    if trial.reference:
        return _read_reference(folder, trial), ""
    if is_registered(trial.model):
        exact = load_model(trial.model, trial.model_options).exact()
        if exact is not None:
            return exact, ""
    path = inspection_path(folder, trial)
    if path.is_file():
        with open_arrays(path) as arrays:
            if "mean" in arrays.files:
                return _truth_from_inspection({name: arrays[name] for name in arrays.files}), ""
    draws = long_run_path(folder, trial)
    record = long_run.read_record(draws)
    if record is None:
        return None, read_facts(folder, trial)["why"]
    return long_run.read_long_run(draws), record.why


def _read_reference(folder: Path, trial: Trial) -> Exact:
    copy = reference_path(folder, trial)
    shapes = latent_shapes(folder, trial)
    exact = reference_files.read_reference(copy, shapes, trial.reference_names)
    name = Path(trial.reference).name
    return replace(exact, source=exact.source.replace(copy.name, name))


def _truth_from_inspection(arrays: dict[str, Any]) -> Exact:
    """The ground truth that an inspection wrote: exact, or by quadrature."""
    all_names = tuple(map(str, arrays["names"]))
    spread = np.diag(arrays["covariance"])
    varying = np.flatnonzero(spread > 0)
    names = tuple(all_names[i] for i in varying)
    quantile = draw = None
    if "quantiles" in arrays:
        table, odds = arrays["quantiles"][:, varying], _odds(arrays["probs"])

        def quantile(p: Any) -> Any:
            wanted_odds = _odds(np.asarray(p, dtype=np.float64))
            return np.stack([np.interp(wanted_odds, odds, column) for column in table.T], axis=-1)

    if "draws" in arrays:
        # as they are: moved to the exact mean they would leave a curve or a bound that holds them
        draw = make_drawer(names, arrays["draws"][:, varying])
    log_evidence = arrays.get("log_evidence")
    return Exact(
        names,
        arrays["mean"][varying],
        arrays["covariance"][np.ix_(varying, varying)],
        quantile,
        draw,
        None if log_evidence is None else float(log_evidence),
        str(arrays["source"]),
        **{name: arrays[name][varying] for name in ("mean_se", "sd_se") if name in arrays},
    )


def _odds(p: Any) -> Any:
    with np.errstate(divide="ignore"):  # at 0 and 1: the ends of the table
        return np.log(p) - np.log1p(-p)
