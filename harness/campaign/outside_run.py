"""One run of another program: its arrays, under the names of a model's sites, as draws.

Beside the model's sites a file may hold, where no site has that name, ``weight`` or ``log_weight``
of each draw, and the numbers ``log_z``, ``log_z_err`` and ``ess`` (of weighted draws). Without
``ess`` weighted draws claim Kish's; draws of equal weight claim what ArviZ computes of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth.draws_columns import (
    LIKE_LOG_Z,
    WEIGHTS,
    Columns,
    count_from_zero,
    is_statistic,
    names_weights,
    put_chains_first,
)
from samplerbench.harness.ground_truth.model_sites import Shapes, fit_sites, suggest_places
from samplerbench.harness.statistics.weighted import kish_ess
from samplerbench.samplers.base import Draws
from samplerbench.text import format_count

Array = np.ndarray

SUM = 1e-6  # that weights differ from 1 by, together
LEAST_DRAWS = 4  # of a chain: fewer have no ESS
NUMBERS = ("log_z", "log_z_err", "ess")
POSITIVE = ("log_z_err", "ess")  # those of them that are above 0
#: as dynesty calls them: running values, one for each draw, of which the last is the run's
RUNNING = {"logz": "log_z", "logzerr": "log_z_err"}
#: statistics that Stan, ArviZ and others count divergences and acceptance by
DIVERGENT = ("divergent", "diverging")
ACCEPTANCE = ("accept_stat", "acceptance_rate")


def draws_error(where: object, reason: str, expected: str) -> UsageError:
    """The error for draws that can't be judged."""
    return UsageError(f"draws {str(where)!r} can't be judged: {reason}\n  expected: {expected}")


def make_run(
    where: str, arrays: Mapping[str, Array], shapes: Shapes | None, names: Mapping[str, str]
) -> Draws:
    """The draws in one file, under the names of the model's sites. Raises UsageError."""
    names = count_from_zero(where, arrays, names)
    is_table = isinstance(arrays, Columns)  # whose places may count from 1
    arrays = _end_running(put_chains_first(arrays), shapes or {})
    beside = {*WEIGHTS, *NUMBERS}.difference(shapes or ())
    called = {name: other for name, other in names.items() if name in beside and other in arrays}
    names = {name: other for name, other in names.items() if name not in called}
    taken = {*(shapes or ()), *names.values(), *called.values()}
    rest = {name: array for name, array in arrays.items() if name not in taken}
    extra = {n: a for n, a in rest.items() if n in beside or is_statistic(n)}
    kept = {n: a for n, a in arrays.items() if n not in extra and n not in called.values()}
    example = "" if is_table or shapes is None else suggest_places(kept, shapes)
    sites = fit_sites(Path(where), kept, shapes, names, example)
    _refuse_unusable(where, sites)
    extra = {name.removesuffix("__"): array for name, array in extra.items()}
    extra.update({name: arrays[other] for name, other in called.items()})
    shape = next(iter(sites.values())).shape[:2]
    _refuse_like_weights(where, {**rest, **extra}, shape)
    _refuse_like_log_z(where, rest)
    log_weights = _read_log_weights(where, extra, shape)
    _refuse_unheard(where, {*rest, *called}, has_weights=log_weights is not None)
    log_z, log_z_err, ess = (_read_number(where, name, extra.get(name)) for name in NUMBERS)
    if log_weights is not None and ess is None:
        ess = float(kish_ess(log_weights[None])[0])
    divergent, acceptance = (_find_known(extra, names) for names in (DIVERGENT, ACCEPTANCE))
    return Draws(
        sites,
        log_weights,
        None if log_weights is None else ess,  # ArviZ says it of draws of equal weight
        log_z,
        log_z_err,
        divergences=None if divergent is None else int(divergent.sum()),
        accept_prob=None if acceptance is None else float(acceptance.mean()),
    )


def _end_running(arrays: Mapping[str, Array], shapes: Shapes) -> dict[str, Array]:
    """The arrays with the last of each of dynesty's running values, under our name as well."""
    ends = {n: arrays[n].flat[-1:] for n in RUNNING if n in arrays and n not in shapes}
    ends = {name: end for name, end in ends.items() if end.size}
    return {**{RUNNING[name]: end for name, end in ends.items()}, **arrays, **ends}


def _find_known(extra: Mapping[str, Array], names: Sequence[str]) -> Array | None:
    """The first statistic of these names, of those draws that have it; None where none has."""
    known = (extra[name][~np.isnan(extra[name])] for name in names if name in extra)
    return next((each for each in known if each.size), None)


def _refuse_unusable(where: str, sites: Mapping[str, Array]) -> None:
    """Raise UsageError for draws that are not finite, and for hardly any."""
    for site, x in sites.items():
        bad = ~np.isfinite(x)
        if bad.any():
            chain, draw = np.argwhere(bad)[0][:2]
            reason = (
                f"{bad.sum()} of {x.size:,} values of {site!r} are not finite, the first in draw "
                f"{draw} of chain {chain}"
            )
            expected = "finite numbers; a run that failed is left out, and counted by --failures N"
            raise draws_error(where, reason, expected)
        if x.shape[1] < LEAST_DRAWS:
            reason = f"{site!r} has {format_count(x.shape[1], 'draw')} a chain"
            raise draws_error(where, reason, f"at least {LEAST_DRAWS} draws a chain")


def _refuse_like_weights(where: str, arrays: Mapping[str, Array], shape: tuple[int, ...]) -> None:
    """Raise UsageError for weights by a name that is not known: left out, all draws count alike."""
    for name, array in sorted(arrays.items()):
        if name not in WEIGHTS and (names_weights(name) or _are_weights(name, array, shape)):
            kind = "log_weight" if name.lower().startswith("l") else "weight"
            reason = f"it has {name!r}, which weights are called by"
            raise draws_error(where, reason, f"--names {kind}={name}; or a file without it")


def _refuse_like_log_z(where: str, arrays: Mapping[str, Array]) -> None:
    """Raise UsageError for one number by a name of log Z that is not known: it were not judged."""
    for name, array in sorted(arrays.items()):
        found = LIKE_LOG_Z.fullmatch(name.lower())
        if found and name not in (*NUMBERS, *RUNNING) and np.unique(array).size == 1:
            known, what = ("log_z_err", "log Z's error") if found[3] else ("log_z", "log Z")
            reason = f"it has {name!r}, which {what} may be called by"
            raise draws_error(where, reason, f"--names {known}={name}; or a file without it")


def _refuse_unheard(where: str, claims: Set[str], has_weights: bool) -> None:
    """Raise UsageError for a claim that is not judged by itself: it were left out unsaid."""
    if "ess" in claims and not has_weights:
        reason = "its draws count alike, and its 'ess' would not be judged: ArviZ's is"
        raise draws_error(where, reason, "weight=1 beside each draw, or a file without 'ess'")
    if "log_z_err" in claims and "log_z" not in claims:
        reason = "it has 'log_z_err', and no 'log_z' that this is the error of"
        raise draws_error(where, reason, "both of them, or neither")


def _are_weights(name: str, array: Array, shape: tuple[int, ...]) -> bool:
    """Whether numbers, one a draw, sum to 1 and none is negative; of a ``w`` the latter does."""
    if np.atleast_2d(array).shape != shape or array.dtype.kind != "f":
        return False
    if not (array >= 0).all() or np.ptp(array) == 0:
        return False
    return name.lower() == "w" or bool(abs(array.sum() - 1) < SUM)


def _read_log_weights(
    where: str, extra: Mapping[str, Array], shape: tuple[int, ...]
) -> Array | None:
    """Natural-log weights [chain, draw]; None where all draws count alike."""
    names = [name for name in WEIGHTS if name in extra]
    if not names:
        return None
    if len(names) > 1:
        raise draws_error(where, f"it has {' and '.join(map(repr, names))}", "one of them")
    (name,) = names
    weights = np.atleast_2d(extra[name]).astype(np.float64)
    expected = "a weight of 0 or more for each draw, with a finite sum above 0; or its log"
    if weights.shape != shape:
        reason = f"{name!r} has shape {extra[name].shape}, the draws are {shape}"
        raise draws_error(where, f"{reason} [chain, draw]", expected)
    is_log = name.startswith("log")
    bad = np.isnan(weights) | (weights == np.inf) | (not is_log and weights < 0)
    if bad.any():
        reason = f"{bad.sum()} of {weights.size:,} in {name!r} are no weights"
        raise draws_error(where, f"{reason}, the first {weights[bad][0]}", expected)
    with np.errstate(divide="ignore"):  # the log of 0 is -inf: a draw that does not count
        log_weights = weights if is_log else np.log(weights)
    if np.isneginf(log_weights).all():
        raise draws_error(where, f"all weights in {name!r} are 0", expected)
    return log_weights


def _read_number(where: str, name: str, array: Array | None) -> float | None:
    """One number of a run, which a table repeats in every row."""
    if array is None:
        return None
    values = np.unique(array)
    above = " above 0" if name in POSITIVE else ""
    if len(values) != 1 or not np.isfinite(values[0]) or (above and values[0] <= 0):
        shown = ", ".join(map(str, values[:3])) or "none"
        reason = f"{name!r} holds {shown}{', ...' if len(values) > 3 else ''}"
        raise draws_error(where, reason, f"one finite number{above}, in every row of a table")
    return float(values[0])
