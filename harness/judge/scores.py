"""From the draws of one trial to its scores: claims, what came of them, and what they cost."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.judge import (
    audit,
    diagnostics,
    evidence,
    gates,
    nested_checks,
    ranks,
    verdict,
    yardstick,
)
from harness.judge.audit import Estimate
from harness.judge.weighted import kish_ess, weighted_moments
from harness.judge.yardstick import component_draws
from harness.records import Result, Trial
from harness.stored_draws import DrawsFile, component_names
from models.base import Exact

Array = np.ndarray

VERSION = 1  # raise it when a score changes: stored scores of another version are made anew
WANTED = 400.0  # draws for a standard error of 5 % of the sd: 1 / 0.05**2
NO_ANSWER = "no exact answer"
BY_RANKS = "each replicate has data of its own; see sbc_p"


class Scored:
    """Collects columns, reasons and per-parameter numbers of one trial."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.columns: dict[str, Any] = {}
        self.missing: dict[str, str] = {}
        self.parameters: dict[str, dict[str, Any]] = {name: {} for name in names}

    def put(self, name: str, estimate: Estimate) -> None:
        """One estimate with its interval, or the reason why there is none."""
        values = (estimate.value, estimate.lo, estimate.hi)
        self.columns.update(zip((name, f"{name}_lo", f"{name}_hi"), values, strict=True))
        if estimate.value is None:
            self.missing[name] = estimate.reason

    def number(self, name: str, value: float | None, reason: str) -> None:
        """One number, or the reason why there is none."""
        self.columns[name] = value
        if value is None:
            self.missing[name] = reason

    def worst(self, name: str, estimates: Sequence[Estimate], pick: int) -> None:
        """Every parameter's estimate; the column takes that of parameter ``pick``."""
        for parameter, estimate in zip(self.names, estimates, strict=True):
            self.parameters[parameter][name] = [estimate.value, estimate.lo, estimate.hi]
        self.put(name, estimates[pick])

    def record(self) -> dict[str, Any]:
        """What the store keeps."""
        return {"columns": self.columns, "missing": self.missing, "parameters": self.parameters}


def score(trial: Trial, result: Result, path: Path, exact: Exact | None) -> dict[str, Any]:
    """Columns, reasons and per-parameter numbers of a finished trial; JSON-able."""
    if result.status != "ok":
        scored = Scored(())
        scored.columns.update(verdict=None, verdict_reason=result.reason)
        return scored.record()
    try:
        with warnings.catch_warnings():  # what is no number gets its reason in the cell
            warnings.simplefilter("ignore", RuntimeWarning)
            return _scored(trial, result, path, exact)
    except Exception as error:  # draws of any kind come here; a row with a reason loses nothing
        traceback.print_exc(file=sys.stderr)
        return _not_scored(f"could not be scored: {type(error).__name__}: {error}")


def _scored(trial: Trial, result: Result, path: Path, exact: Exact | None) -> dict[str, Any]:
    if trial.calibrate:
        exact = None  # each replicate has data of its own; the truths that made them are the judge
    with DrawsFile(path) as file:
        names = exact.names if exact else component_names(file.sites())
        if trial.calibrate:
            names = tuple(name for name in names if name.split("[")[0] in file.truths())
        try:
            x = file.components(names)
        except (KeyError, IndexError) as error:
            return _not_scored(f"the draws do not fit the exact answer: {error}")
        return _score(trial, result, file, x, Scored(names), exact)


def _not_scored(reason: str) -> dict[str, Any]:
    scored = Scored(())
    scored.columns.update(verdict=NO_ANSWER, verdict_reason=reason)
    scored.missing.update(dict.fromkeys(("ess", "realised_ess", "calibration"), reason))
    return scored.record()


def _score(
    trial: Trial, result: Result, file: DrawsFile, x: Array, scored: Scored, exact: Exact | None
) -> dict[str, Any]:
    log_w = file.get("log_weights")
    claims = None if log_w is not None else diagnostics.claims(x)
    ess = _claimed(scored, x, log_w, claims, file, exact)
    _numbers(scored, file)
    _insertion(scored, file)
    if trial.calibrate:
        _calibrate(scored, file, x, log_w, claims)
    elif exact is None:
        _without_answer(scored)
    else:
        _audit(trial, scored, file, x, log_w, claims, exact)
    if not trial.calibrate:
        scored.missing["sbc_p"] = "asked for with --calibrate prior"
    _costs(scored, result, ess, nested=log_w is not None)
    return scored.record()


# -- what is claimed ---------------------------------------------------------------------------


def _claimed(
    scored: Scored,
    x: Array,
    log_w: Array | None,
    claims: diagnostics.Claims | None,
    file: DrawsFile,
    exact: Exact | None,
) -> float | None:
    """The claimed columns; the headline ESS, median over replicates."""
    why = _what_is_wrong(x, log_w)
    if claims is not None:
        scored.missing["ess_kish"] = "the draws have equal weights"
        tightest = np.fmin(claims.ess_bulk, claims.ess_tail).min(axis=1)
        _of_parameters(scored, "ess_bulk", claims.ess_bulk, np.argmin, why)
        _of_parameters(scored, "ess_tail", claims.ess_tail, np.argmin, why)
        _of_parameters(scored, "rhat", claims.rhat, np.argmax, why)
        se, sd = claims.mcse_mean, claims.sd
    else:
        weighted = "weighted draws have no such number; see ess"
        scored.missing.update(dict.fromkeys(("ess_bulk", "ess_tail", "rhat"), weighted))
        own = file.get("ess")
        tightest = own if own is not None else np.full(len(x), np.nan)
        scored.number("ess_kish", _median(kish_ess(log_w)), why)
        sd = weighted_moments(x, log_w)[1]
        se = sd / np.sqrt(tightest)[:, None]
    with np.errstate(all="ignore"):
        _of_parameters(scored, "mcse", se / (exact.sd if exact else sd), np.argmax, why)
    ess = _median(tightest)
    scored.number("ess", ess, why)
    return ess


def _of_parameters(scored: Scored, name: str, values: Array, pick: Any, why: str) -> None:
    """Median over replicates of ``values[replicate, component]``, the worst parameter's."""
    medians = [_median(column) for column in values.T]
    for parameter, median in zip(scored.names, medians, strict=True):
        scored.parameters[parameter][name] = [median, None, None]
    known = [median for median in medians if median is not None]
    scored.number(name, known[int(pick(known))] if len(known) == len(medians) else None, why)


def _median(values: Array) -> float | None:
    """Median of the finite values; None where there is none."""
    finite = np.asarray(values, float)[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None


def _what_is_wrong(x: Array, log_w: Array | None) -> str:
    """Why draws give no claim: the reason that stands in the cell."""
    bad = int((~np.isfinite(x)).sum())
    if bad:
        return f"draws hold {bad} NaN or infinite values"
    if log_w is not None and not np.isfinite(log_w).any():
        return "all weights are zero"
    if x.shape[2] < 4:
        return f"{x.shape[2]} draw(s) a chain; a claim needs at least 4"
    return "a parameter's draws are constant"


def _numbers(scored: Scored, file: DrawsFile) -> None:
    for name in ("divergences", "accept_prob", "gradients", "likelihoods", "log_z", "log_z_err"):
        values = file.get(name)
        average = np.median if name == "log_z_err" else np.mean
        known = None if values is None else values[np.isfinite(values)]
        value = float(average(known)) if known is not None and known.size else None
        scored.number(name, value, "this sampler gives none")
    words = file.get("termination")
    if words is not None:
        scored.columns["termination"] = Counter(map(str, words)).most_common(1)[0][0]
    else:
        scored.missing["termination"] = "only nested sampling stops by itself"


def _insertion(scored: Scored, file: DrawsFile) -> None:
    stats = file.stats()
    if "log_l_birth" not in stats:
        scored.missing["insertion_p"] = "no birth contours: not nested sampling, or not kept"
        return
    p_values = []
    weights = file.get("log_weights")
    for r in range(len(weights)):
        kept = np.isfinite(weights[r, 0])
        rng = np.random.default_rng([r, 0x1D])
        log_l, birth = stats["log_l"][r, 0][kept], stats["log_l_birth"][r, 0][kept]
        p, _ = nested_checks.insertion_index(log_l, birth, rng)
        if p is not None:
            p_values.append(p)
    smallest = min(1.0, min(p_values) * len(p_values)) if p_values else None
    scored.number("insertion_p", smallest, "no point was drawn above a contour")


# -- what came of it ---------------------------------------------------------------------------

AUDITED = (
    "realised_ess", "calibration", "calibration_robust", "calibration_second", "mean_error",
    "sd_ratio", "w1", "w1_iid", "coverage_50", "coverage_90", "failure_rate", "silent_failures",
    "log_z_error", "log_z_calibration",
)  # fmt: skip


def _without_answer(scored: Scored) -> None:
    scored.missing.update(dict.fromkeys(AUDITED, NO_ANSWER))
    scored.missing["failed_diagnostics"] = NO_ANSWER
    told = verdict.verdict(None)
    scored.columns.update(verdict=told.verdict, verdict_reason=told.reason)


def _calibrate(
    scored: Scored,
    file: DrawsFile,
    x: Array,
    log_w: Array | None,
    claims: diagnostics.Claims | None,
) -> None:
    """Simulation-based calibration: the ranks of the truths judge instead of an exact answer."""
    scored.missing.update(dict.fromkeys((*AUDITED, "failed_diagnostics"), BY_RANKS))
    truth = component_draws(file.truths(), scored.names, lead=1)
    ess = file.get("ess") if claims is None else claims.ess_bulk.min(axis=1)
    kept = ranks.kept_draws(ess, x.shape[1] * x.shape[2])
    found = ranks.ranks(x, truth, kept, log_w)
    usable = (found >= 0).all(axis=1)
    if usable.sum() < verdict.LEAST:
        reason = f"{usable.sum()} replicates give ranks; a verdict needs {verdict.LEAST}"
        scored.columns.update(verdict="too few replicates", verdict_reason=reason)
        scored.missing["sbc_p"] = reason
        return
    tests = [ranks.uniformity(column, kept) for column in found[usable].T]
    for name, test in zip(scored.names, tests, strict=True):
        scored.parameters[name]["sbc_p"] = [test.p, None, None]
    worst = int(np.argmin([test.p for test in tests]))
    p = min(1.0, tests[worst].p * len(tests))  # Bonferroni over parameters
    scored.columns.update(sbc_p=p, worst_parameter=scored.names[worst])
    word, why = "honest", f"ranks of the truths among {kept} draws are uniform"
    if p < ranks.ALPHA:
        word, why = ranks.in_words(scored.names[worst], tests[worst])
    if usable.sum() < (1 - verdict.BROKEN) * len(usable):
        word, why = "broken", f"{(~usable).sum()} of {len(usable)} replicates hold NaN"
    scored.columns.update(
        verdict=word, verdict_reason=f"by simulation from the prior: {why}, p {p:.2g}"
    )


def _audit(
    trial: Trial,
    scored: Scored,
    file: DrawsFile,
    x: Array,
    log_w: Array | None,
    claims: diagnostics.Claims | None,
    exact: Exact,
) -> None:
    log_z, log_z_err = file.get("log_z"), file.get("log_z_err")
    found = evidence.from_draws(x, exact, log_w, file.get("ess"), log_z, log_z_err, claims)
    if len(x) < 2:  # one error has no scatter: any number made of it would mean nothing
        scored.missing.update(dict.fromkeys(AUDITED, "too few replicates: 1"))
    else:
        _errors(scored, found, x, log_w, exact)
        _log_z(scored, found)
    own = gates.own_diagnostics(
        claims, trial.chains, found.finite, found.moves, file.get("divergences"),
        None if file.get("termination") is None else [str(w) for w in file.get("termination")],
    )  # fmt: skip
    wrong = gates.wrong(found.est, exact.mean, exact.sd)
    scored.put("failed_diagnostics", audit.rate(int(own.fails.sum()), len(own.fails)))
    scored.columns["diagnostics_failed"] = own.reasons
    scored.put("failure_rate", gates.failure_rate(wrong, found.finite))
    scored.put("silent_failures", gates.silent_failures(own.fails, wrong))
    told = verdict.verdict(found)
    scored.columns.update(verdict=told.verdict, verdict_reason=told.reason)


def _errors(
    scored: Scored, found: evidence.Evidence, x: Array, log_w: Array | None, exact: Exact
) -> None:
    realised = audit.realised_ess(found.est, exact.mean, exact.sd)
    least = _least(realised)
    scored.worst("realised_ess", realised, least)
    scored.columns["worst_parameter"] = scored.names[least]
    ratios = {
        "calibration": audit.calibration(found.est, found.se, exact.mean),
        "calibration_robust": audit.calibration_robust(found.est, found.se, exact.mean),
        "sd_ratio": audit.sd_ratio(found.sd_hat, exact.sd),
    }
    if log_w is None:
        second, second_se = audit.second_moment(x, exact.mean)
        ratios["calibration_second"] = audit.calibration(second, second_se, exact.sd**2)
    else:
        scored.missing["calibration_second"] = "weighted draws claim no error of it"
    for name, estimates in ratios.items():
        scored.worst(name, estimates, audit.worst(estimates, 1.0, ratio=True))
    errors = audit.mean_error(found.est, exact.mean, exact.sd)
    scored.worst("mean_error", errors, audit.worst(errors, 0.0))
    distances = yardstick.w1_estimates(found.w1)
    farthest = audit.worst(distances, 0.0)
    scored.worst("w1", distances, farthest)
    same = yardstick.iid(exact, x.shape[1] * x.shape[2])
    scored.number("w1_iid", float(same.w1[farthest]), "")
    for level, estimates in yardstick.coverage(x, exact, log_w).items():
        name = f"coverage_{round(100 * level)}"
        scored.worst(name, estimates, audit.worst(estimates, level))


def _least(estimates: Sequence[Estimate]) -> int:
    values = [np.inf if e.value is None else e.value for e in estimates]
    return int(np.argmin(values))


def _log_z(scored: Scored, found: evidence.Evidence) -> None:
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


# -- what it costs -----------------------------------------------------------------------------


def _costs(scored: Scored, result: Result, ess: float | None, nested: bool) -> None:
    warm = result.timings.get("warm_s")
    no_warm = result.missing.get("warm_s", "warm_s is missing")
    per_s = ess / warm if ess is not None and warm else None
    scored.number("ess_per_s", per_s, scored.missing.get("ess", no_warm))
    gradients = scored.columns["gradients"]
    evaluations = (gradients or 0.0) + (scored.columns["likelihoods"] or 0.0)
    _per(scored, "realised_ess_per_s", warm, no_warm)
    _per(scored, "realised_ess_per_gradient", gradients, "this sampler uses no gradients")
    _per(scored, "realised_ess_per_evaluation", evaluations, "no evaluations were counted")
    _seconds_to_5pct(scored, result, nested)


def _per(scored: Scored, name: str, cost: float | None, why: str) -> None:
    """realised_ess over a cost, its interval along with it."""
    ends = [scored.columns.get(f"realised_ess{end}") for end in ("", "_lo", "_hi")]
    if ends[0] is None:
        scored.put(name, audit.missing(scored.missing.get("realised_ess", NO_ANSWER)))
    elif not cost:
        scored.put(name, audit.missing(why))
    else:
        scored.put(name, Estimate(*(None if end is None else end / cost for end in ends)))


def _seconds_to_5pct(scored: Scored, result: Result, nested: bool) -> None:
    """What a user waits for from nothing until 400 realised draws.

    The first run gives ``realised_ess``. MCMC goes on, or stops earlier, at the pace of its
    sampling phase; nested sampling adds whole runs, which cannot be cut short.
    """
    told = scored.columns.get("verdict")
    if told in ("biased", "broken"):
        reason = f"never: {scored.columns['verdict_reason']}"
        scored.put("seconds_to_5pct", audit.missing(reason))
        return
    times = result.timings
    first = (times.get("import_s") or 0.0) + (times.get("cold_s") or 0.0)
    pace = times.get("sample_s") or times.get("warm_s") or times.get("rerun_s")
    ends = [scored.columns.get(f"realised_ess{end}") for end in ("", "_hi", "_lo")]
    if not ends[0] or not pace:
        why = scored.missing.get("realised_ess", NO_ANSWER)
        scored.put("seconds_to_5pct", audit.missing(why))
        return
    more = [None if not end else WANTED / end - 1 for end in ends]
    if nested:
        more = [None if m is None else max(0.0, m) for m in more]
    scored.put(
        "seconds_to_5pct", Estimate(*(None if m is None else first + m * pace for m in more))
    )
