"""What a trial's draws claim about themselves, as columns; medians over replicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.scoring.scorecard import Scored
from samplerbench.harness.statistics import ess_rhat, insertion_index
from samplerbench.harness.statistics.estimates import Estimate, median_interval, missing
from samplerbench.harness.statistics.weighted import kish_ess, weighted_moments
from samplerbench.models.base import Exact

Array = np.ndarray


def put(
    scored: Scored,
    x: Array,
    log_w: Array | None,
    claims: ess_rhat.Claims | None,
    file: DrawsFile,
    exact: Exact | None,
) -> float | None:
    """The claimed columns; the headline ESS, median over replicates."""
    why = what_is_wrong(x, log_w)
    if claims is not None:
        scored.missing["ess_kish"] = "the draws have equal weights"
        tighter = np.fmin(claims.ess_bulk, claims.ess_tail)
        tightest = tighter.min(axis=1)
        _note(scored, "ess", [median_interval(column) for column in tighter.T])
        _of_parameters(scored, "ess_bulk", claims.ess_bulk, np.argmin, why)
        _of_parameters(scored, "ess_tail", claims.ess_tail, np.argmin, why)
        _of_parameters(scored, "rhat", claims.rhat, np.argmax, why)
        se, sd = claims.mcse_mean, claims.sd
    else:
        weighted = "weighted draws have no such number; see ess"
        scored.missing.update(dict.fromkeys(("ess_bulk", "ess_tail", "rhat"), weighted))
        own = file.get("ess")
        tightest = own if own is not None else np.full(len(x), np.nan)
        scored.number("ess_kish", median(kish_ess(log_w)), why)
        sd = weighted_moments(x, log_w)[1]
        se = sd / np.sqrt(tightest)[:, None]
    with np.errstate(all="ignore"):
        _of_parameters(scored, "mcse", se / (exact.sd if exact else sd), np.argmax, why)
    ess = median_interval(tightest)
    scored.put("ess", ess if ess.value is not None else missing(why))
    _numbers(scored, file)
    _insertion(scored, file)
    return ess.value


def _of_parameters(scored: Scored, name: str, values: Array, pick: Any, why: str) -> None:
    """Median over replicates of ``values[replicate, component]``, the worst parameter's."""
    found = [median_interval(column) for column in values.T]
    medians = [one.value for one in found]
    if None in medians or not medians:
        _note(scored, name, found)
        scored.number(name, None, why)
    else:
        scored.worst(name, found, int(pick(medians)))


def _note(scored: Scored, name: str, found: Sequence[Estimate]) -> None:
    """Each parameter's own number, beside a column that is not simply the worst of them."""
    for parameter, one in zip(scored.names, found, strict=True):
        scored.parameters[parameter][name] = [one.value, one.lo, one.hi]


def median(values: Array) -> float | None:
    """Median of the finite values; None where there is none."""
    finite = np.asarray(values, float)[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None


def what_is_wrong(x: Array, log_w: Array | None) -> str:
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
        p, _ = insertion_index.insertion_index(log_l, birth, rng)
        if p is not None:
            p_values.append(p)
    smallest = min(1.0, min(p_values) * len(p_values)) if p_values else None
    scored.number("insertion_p", smallest, "no point was drawn above a contour")
