"""What draws claim about themselves: effective sample sizes, R-hat and standard errors.

Definitions are those of Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis
16:667, as ArviZ 0.23.4 computes them, and the tests hold them equal to ArviZ. Three differences, on
purpose:

- a component whose draws never differ gives NaN, where ArviZ gives as many effective draws as there
  are draws;
- a component with an infinite draw gives NaN, as one with a NaN does;
- R-hat of one chain compares its two halves, where ArviZ gives NaN: a single chain that drifts
  should show it.

ArviZ itself is not imported: that takes three seconds, and it works through components one at a
time. Arrays are ``x[replicate, chain, draw, component]``; they are worked through in chunks of
replicates, so that memory stays bounded, and within a chunk as rows ``[series, chain, draw]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from samplerbench.harness.statistics.autocorrelation import dot, sum_correlations
from samplerbench.harness.statistics.ordered_draws import each_ordered, interpolate_quantiles

Array = np.ndarray

LEAST_DRAWS = 4  # per chain; with fewer there is no split chain to speak of (ArviZ's limit)
CHUNK = 100_000  # numbers worked on at once: fewer, and calls cost more than what they do
SOME = 8  # draws, after which few series that move look constant
ONE_SD = (0.1586553, 0.8413447)  # normal probabilities of one sd either way
TAIL = (0.05, 0.95)  # tail ESS is the smaller of the ESS of these two quantiles' indicators


@dataclass(frozen=True)
class Claims:
    """What every replicate claims, each [replicate, component]; NaN where it claims nothing."""

    mean: Array
    sd: Array  # with n - 1, over all chains
    ess_bulk: Array
    ess_tail: Array  # the lesser of the next two
    ess_low: Array  # of the indicator of draws at or below their own 5 % quantile
    ess_high: Array  # and their 95 % quantile
    ess_mean: Array
    mcse_mean: Array  # sd / sqrt(ess_mean)
    rhat: Array  # the larger of the bulk and the folded rank-normalised split R-hat
    finite: Array  # bool: every draw is finite
    moves: Array  # bool: no chain is constant


def claims(x: Array, ranks: bool = True) -> Claims:
    """All that equal-weight ``x[replicate, chain, draw, component]`` claim, sharing the work.

    Without ``ranks``, most of the work, bulk and tail ESS and R-hat are NaN.
    """
    parts = [_claims_of_rows(rows, ranks) for rows in _rows(x)]
    shape = (x.shape[0], x.shape[3])
    columns = {
        key: np.concatenate([part[key] for part in parts]).reshape(shape) for key in parts[0]
    }
    return Claims(**columns)


def quantile_errors(x: Array, probs: Array, ess: Sequence[Array]) -> tuple[Array, Array]:
    """Quantiles of the draws and their claimed errors, each [replicate, prob, component].

    ``ess``: for each of ``probs`` that of the indicator of draws at or below it. Half the distance
    between the draws that one standard error of its rank either way leads to (ibid., section 4.3),
    as ArviZ computes it.
    """
    size, column = x[0, ..., 0].size, np.arange(x.shape[3])
    ranks = [_ranks_around(float(p), each, size) for p, each in zip(probs, ess, strict=True)]
    first, last = (np.stack(each, axis=1) for each in zip(*ranks, strict=True))
    value = np.empty(first.shape)
    error = np.empty(first.shape)
    for r, ordered in enumerate(each_ordered(x)):
        value[r] = interpolate_quantiles(ordered, probs)
        error[r] = (ordered[column, last[r]].astype(np.float64) - ordered[column, first[r]]) / 2
    return value, np.where(np.isnan(np.stack(ess, axis=1)), np.nan, error)


def _ranks_around(prob: float, ess: Array, size: int) -> tuple[Array, Array]:
    """Indices of the draws one standard error of rank below and above a quantile."""
    with np.errstate(invalid="ignore"):
        shares = [special.betaincinv(ess * prob + 1, ess * (1 - prob) + 1, p) for p in ONE_SD]
    low, high = (np.nan_to_num(share) * size - 1 for share in shares)
    first = np.floor(np.maximum(low, 0)).astype(int)
    return first, np.ceil(np.clip(high, 0, size - 1)).astype(int)


def series_mean(x: Array, of: Callable[[Array], Array] | None = None) -> tuple[Array, Array, Array]:
    """Mean, its claimed standard error and ESS of ``of(x)``, each [replicate, component].

    ``of`` maps a chunk ``[replicate, component, chain, draw]`` to series of its own; None is the
    draws themselves.
    """
    parts = [_mean_of_rows(rows) for rows in _rows(x, of)]
    mean, error, ess = (
        np.concatenate(column).reshape(len(x), -1) for column in zip(*parts, strict=True)
    )
    return mean, error, ess


def _rows(x: Array, of: Callable[[Array], Array] | None = None) -> Iterator[Array]:
    """Chunks of ``of(x)`` as float64 rows [series, chain, draw], replicates outermost."""
    for part in each_chunk(x):
        series = part if of is None else np.asarray(of(part), dtype=np.float64)
        yield series.reshape(-1, *x.shape[1:3])


def each_chunk(x: Array) -> Iterator[Array]:
    """A few replicates at a time of ``x``, float64 [replicate, component, chain, draw] in order."""
    if x.ndim != 4:
        raise ValueError(
            f"draws have shape {x.shape}; expected [replicate, chain, draw, component]"
        )
    step = max(1, CHUNK // max(1, x[0].size)) if len(x) else 1
    for start in range(0, max(1, len(x)), step):
        yield np.ascontiguousarray(np.moveaxis(x[start : start + step], 3, 1), dtype=np.float64)


def _claims_of_rows(rows: Array, ranks: bool) -> dict[str, Array]:
    """The columns of ``Claims`` for rows [series, chain, draw]."""
    finite = np.isfinite(rows).all(axis=(1, 2))
    rows = _blank(rows, finite)
    mean, error, ess, sd = _moments(rows, finite)
    blank = ~_usable(rows, finite)
    if not ranks or rows.shape[2] < LEAST_DRAWS:
        bulk = low = high = ratio = np.full(len(rows), np.nan)
    else:
        z, folded = _normal_scores(rows)
        bulk, ratio = _ess(z), np.fmax(_rhat(z), _rhat(folded))
        low, high = (_ess(_split(indicator)) for indicator in _tail_indicators(rows))
    tail = np.minimum(low, high)
    hide = {"ess_bulk": bulk, "ess_tail": tail, "ess_low": low, "ess_high": high, "rhat": ratio}
    return {
        "mean": mean,
        "sd": sd,
        "ess_mean": ess,
        "mcse_mean": error,
        **{key: np.where(blank, np.nan, value) for key, value in hide.items()},
        "finite": finite,
        "moves": finite & (np.ptp(rows, axis=2) > 0).all(axis=1),
    }


def _mean_of_rows(rows: Array) -> tuple[Array, Array, Array]:
    finite = np.isfinite(rows).all(axis=(1, 2))
    return _moments(_blank(rows, finite), finite)[:3]


def _blank(rows: Array, finite: Array) -> Array:
    """Zeros in place of the series that are not finite."""
    return rows if finite.all() else np.where(finite[:, None, None], rows, 0.0)


def _moments(rows: Array, finite: Array) -> tuple[Array, Array, Array, Array]:
    """Mean, MCSE, ESS of the mean and sd of rows [series, chain, draw], each [series]."""
    flat = rows.reshape(len(rows), -1)
    mean = flat.mean(axis=1)
    rest = flat - mean[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):  # one draw has no sd
        squares = dot(rest, rest)
        sd = np.where(finite, np.sqrt(squares / np.float64(flat.shape[1] - 1)), np.nan)
    if rows.shape[2] < LEAST_DRAWS:
        ess = np.full(len(rows), np.nan)
    else:
        ess = np.where(_usable(rows, finite), _ess(_split(rows)), np.nan)
    return np.where(finite, mean, np.nan), sd / np.sqrt(ess), ess, sd


def _usable(rows: Array, finite: Array) -> Array:
    return finite & ~_constant(rows)


def _constant(rows: Array) -> Array:
    """[series] bool: every draw is the same."""
    flat = rows.reshape(len(rows), -1)
    same = (flat[:, :SOME] == flat[:, :1]).all(axis=1)
    same[same] = (flat[same] == flat[same, :1]).all(axis=1)
    return same


def _split(rows: Array) -> Array:
    """Each chain cut in two halves [series, 2 chain, draw // 2]; an odd middle draw is left out."""
    half = rows.shape[2] // 2
    return np.concatenate([rows[:, :, :half], rows[:, :, -half:]], axis=1)


def _normal_scores(rows: Array) -> tuple[Array, Array]:
    """Normal scores of split chains, as they are and folded about their median."""
    halves = _split(rows)
    z = _z_scale(halves)
    median = np.median(halves.reshape(len(halves), -1), axis=1)
    return z, _z_scale(np.abs(halves - median[:, None, None]))


def _z_scale(rows: Array) -> Array:
    """Phi^-1((rank - 3/8) / (S + 1/4)), average ranks over all S draws of a series (Blom 1958)."""
    flat = rows.reshape(len(rows), -1)
    size = flat.shape[1]
    order = np.argsort(flat, axis=1)
    doubled = _doubled_ranks(np.take_along_axis(flat, order, axis=1))
    # Average ranks are halves of integers: 2 S - 1 values, so the normal quantile is a table.
    table = special.ndtri((np.arange(2 * size + 1) / 2 - 3 / 8) / (size + 1 / 4))
    scores = np.empty_like(flat)
    np.put_along_axis(scores, order, table[doubled], axis=1)
    return scores.reshape(rows.shape)


def _doubled_ranks(ordered: Array) -> Array:
    """Twice the average rank of each of the sorted values [series, S], integers."""
    series, size = ordered.shape
    place = np.arange(1, size + 1)
    new = ordered[:, 1:] != ordered[:, :-1]
    if new.all():
        return np.broadcast_to(2 * place, ordered.shape)
    edge = np.ones((series, 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, new]), place, 0), axis=1)
    ends = np.where(np.hstack([new, edge]), place, size)[:, ::-1]
    return first + np.minimum.accumulate(ends, axis=1)[:, ::-1]


def _tail_indicators(rows: Array) -> Iterator[Array]:
    """Where draws are at or below their own 5 %, then 95 % quantile, [series, chain, draw]."""
    flat = np.sort(rows.reshape(len(rows), -1), axis=1)
    size = flat.shape[1]
    for prob in TAIL:
        # Type 7 of Hyndman and Fan (1996), in the order of operations of scipy's mquantiles,
        # which ArviZ calls: at tied draws rounding decides.
        place = size * prob + (1 + prob * (1.0 - 1 - 1))
        below = int(np.floor(np.clip(place, 1, size - 1)))
        share = np.clip(place - below, 0, 1)
        quantile = (1.0 - share) * flat[:, below - 1] + share * flat[:, below]
        yield (rows <= quantile[:, None, None]).astype(np.float64)


def _rhat(rows: Array) -> Array:
    """Potential scale reduction of [series, chain, draw] (ibid., section 2)."""
    size = rows.shape[2]
    within = rows.var(axis=2, ddof=1).mean(axis=1)
    between = size * rows.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt((between / within + size - 1) / size)


def _ess(rows: Array) -> Array:
    """ESS of [series, chain, draw] (ibid.), by Geyer's (1992) initial monotone sequence."""
    _, chains, size = rows.shape
    means = rows.mean(axis=2)
    rest = rows - means[:, :, None]
    between = means.var(axis=1, ddof=1) if chains > 1 else np.zeros(len(rows))
    tau = np.maximum(sum_correlations(rest, between), 1 / np.log10(chains * size))
    # An indicator can be constant where the draws are not: ArviZ then counts every draw.
    return np.where(_constant(rows), chains * size, chains * size / tau)
