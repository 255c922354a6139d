"""Replicates that move by the same random numbers, though no draw of one is a draw of the other.

Runs that share the numbers that move them but not where they begin, or whose draws differ by a
little, have errors that go together, and every interval over replicates is too narrow. What they
share shows in the draws at the same place of two runs. In the Fourier coefficients ``a_f`` and
``b_f`` of two runs the sum of their products is ``S = sum |a_f| |b_f| cos(t_f)``. The phases of
independent stationary runs, and so the ``t_f``, are independent and even, however their draws are
correlated within a run. The mean of ``exp(u cos(t))`` is the Bessel function ``I_0(u)``, which is
at most ``exp(u^2 / 4)``; so ``S`` exceeds z sds, those of ``V = sum |a_f|^2 |b_f|^2 / 2``, with a
chance of at most ``exp(-z^2 / 2)`` (Chernoff 1952, Ann. Math. Statist. 23:493). A trend that all
runs have is in few coefficients, of which k show no more than ``sqrt(2 k)`` sds.

The phases of one run are tied to one another where it hardly moves but for a short visit elsewhere:
two such visits at one place go together in all coefficients, by chance. A visit of L of n draws is
in some ``n / L`` coefficients, which ``sqrt(2 n / L)`` bounds: one that exceeds seven sds is
shorter than a twenty-fifth of the run. So what two runs have in common is to lie in more draws than
that. Their number is that of the products ``x_t y_t``, ``(sum |x y|)^2 / sum (x y)^2``: it is
some two fifths of all of draws that go together throughout.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray

LEAST = 0.25  # correlation of draws: less makes squares of errors go together by a sixteenth
SURPRISE = 1e-6  # chance that any two of independent replicates seem to
ENDS = (0.05, 0.95)  # quantiles at which draws are cut off, so that no single one decides
POOL = 4096  # draws that tell them
SPREAD = 0.1  # share of the draws, at least, that what runs have in common lies in
RUNS, MOST = 1000, 2_000_000  # replicates, and draws of all of them together, that are compared


def find_common_noise(x: Array) -> tuple[int, int, float] | None:
    """The two of the replicates ``x[replicate, chain, draw, component]`` that go together most.

    With the correlation of their draws; None where no two do for certain. Of each chain the last
    half counts: from one starting point all runs come the same way.
    """
    x = _leave_out_copies(x[:RUNS])
    count, chains, draws, size = x.shape
    length = min(draws // 2, MOST // (count * chains))
    if count < 2 or length < 2:
        return None
    least = np.sqrt(2 * np.log(count * (count - 1) * size / SURPRISE))
    found = (_compare(x[:, :, -length:, i]) for i in range(size))
    score, first, second, correlation = max(found, key=lambda each: each[0])
    return (first, second, correlation) if score > least and abs(correlation) > LEAST else None


def _leave_out_copies(x: Array) -> Array:
    """``x[replicate, chain, draw, component]`` without chains that repeat another of some run.

    Chains of one seed are no more of a run than the first of them.
    """
    sums = x[..., 0].sum(axis=2)
    order = np.argsort(sums, axis=1, kind="stable")
    ordered = np.take_along_axis(sums, order, axis=1)
    copied = np.zeros(sums.shape, dtype=bool)
    np.put_along_axis(copied, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return x[:, ~copied.any(axis=0)]


def _compare(x: Array) -> tuple[float, int, int, float]:
    """The largest |S| of two replicates of ``x[replicate, chain, draw]`` in sds, which, and r."""
    cut = np.clip(x, *np.quantile(x.ravel()[:: max(1, x.size // POOL)], ENDS)).astype(np.float64)
    cut -= cut.mean(axis=2, keepdims=True)
    waves = np.fft.rfft(cut, axis=2)[:, :, 1:]
    # each but the last of an even number stands for two, of which one is the other's conjugate
    single = np.zeros(waves.shape[1:], dtype=bool)
    single[:, -1] = x.shape[2] % 2 == 0
    waves = (waves * np.where(single, np.sqrt(0.5), 1.0)).reshape(len(x), -1)
    parts = np.concatenate([waves.real, waves.imag], axis=1)
    # a phase of 0 or half a turn has twice the variance of an even one
    powers = np.square(np.abs(waves)) * np.where(single.ravel(), np.sqrt(2.0), 1.0)
    sums, variances = parts @ parts.T, powers @ powers.T / 2
    with np.errstate(invalid="ignore", divide="ignore"):  # runs that never move
        scores = np.nan_to_num(np.abs(sums) / np.sqrt(variances))
        correlations = sums / np.sqrt(np.outer(np.diag(sums), np.diag(sums)))
    scores[np.tril_indices(len(x))] = 0.0
    scores[_count_draws(cut.reshape(len(x), -1)) < SPREAD * cut[0].size] = 0.0
    first, second = np.unravel_index(int(np.argmax(scores)), scores.shape)
    best = float(scores[first, second])
    return best, int(first), int(second), float(correlations[first, second])


def _count_draws(x: Array) -> Array:
    """How many draws the mean product of two of the runs ``x[replicate, draw]`` rests on."""
    size = np.abs(x)
    fourth = np.square(x) @ np.square(x).T
    return np.square(size @ size.T) / np.where(fourth > 0, fourth, np.inf)
