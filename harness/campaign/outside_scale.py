"""Where draws of other programs lie far from the ground truth: the scale or site they may be of.

Stan's unconstrained parameters, variances for standard deviations, rates for scales and columns in
another order make an honest sampler look broken. What is said of them is a question: no score and
no verdict depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from samplerbench.components import component_draws
from samplerbench.harness.campaign.outside_replicates import Runs
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.models.base import Exact

Array = np.ndarray

MOST_APART = 0.5  # sds that means may be apart, and the ratio of sds from this to its inverse
LEAST_APART = 3.0  # sds
POINTS = 999  # of the distribution of a component, at equal steps of probability
MOST_COMPONENTS = 1_000
#: what the draws may be of the parameter
TRANSFORMS: dict[str, Callable[[Array], Array]] = {
    "its logarithm": np.log,
    "its exponential": np.exp,
    "its square": np.square,
    "its square root": np.sqrt,
    "its inverse": np.reciprocal,
    "its square's inverse": lambda x: 1 / np.square(x),
    "its logit": lambda x: np.log(x) - np.log1p(-x),
    "its value in degrees": np.degrees,
    "its value in radians": np.radians,
}


def describe_scale(runs: Runs, exact: Exact) -> str:
    """What the components that lie far off may be instead; "" where none does, or nothing fits.

    Moments of all runs together are held against those of each transform of the ground truth, and
    against the other components of it that are far off, too.
    """
    names = exact.names[:MOST_COMPONENTS]
    try:
        mean, sd = _find_moments(runs, names)
    except KeyError:
        return ""  # of draws that lack a site the row says so
    points = _list_points(exact)[:, : len(names)]
    right, wide = points.mean(axis=0), points.std(axis=0)
    with np.errstate(all="ignore"):
        far = abs(mean - right) > LEAST_APART * np.maximum(sd, wide)
        far |= abs(np.log(sd / wide)) > np.log(LEAST_APART)
        far &= (sd > 0) & (wide > 0) & (sd < np.inf)
    guesses = [
        f"those of {names[at]!r} are where {word} would be"
        for at in np.flatnonzero(far)
        if (word := _find_other(mean[at], sd[at], points[:, at]))
    ]
    next_step = "they are judged on the model's own scale alone"
    if not guesses:
        guesses = _find_exchanged(names, far, (mean, sd), (right, wide))
        next_step = "--names maps what is called otherwise"
    if not guesses:
        return ""
    more = f", and so on ({len(guesses)} in all)" * (len(guesses) > 1)
    return f"draws are far from the exact posterior, and {guesses[0]}{more}: {next_step}"


def _find_moments(runs: Runs, names: Sequence[str]) -> tuple[Array, Array]:
    """Mean and sd of all runs' draws together, [component]."""
    means, squares = [], []
    for _, run in runs:
        x = component_draws(run.sites, names, lead=2)[None]
        log_w = run.log_weights
        with np.errstate(all="ignore"):
            mean, sd = weighted_moments(x, np.zeros(x.shape[:3]) if log_w is None else log_w[None])
        means.append(mean[0])
        squares.append(np.square(sd[0]) + np.square(mean[0]))
    mean = np.mean(means, axis=0)
    return mean, np.sqrt(np.maximum(np.mean(squares, axis=0) - np.square(mean), 0.0))


def _list_points(exact: Exact) -> Array:
    """The marginal distributions at equal steps, [point, component]; normal where not known."""
    steps = (np.arange(POINTS) + 0.5) / POINTS
    if exact.quantile is not None:
        return np.asarray(exact.quantile(steps))
    return exact.mean + exact.sd * stats.norm.ppf(steps)[:, None]


def _find_other(mean: float, sd: float, points: Array) -> str:
    """The transform of ``points`` that has this mean and sd; "" where none has."""
    for word, transform in TRANSFORMS.items():
        with np.errstate(all="ignore"):
            other = transform(points)
        if np.isfinite(other).all() and _is_near(mean, sd, other.mean(), other.std()):
            return word
    return ""


def _is_near(mean: float, sd: float, other_mean: float, other_sd: float) -> bool:
    return (
        abs(mean - other_mean) < MOST_APART * other_sd
        and MOST_APART < sd / other_sd < 1 / MOST_APART
    )


def _find_exchanged(
    names: Sequence[str],
    far: Array,
    ours: tuple[Array, Array],
    theirs: tuple[Array, Array],
) -> list[str]:
    """Components that lie where another should, which lies elsewhere itself."""
    places = np.flatnonzero(far)
    found = []
    for at in places:
        there = [
            b
            for b in places
            if b != at and _is_near(*(v[at] for v in ours), *(v[b] for v in theirs))
        ]
        if there:
            found.append(f"those of {names[at]!r} are where those of {names[there[0]]!r} should be")
    return found
