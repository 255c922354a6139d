"""What came of the claims: columns from the exact answer, or from the ranks of known truths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Trial
from samplerbench.harness.scoring import replicate_summary, verdict
from samplerbench.harness.scoring.scorecard import NO_ANSWER, Scored
from samplerbench.harness.statistics import (
    ess_rhat,
    sbc,
    self_diagnostics,
    wasserstein,
)
from samplerbench.harness.statistics import (
    estimates as audit,
)
from samplerbench.harness.statistics.estimates import Estimate
from samplerbench.models.base import Exact

Array = np.ndarray

BY_RANKS = "each replicate has data of its own; see sbc_p"
AUDITED = (
    "realised_ess", "calibration", "calibration_robust", "calibration_second", "mean_error",
    "sd_ratio", "w1", "w1_iid", "coverage_50", "coverage_90", "failure_rate", "silent_failures",
    "log_z_error", "log_z_calibration", "mode_error", "modes_missed",
)  # fmt: skip


def without_answer(scored: Scored, why: str = "") -> None:
    """Reasons in every column that needs an answer: ``why`` there is none."""
    scored.missing.update(dict.fromkeys((*AUDITED, "failed_diagnostics"), why or NO_ANSWER))
    told = verdict.verdict(None, why)
    scored.columns.update(verdict=told.verdict, verdict_reason=told.reason)


def by_ranks(
    scored: Scored,
    file: DrawsFile,
    x: Array,
    log_w: Array | None,
    claims: ess_rhat.Claims | None,
) -> None:
    """Simulation-based calibration: the ranks of the truths judge instead of an exact answer."""
    scored.missing.update(dict.fromkeys((*AUDITED, "failed_diagnostics"), BY_RANKS))
    truth = component_draws(file.truths(), scored.names, lead=1)
    ess = file.get("ess") if claims is None else claims.ess_bulk.min(axis=1)
    kept = sbc.kept_draws(ess, x.shape[1] * x.shape[2])
    found = sbc.ranks(x, truth, kept, log_w)
    usable = (found >= 0).all(axis=1)
    if usable.sum() < verdict.LEAST:
        reason = f"{usable.sum()} replicates give ranks; a verdict needs {verdict.LEAST}"
        scored.columns.update(verdict="too few replicates", verdict_reason=reason)
        scored.missing["sbc_p"] = reason
        return
    tests = [sbc.uniformity(column, kept) for column in found[usable].T]
    for name, test in zip(scored.names, tests, strict=True):
        scored.parameters[name]["sbc_p"] = [test.p, None, None]
    worst = int(np.argmin([test.p for test in tests]))
    p = min(1.0, tests[worst].p * len(tests))  # Bonferroni over parameters
    scored.columns.update(sbc_p=p, worst_parameter=scored.names[worst])
    word, why = "honest", f"ranks of the truths among {kept} draws are uniform"
    if p < sbc.ALPHA:
        word, why = sbc.in_words(scored.names[worst], tests[worst])
    if usable.sum() < (1 - verdict.BROKEN) * len(usable):
        word, why = "broken", f"{(~usable).sum()} of {len(usable)} replicates hold NaN"
    scored.columns.update(
        verdict=word, verdict_reason=f"by simulation from the prior: {why}, p {p:.2g}"
    )


def put(
    trial: Trial,
    scored: Scored,
    file: DrawsFile,
    x: Array,
    log_w: Array | None,
    claims: ess_rhat.Claims | None,
    exact: Exact,
) -> None:
    """The realised columns and the verdict, from the exact answer."""
    log_z, log_z_err = file.get("log_z"), file.get("log_z_err")
    found = replicate_summary.from_draws(x, exact, log_w, file.get("ess"), log_z, log_z_err, claims)
    if len(x) < 2:  # one error has no scatter: any number made of it would mean nothing
        scored.missing.update(dict.fromkeys(AUDITED, "too few replicates: 1"))
    else:
        _errors(scored, found, x, log_w, exact)
        _log_z(scored, found)
        _modes(scored, found)
    own = self_diagnostics.own_diagnostics(
        claims, trial.chains, found.finite, found.moves, file.get("divergences"),
        None if file.get("termination") is None else [str(w) for w in file.get("termination")],
    )  # fmt: skip
    wrong = self_diagnostics.wrong(found.est, exact.mean, exact.sd, found.mean_se)
    scored.put("failed_diagnostics", audit.rate(int(own.fails.sum()), len(own.fails)))
    scored.columns["diagnostics_failed"] = own.reasons
    scored.put("failure_rate", self_diagnostics.failure_rate(wrong, found.finite))
    scored.put("silent_failures", self_diagnostics.silent_failures(own.fails, wrong))
    told = verdict.verdict(found)
    against = "" if exact.source in ("exact", "quadrature") else f"; against {exact.source}"
    scored.columns.update(verdict=told.verdict, verdict_reason=told.reason + against)


def _errors(
    scored: Scored, found: replicate_summary.Evidence, x: Array, log_w: Array | None, exact: Exact
) -> None:
    realised = audit.realised_ess(found.est, exact.mean, exact.sd, found.mean_se)
    least = _least(realised)
    scored.worst("realised_ess", realised, least)
    scored.columns["worst_parameter"] = scored.names[least]
    # of the difference from an answer with an error of its own; no claim stays none
    se = np.where(found.se > 0, np.hypot(found.se, found.mean_se), found.se)
    ratios = {
        "calibration": audit.calibration(found.est, se, exact.mean),
        "calibration_robust": audit.calibration_robust(found.est, se, exact.mean),
        "sd_ratio": audit.sd_ratio(found.sd_hat, exact.sd, found.sd_se),
    }
    if log_w is None:
        second, second_se = audit.second_moment(x, exact.mean)
        second_se = np.hypot(second_se, 2 * exact.sd * found.sd_se)
        ratios["calibration_second"] = audit.calibration(second, second_se, exact.sd**2)
    else:
        scored.missing["calibration_second"] = "weighted draws claim no error of it"
    for name, estimates in ratios.items():
        scored.worst(name, estimates, audit.worst(estimates, 1.0, ratio=True))
    errors = audit.mean_error(found.est, exact.mean, exact.sd, found.mean_se)
    scored.worst("mean_error", errors, audit.worst(errors, 0.0))
    distances = wasserstein.w1_estimates(found.w1)
    farthest = audit.worst(distances, 0.0)
    scored.worst("w1", distances, farthest)
    same = float(wasserstein.iid(exact, x.shape[1] * x.shape[2]).w1[farthest])
    scored.number("w1_iid", same if np.isfinite(same) else None, "the reference is moments alone")
    for level, estimates in wasserstein.coverage(x, exact, log_w).items():
        name = f"coverage_{round(100 * level)}"
        scored.worst(name, estimates, audit.worst(estimates, level))


def _least(estimates: Sequence[Estimate]) -> int:
    values = [np.inf if e.value is None else e.value for e in estimates]
    return int(np.argmin(values))


def _log_z(scored: Scored, found: replicate_summary.Evidence) -> None:
    if found.log_z is None or found.log_z_true is None:
        why = "this sampler gives no evidence" if scored.columns["log_z"] is None else NO_ANSWER
        scored.missing.update(log_z_error=why, log_z_calibration=why)
        return
    scored.put("log_z_error", audit.log_z_error(found.log_z, found.log_z_true))
    if found.log_z_err is None:
        scored.missing["log_z_calibration"] = "this sampler claims no error of log Z"
        return
    calibrated = audit.log_z_calibration(found.log_z, found.log_z_err, found.log_z_true)
    scored.put("log_z_calibration", calibrated)


def _modes(scored: Scored, found: replicate_summary.Evidence) -> None:
    """The mode whose mean share is farthest from its weight; who never visits a large one."""
    if found.modes is None:
        why = "the model names no modes"
        scored.missing.update(mode_error=why, modes_missed=why)
        return
    off = (found.modes.share - found.modes.weights).T
    errors = [audit.mean_interval(column) for column in off]
    scored.put("mode_error", errors[audit.worst(errors, 0.0)])
    known = np.isfinite(found.modes.share).all(axis=1)
    missed = found.modes.missed[known].any(axis=1)
    scored.put("modes_missed", audit.rate(int(missed.sum()), len(missed)))
