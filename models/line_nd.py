"""Linear regression on ``dim`` regressors, the first of them an intercept, with a normal prior.

    beta_j ~ Normal(0, prior_sd)
    y_i ~ Normal(x_i . beta, noise),    x_i0 = 1, the other x_ij ~ Normal(offset, 1)

A normal posterior at every size. An ``offset`` ties the intercept to the slopes, as x from 0 to 10
does on a straight line. With many points the posterior is narrow and every evaluation long.

*In 32 bits* a log likelihood of 10^6 points is a number near 10^6, rounded to 1/16: too coarse to
tell points of the posterior apart. The program therefore adds up the log of likelihood over
likelihood at ``centre``, the posterior mean in 64 bits. With r the residuals there and
u = x (beta - centre) that is sum u (r - u / 2) / noise^2: small terms, and a sum near 0 wherever
the posterior is. So the log evidence is that of the likelihood over the one at ``centre``; add
``log_likelihood_at_centre`` for the data's own.

*Forms.* In ``points`` every point enters every evaluation. ``reduced`` holds the triangular factor
of x in its place, no more than ``dim`` rows that say all that the points say; it is drawn from its
own distribution (Bartlett 1933, Proc. R. Soc. Edinburgh 53:260), so that no point is ever made.
``auto`` is ``points`` while x holds up to 50,000,000 numbers, and ``reduced`` above: there an
evaluation costs dim^2, however many the points.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Exact, Model, Sites, add
from samplerbench.models.exact import multivariate_normal
from samplerbench.options import SEED, Choices, Range, require

FORMS = ("auto", "points", "reduced")
MOST_NUMBERS = 50_000_000  # in x: 400 MB here and 200 MB in a worker's 32 bits
SLOPES = 2.0  # sd of the coefficients that made the data


@dataclass(frozen=True)
class Options:
    """What makes one regression. Raises ValueError for values that make none."""

    n_points: Annotated[int, Range(1, 100_000_000)] = 32  # observations
    dim: Annotated[int, Range(1, 4096)] = 2  # coefficients, the intercept among them
    noise: Annotated[float, Range(1e-6, 1e6)] = 1.5  # sd of y about the plane
    offset: Annotated[float, Range(-100.0, 100.0)] = 1.0  # mean of the regressors
    prior_sd: Annotated[float, Range(1e-3, 1e6)] = 10.0  # of every coefficient
    # points: all in every evaluation; reduced: their sums; auto: by size
    form: Annotated[str, Choices(FORMS)] = "auto"
    data_seed: Annotated[int, SEED] = 123  # of NumPy's legacy generator

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        fits = self.form != "points" or self.n_points * self.dim <= MOST_NUMBERS
        most = f"n_points times dim up to {MOST_NUMBERS:,}; form=reduced has no such limit"
        require(fits, "n_points, dim", (self.n_points, self.dim), most)

    @property
    def by_points(self) -> bool:
        """Whether every point enters every evaluation."""
        fits = self.n_points * self.dim <= MOST_NUMBERS
        return self.form == "points" or (self.form == "auto" and fits)


def regressors(options: Options, rng: np.random.RandomState) -> Array:
    """x [n_points, dim]; or its triangular factor, [the lesser of the two, dim]."""
    n, dim = options.n_points, options.dim
    if options.by_points:
        x = rng.standard_normal((n, dim))
        x += options.offset
        x[:, 0] = 1.0
        return x
    # Of x = Q R, the first column of Q is 1 / sqrt(n). What the others leave is standard normal:
    # above the diagonal as it is, on it the length of what so many rows have left.
    rows = min(n, dim)
    r = np.triu(rng.standard_normal((rows, dim)), 1)
    left = n - np.arange(1, rows)
    r[np.arange(1, rows), np.arange(1, rows)] = np.sqrt(rng.chisquare(left))
    r[0, 1:] += math.sqrt(n) * options.offset
    r[0, 0] = math.sqrt(n)
    return r


def centre_data(options: Options, x: Array, y: Array, gram: Array) -> Sites:
    """The data: ``x``, the posterior mean ``centre`` [dim], and residuals there [rows of x]."""
    precision = gram + np.eye(options.dim) / options.prior_sd**2
    centre = np.linalg.solve(precision, x.T @ y / options.noise**2)
    return {"x": x, "residual": y - x @ centre, "centre": centre}


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; the same for both forms."""

    def program(x: Any, residual: Any, centre: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        prior = dist.Normal(jnp.zeros(options.dim), options.prior_sd).to_event(1)
        beta = numpyro.sample("beta", prior)
        u = x @ (beta - centre)
        numpyro.factor("y", jnp.sum(u * (residual - u / 2)) / options.noise**2)

    return program


def simulate(
    options: Options, x: Array, gram: Callable[[], Array], rng: np.random.Generator
) -> tuple[Sites, Sites]:
    """Coefficients drawn from the prior, and data drawn given them at the same regressors."""
    beta = options.prior_sd * rng.standard_normal(options.dim)
    y = x @ beta + options.noise * rng.standard_normal(len(x))
    return {"beta": beta}, centre_data(options, x, y, gram())


def make_exact(options: Options, data: Sites, gram: Array | None = None) -> Exact:
    """The exact posterior of ``beta`` given ``data``; ``gram`` is x'x / noise^2 where it is known.

    About the centre c the log likelihood ratio is g.d - d'G d / 2 with g = x'r / noise^2 and
    G = gram, and the log prior that of Normal(0, t^2 I) at c + d. So with A = G + I / t^2 and
    b = g - c / t^2, zero but for rounding, the posterior has precision A and mean c + A^-1 b, and

        log Z = b'A^-1 b / 2 - c'c / (2 t^2) - log det(A) / 2 - dim log t.
    """
    c, variance = data["centre"], options.prior_sd**2
    if gram is None:
        gram = data["x"].T @ data["x"] / options.noise**2
    root = np.linalg.cholesky(gram + np.eye(options.dim) / variance)
    inverse = np.linalg.solve(root, np.eye(options.dim))  # of the root: A^-1 is its square
    b = data["x"].T @ data["residual"] / options.noise**2 - c / variance
    half = inverse @ b
    log_evidence = 0.5 * (half @ half - c @ c / variance) - np.log(np.diag(root)).sum()
    log_evidence -= options.dim * math.log(options.prior_sd)
    return multivariate_normal.make_exact(
        "beta", c + inverse.T @ half, inverse.T @ inverse, float(log_evidence)
    )


def log_likelihood_at_centre(options: Options, data: Sites) -> float:
    """What the program leaves out of the log likelihood of all points, natural log."""
    square = data["residual"] @ data["residual"] / options.noise**2
    size = len(data["residual"])
    return float(-0.5 * square - size * math.log(options.noise * math.sqrt(2 * math.pi)))


def build(options: Options) -> Model:
    """The regression with these options."""
    rng = np.random.RandomState(options.data_seed)
    beta = SLOPES * rng.standard_normal(options.dim)
    x = regressors(options, rng)
    y = x @ beta + options.noise * rng.standard_normal(len(x))
    gram = functools.cache(lambda: x.T @ x / options.noise**2)
    return Model(
        name="line_nd",
        data=centre_data(options, x, y, gram()),
        program=make_program(options),
        exact_given=lambda data: make_exact(options, data, gram() if data["x"] is x else None),
        simulate=functools.partial(simulate, options, x, gram),
        truth={"beta": beta},
    )


add("line_nd", Options, build, "linear regression: up to millions of points, thousands of slopes")
