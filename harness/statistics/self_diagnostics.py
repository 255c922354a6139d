"""What a user could have seen without the ground truth, and what the ground truth then shows.

A replicate fails its own diagnostics where a rule of thumb says not to use it. It is wrong where a
posterior mean is off by more than half an exact sd. The failures that hurt are the silent ones:
wrong, with nothing to warn of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.harness.statistics.ess_rhat import Claims
from samplerbench.harness.statistics.intervals import Estimate, estimate_share
from samplerbench.harness.statistics.nested_checks import NestedChecks

Array = np.ndarray

LEAST_IN_ALL = 400  # of many short chains, which are too short for so many each
LEAST_ESS = 100  # per chain, bulk and tail (Vehtari et al. 2021 ask for 400 from four chains)
RHAT_MANY, RHAT_FEW = 1.01, 1.05  # ibid. for four chains or more; fewer chains give a noisier R-hat
WRONG = 0.5  # exact sds
WRONG_WIDTH = 1.5  # factor of an sd, either way
WRONG_LOG_Z = 1.0  # natural log: a Bayes factor wrong by e


@dataclass(frozen=True)
class SelfDiagnostics:
    """Which replicates fail their own diagnostics, and how many for each reason."""

    fails: Array  # [replicate] bool
    reasons: dict[str, int]  # only reasons that occur


def diagnose(
    claims: Claims | None,
    chains: int,
    finite: Array,
    moves: Array,
    divergences: Array | None = None,
    cut_short: Array | None = None,
    nested: NestedChecks | None = None,
    nested_rhat: Array | None = None,
) -> SelfDiagnostics:
    """Rules of thumb applied to each replicate.

    ``claims`` is None for weighted draws, which have no R-hat and no bulk or tail ESS. ``finite``
    and ``moves`` are [replicate, component]; ``divergences`` [replicate] counts; ``cut_short``
    [replicate] is 1 where nested sampling met a limit, NaN where it is not known. ``nested``: what
    its points show. ``nested_rhat``, [replicate, component], of superchains, stands for R-hat.
    """
    tests = {"draws not finite": ~_all(finite), "a chain never moves": _all(finite) & ~_all(moves)}
    if claims is not None:
        limit = RHAT_MANY if chains >= 4 or nested_rhat is not None else RHAT_FEW
        least = LEAST_ESS * chains if nested_rhat is None else LEAST_IN_ALL
        name = "R-hat" if nested_rhat is None else "nested R-hat"
        rhat = claims.rhat if nested_rhat is None else nested_rhat
        # Written as 'not within', so that NaN fails: no diagnostic is no pass.
        tests[f"{name} above {limit}"] = ~_all(rhat <= limit)
        tests[f"bulk ESS below {least}"] = ~_all(claims.ess_bulk >= least)
        tests[f"tail ESS below {least}"] = ~_all(claims.ess_tail >= least)
    if divergences is not None:
        tests["divergences"] = np.asarray(divergences) > 0
    if cut_short is not None:
        tests["stopped at max_samples"] = np.asarray(cut_short) == 1
    if nested is not None:
        tests.update(nested.list_tests())
    reasons = {name: int(test.sum()) for name, test in tests.items() if test.any()}
    return SelfDiagnostics(np.logical_or.reduce(list(tests.values())), reasons)


def find_wrong(est: Array, mean: Array, sd: Array, mean_se: Array | float = 0.0) -> Array:
    """[replicate] bool: some component's mean is finite and off by more than half an exact sd.

    ``mean_se``: the ground truth's own standard error, three of which are on top.
    """
    with np.errstate(invalid="ignore"):
        return (np.abs(np.asarray(est) - mean) > WRONG * sd + 3 * np.asarray(mean_se)).any(axis=1)


def find_wrong_width(sd_hat: Array, sd: Array, tame: Array) -> Array:
    """[replicate] bool: some sd is off by half, of those that independent draws know (``tame``)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.abs(np.log(sd_hat / sd)) > np.log(WRONG_WIDTH))[:, tame].any(axis=1)


def find_wrong_log_z(log_z: Array, error: Array, truth: float) -> Array:
    """[replicate] bool: log Z is off by more than 1, and by three claimed errors."""
    with np.errstate(invalid="ignore"):
        off = np.abs(log_z - truth)
        return (off > WRONG_LOG_Z) & (off > 3 * error)


def silent_failures(fails: Array, is_wrong: Array) -> Estimate:
    """Share of replicates that pass their own diagnostics and are wrong, with exact interval."""
    return estimate_share(int((~fails & is_wrong).sum()), len(fails))


def failure_rate(is_wrong: Array, finite: Array) -> Estimate:
    """Share of replicates that are wrong or not finite, with its exact interval."""
    return estimate_share(int((is_wrong | ~_all(finite)).sum()), len(is_wrong))


def _all(flags: Array) -> Array:
    return np.asarray(flags, dtype=bool).all(axis=1)
