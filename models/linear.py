"""A straight line through points with known error bars: the first problem of a NumPyro tutorial.

    m ~ Uniform(m_low, m_high)
    c ~ Uniform(c_low, c_high)
    y_i ~ Normal(m x_i + c, error_i)

Two correlated parameters (-0.86 by default), a Gaussian posterior that the prior's box may cut
off. Easy for every gradient sampler; unkind to one with a fixed, unlucky trajectory length.
Hugh McDougall (2023), "Getting Started".
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Exact, Model, Sites, add
from samplerbench.models.exact import truncated_normal
from samplerbench.options import SEED, Range, require

SLOPE, INTERCEPT = 2.0, 3.5  # what made the data


@dataclass(frozen=True)
class Options:
    """What makes one straight-line problem. Raises ValueError for values that make none."""

    n_points: Annotated[int, Range(1)] = 32  # observations
    data_seed: Annotated[int, SEED] = 123  # of NumPy's legacy generator, as in the tutorial
    # the mean error bar; below 1e-6 the posterior's sd nears the spacing of float64, above 1e6
    # nothing is learnt
    noise: Annotated[float, Range(1e-6, 1e6)] = 1.5
    m_low: Annotated[float, Range(-1e12, 1e12)] = -5.0  # the slope's prior is uniform from m_low
    m_high: Annotated[float, Range(-1e12, 1e12)] = 5.0  # to m_high
    c_low: Annotated[float, Range(-1e12, 1e12)] = -10.0  # the intercept's from c_low
    c_high: Annotated[float, Range(-1e12, 1e12)] = 10.0  # to c_high

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        for low, high in (("m_low", "m_high"), ("c_low", "c_high")):
            edges = getattr(self, low), getattr(self, high)
            expected = f"{low} below {high}, apart by 1e-9 of their size or more"
            require(_is_side(*edges), f"{low}, {high}", edges, expected)


def _is_side(low: float, high: float) -> bool:
    """Whether float64 tells points between these edges of a box apart (to 1e-6 of its width)."""
    size = max(abs(low), abs(high))
    return low < high and high - low >= 1e-9 * size


def observe(options: Options) -> Sites:
    """The data: ``x``, ``y`` and error bars ``error``, [n_points], float64.

    The tutorial's draws in the tutorial's order, error bars first. A Poisson count of 0 (one in
    22,000 points; none in the default data) would be an error bar of zero, with which the
    likelihood is no density: it is counted as 1.
    """
    rng, n = np.random.RandomState(options.data_seed), options.n_points
    x = np.linspace(0, 10, n)
    error = np.maximum(rng.poisson(lam=10, size=n), 1) / 10 * options.noise
    y = SLOPE * x + INTERCEPT + error * rng.normal(size=n)
    return {"x": x, "y": y, "error": error}


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; its prior's edges stay Python numbers when the data are traced."""

    def program(x: Any, y: Any, error: Any) -> None:
        import numpyro
        import numpyro.distributions as dist

        m = numpyro.sample("m", dist.Uniform(options.m_low, options.m_high))
        c = numpyro.sample("c", dist.Uniform(options.c_low, options.c_high))
        with numpyro.plate("data", x.shape[0]):
            numpyro.sample("y", dist.Normal(m * x + c, error), obs=y)

    return program


def simulate(options: Options, data: Sites, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and data drawn given them at the same x and error."""
    m = rng.uniform(options.m_low, options.m_high)
    c = rng.uniform(options.c_low, options.c_high)
    y = m * data["x"] + c + data["error"] * rng.standard_normal(len(data["x"]))
    return {"m": np.asarray(m), "c": np.asarray(c)}, {**data, "y": y}


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``m`` and ``c`` given ``data``.

    With the design matrix A = [x, 1] / error and z = y / error the log likelihood is
    -|z - A v|^2 / 2 - sum log(error) - n/2 log(2 pi), so its top v* solves A'A v = A'z and its
    precision is A'A. One point leaves A'A singular; the shortest v* then serves as well as any.
    """
    design = np.stack([data["x"], np.ones_like(data["x"])], axis=1) / data["error"][:, None]
    z = data["y"] / data["error"]
    precision = design.T @ design
    inverse = np.linalg.pinv(precision, hermitian=True)
    centre = inverse @ (design.T @ z)
    centre += inverse @ (design.T @ (z - design @ centre))  # takes off what rounding left
    rest = z - design @ centre
    log_scale = np.log(data["error"]).sum() + len(z) / 2 * math.log(2 * math.pi)
    box = (options.m_low, options.m_high), (options.c_low, options.c_high)
    return truncated_normal.make_exact(
        ("m", "c"), precision, centre, box, -rest @ rest / 2 - log_scale
    )


def build(options: Options) -> Model:
    """The straight-line problem with these options."""
    data = observe(options)
    return Model(
        name="linear",
        data=data,
        program=make_program(options),
        exact_given=functools.partial(make_exact, options),
        simulate=functools.partial(simulate, options, data),
        truth={"m": np.asarray(SLOPE), "c": np.asarray(INTERCEPT)},
        curve=lambda x, sites: sites["m"][:, None] * x + sites["c"][:, None],
    )


add("linear", Options, build, "a straight line through points with known error bars")
