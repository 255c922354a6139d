"""Integrated autocorrelation times of chains, by Geyer's (1992) initial monotone sequence.

Series are rows [series, chain, draw], of float64.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

Array = np.ndarray

# Lags summed one by one, twice as many for the series that have not ended; then all by a transform:
# autocorrelations of good samplers end within the first
FIRST_LAGS, MOST_LAGS = 6, 96


def sum_correlations(rest: Array, between: Array) -> Array:
    """Integrated autocorrelation time of deviations from chains' means, [series].

    More lags are summed only for those series that need them.
    """
    size, tau = rest.shape[2], np.empty(len(rest))
    some, lags = np.arange(len(rest)), 0
    covariance = np.empty((len(rest), 0))
    while len(some):
        more = min(max(2 * lags, FIRST_LAGS), size)
        if more > MOST_LAGS:
            more, covariance = size, _autocovariance(rest)
        else:
            covariance = np.hstack([covariance, _sum_lags(rest, range(lags, more))])
        tau[some], is_over = _tau(_correlate(covariance, size, between[some]), size)
        goes_on, lags = ~is_over & (more < size), more
        some, rest, covariance = some[goes_on], rest[goes_on], covariance[goes_on]
    return tau


def _autocovariance(rest: Array) -> Array:
    """Autocovariance of deviations from chains' means at every lag, averaged over chains.

    [series, draw]; divided by the length.
    """
    size = rest.shape[2]
    length = fft.next_fast_len(2 * size, real=True)  # zero-padded, so that lags do not wrap around
    wave = fft.rfft(rest, n=length, axis=2)
    power = (np.square(wave.real) + np.square(wave.imag)).mean(axis=1)
    return fft.irfft(power, n=length, axis=1, overwrite_x=True)[:, :size] / size


def _sum_lags(rest: Array, lags: range) -> Array:
    """The same at some lags, [series, lag]: a few sums cost less than a transform."""
    _, chains, size = rest.shape
    sums = [dot(rest[:, :, lag:], rest[:, :, : size - lag]).sum(axis=1) for lag in lags]
    return np.stack(sums, axis=1) / (chains * size)


def dot(a: Array, b: Array) -> Array:
    """Sums of products along the last axis, by BLAS: einsum takes ten times as long."""
    return np.matmul(a[..., None, :], b[..., :, None])[..., 0, 0]


def _correlate(covariance: Array, size: int, between: Array) -> Array:
    """Autocorrelations over all chains, [series, lag] (Vehtari et al. 2021, equation 10)."""
    within = covariance[:, :1] * size / (size - 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = 1.0 - (within - covariance) / (covariance[:, :1] + between[:, None])
    rho[:, 0] = 1.0
    return rho


def _tau(rho: Array, draws: int) -> tuple[Array, Array]:
    """Integrated autocorrelation time from autocorrelations [series, lag], and which sums ended.

    Pairs ``rho[2k] + rho[2k + 1]`` are summed up to the first that is not positive (initial
    positive sequence), each no larger than the one before (initial monotone sequence); of the first
    pair left out, the even term still counts when positive, which lowers the variance for
    antithetic chains.
    """
    series, lags = rho.shape
    last = min(lags // 2 - 1, max((draws - 3) // 2, 0))  # ArviZ looks at no pair beyond the latter
    pairs = rho[:, 0 : 2 * last + 1 : 2] + rho[:, 1 : 2 * last + 2 : 2]
    ended = ~(pairs > 0)
    is_over = ended.any(axis=1)
    stop = np.where(is_over, ended.argmax(axis=1), last)
    monotone = np.minimum.accumulate(pairs, axis=1)
    pair_sum = np.where(np.arange(last + 1) < stop[:, None], monotone, 0.0).sum(axis=1)
    row = np.arange(series)
    even = rho[row, 2 * stop]
    counts = (even > 0) | (pairs[row, stop] >= 0)
    return -1.0 + 2.0 * pair_sum + np.where(counts, even, 0.0), is_over
