"""Rates of groups that resemble one another: the rats of Tarone (1982), in Gelman's BDA, chapter 5.

    m ~ Beta(2, 2),    log_k ~ Normal(log 10, 1)
    theta_g ~ Beta(m k, (1 - m) k),    k = exp(log_k),    g = 0 .. groups - 1
    y_j ~ Binomial(n_j, theta_group(j))

Trials are gathered by the number of their group, as multilevel regressions are written. Given m and
k all else is conjugate; what is left is an integral over (logit m, log k), by the trapezium rule.
It errs by exp(-2 pi pi / step), as the integrand is analytic up to Im = pi, or by that of a normal,
exp(-2 pi^2 (sd / step)^2), as which many groups make it narrow: the grid narrows with it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Model, Sites, add
from samplerbench.models.exact import rejection
from samplerbench.models.exact.density_on_line import Line, integrate
from samplerbench.options import SEED, Range

MIDDLE_K = math.log(10.0)
STEP = 0.25  # of logit m and log k, at the most
DROP = 45.0  # log units below the top that count as nothing: exp(-45) = 3e-20
NARROWINGS = 3  # of the grid, to what holds the rest: the last changes next to nothing
SUMS = 3  # trials of each group, in ``n_j`` of 4 to 19 tries


@dataclass(frozen=True)
class Options:
    """How many groups, and which data. Raises ValueError for values that make no problem."""

    groups: Annotated[int, Range(1, 100)] = 8  # each with a probability of its own
    data_seed: Annotated[int, SEED] = 0  # of NumPy's legacy generator


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""

    def program(group: Any, n: Any, y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        m = numpyro.sample("m", dist.Beta(2.0, 2.0))
        log_k = numpyro.sample("log_k", dist.Normal(MIDDLE_K, 1.0))
        a, b = m * jnp.exp(log_k), (1 - m) * jnp.exp(log_k)
        ones = jnp.ones(options.groups)
        theta = numpyro.sample("theta", dist.Beta(a * ones, b * ones).to_event(1))
        tries = n * 1.0  # of whole numbers JAX takes the factorials in 32 bits, whatever its mode
        numpyro.sample("y", dist.Binomial(tries, probs=theta[group]).to_event(1), obs=y * 1.0)

    return program


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and data drawn given them with the same numbers of tries."""
    m, log_k = rng.beta(2, 2), MIDDLE_K + rng.standard_normal()
    k = math.exp(log_k)
    # a rate below the smallest float, as tiny a and b give, is no rate
    theta = np.clip(rng.beta(m * k, (1 - m) * k, size=options.groups), 1e-12, 1 - 1e-12)
    data = _plan_trials(options)
    y = rng.binomial(data["n"], theta[data["group"]]).astype(np.int32)
    return {"m": np.asarray(m), "log_k": np.asarray(log_k), "theta": theta}, {**data, "y": y}


def _plan_trials(options: Options) -> Sites:
    """The group and the number of tries of every trial."""
    group = np.arange(options.groups * SUMS, dtype=np.int32) % options.groups
    return {"group": group, "n": (4 + np.arange(len(group)) * 7 % 16).astype(np.int32)}


@dataclass(frozen=True)
class Counts:
    """Tries and hits of each group, [group]: all that the posterior needs."""

    n: Array
    y: Array

    def log_density(self, t: Array, s: Array) -> Array:
        """Log of the density of t = logit m, s = log k and the data together, shaped as t and s.

        p(y | m, k) is the product of binomial coefficients (in ``log_evidence`` alone) and of
        B(a + y, b + n - y) / B(a, b) with a = m k, b = (1 - m) k; m has density 6 m^2 (1 - m)^2 as
        a function of t.
        """
        from scipy.special import betaln, log_expit

        a, b = np.exp(s + log_expit(t)), np.exp(s + log_expit(-t))
        value = math.log(6) + 2 * (log_expit(t) + log_expit(-t))
        value = value - 0.5 * (s - MIDDLE_K) ** 2 - 0.5 * math.log(2 * math.pi)
        for n, y in zip(self.n, self.y):  # noqa: B905 (strict= needs Python 3.10)
            value = value + betaln(a + y, b + n - y) - betaln(a, b)
        return value

    def slopes(self, t: Array, s: Array) -> tuple[Array, Array]:
        """Derivatives of ``log_density`` in t and in s."""
        from scipy.special import expit, psi

        m, k = expit(t), np.exp(s)
        a, b = m * k, (1 - m) * k
        hits, misses, tries = np.zeros_like(a), np.zeros_like(a), np.zeros_like(a)
        for n, y in zip(self.n, self.y):  # noqa: B905
            hits = hits + psi(a + y) - psi(a)
            misses = misses + psi(b + n - y) - psi(b)
            tries = tries + psi(k + n) - psi(k)
        in_t = 2 - 4 * m + (hits - misses) * m * (1 - m) * k
        return in_t, a * hits + b * misses - k * tries - (s - MIDDLE_K)


# beyond lie e^-24 and 1e-12 of the prior
T, S = np.arange(-12, 12.1, STEP), MIDDLE_K + np.arange(-7, 7.1, STEP)


@dataclass(frozen=True)
class Posterior:
    """The quadrature over (logit m, log k)."""

    counts: Counts
    axes: tuple[Array, Array]  # of the grid
    t: Array  # its nodes that hold more than 1e-16 of the probability, [node]
    s: Array
    shares: Array  # sum 1, [node]
    log_evidence: float

    @property
    def conditional(self) -> tuple[Array, Array]:
        """Shapes A and B of each theta's beta distribution given the node, [node, group]."""
        from scipy.special import expit

        k = np.exp(self.s)[:, None]
        m = expit(self.t)[:, None]
        return m * k + self.counts.y, (1 - m) * k + self.counts.n - self.counts.y


def count_hits(data: Sites) -> Counts:
    """Tries and hits of each group."""
    groups = int(data["group"].max()) + 1
    sums = [np.bincount(data["group"], data[name], groups) for name in ("n", "y")]
    return Counts(*sums)


def lay_axes(counts: Counts) -> tuple[Array, Array]:
    """Nodes of t and of s, as many as in T and S, over what holds all but exp(-DROP)."""
    t, s = T, S
    for _ in range(NARROWINGS):
        value = counts.log_density(*np.meshgrid(t, s, indexing="ij"))
        held = value > value.max() - DROP
        t, s = _narrow(t, held.any(axis=1)), _narrow(s, held.any(axis=0))
    return t, s


def _narrow(axis: Array, held: Array) -> Array:
    """As many nodes from the one before the first that is ``held`` to the one after the last."""
    first, last = np.flatnonzero(held)[[0, -1]]
    low, high = axis[max(first - 1, 0)], axis[min(last + 1, len(axis) - 1)]
    return np.linspace(low, high, len(axis))


def integrate_posterior(data: Sites) -> Posterior:
    """The posterior on a grid of (t, s)."""
    from scipy.special import gammaln

    counts = count_hits(data)
    axes = lay_axes(counts)
    t, s = (x.ravel() for x in np.meshgrid(*axes, indexing="ij"))
    value = counts.log_density(t, s)
    top = value.max()
    mass = np.exp(value - top)
    n, y = data["n"].astype(float), data["y"].astype(float)
    ways = (gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum()
    cell = math.prod(axis[1] - axis[0] for axis in axes)
    log_evidence = float(top + math.log(mass.sum() * cell) + ways)
    kept = mass > 1e-16 * mass.sum()
    return Posterior(counts, axes, t[kept], s[kept], mass[kept] / mass[kept].sum(), log_evidence)


def make_exact(data: Sites) -> Exact:
    """The exact posterior of ``m``, ``log_k`` and ``theta`` given ``data``, by quadrature."""
    from scipy.special import expit

    posterior = integrate_posterior(data)
    a, b = posterior.conditional
    conditional = np.column_stack([expit(posterior.t), posterior.s, a / (a + b)])
    mean = posterior.shares @ conditional
    away = conditional - mean
    covariance = (away.T * posterior.shares) @ away
    own = posterior.shares @ (a * b / ((a + b) ** 2 * (a + b + 1)))
    covariance += np.diag(np.concatenate([[0.0, 0.0], own]))

    @functools.cache
    def make_lines() -> list[Line]:
        return [*_make_hyper_lines(posterior), *_make_rate_lines(posterior)]

    def quantile(probabilities: Array) -> Array:
        columns = [line.quantile(probabilities) for line in make_lines()]
        return np.stack([x if i == 1 else expit(x) for i, x in enumerate(columns)], axis=1)

    return Exact(
        names=("m", "log_k", *component_names("theta", (len(posterior.counts.n),))),
        mean=mean,
        covariance=covariance,
        quantile=quantile,
        draw=functools.partial(draw, posterior),
        log_evidence=posterior.log_evidence,
        source="quadrature",
        mean_se=np.full(len(mean), 1e-10),
        sd_se=np.full(len(mean), 1e-10),
    )


def _make_hyper_lines(posterior: Posterior) -> list[Line]:
    """The distributions of logit m and of log k, each with the other summed out."""
    counts, (t_axis, s_axis) = posterior.counts, posterior.axes

    def log_t(t: Array) -> tuple[Array, Array]:
        t, at = np.meshgrid(t, s_axis, indexing="ij")  # [t, s]
        return sum_out(t, at, axis=0)

    def log_s(s: Array) -> tuple[Array, Array]:
        t, at = np.meshgrid(t_axis, s)  # [s, t]
        return sum_out(t, at, axis=1)

    def sum_out(t: Array, s: Array, axis: int) -> tuple[Array, Array]:
        value = counts.log_density(t, s)
        top = value.max(axis=1, keepdims=True)
        mass = np.exp(value - top)
        total = mass.sum(axis=1)
        slope = (mass * counts.slopes(t, s)[axis]).sum(axis=1) / total
        return top[:, 0] + np.log(total), slope

    return [
        integrate(log_t, t_axis[0], t_axis[-1], 200),
        integrate(log_s, s_axis[0], s_axis[-1], 150),
    ]


def _make_rate_lines(posterior: Posterior) -> list[Line]:
    """The distribution of each logit theta: betas mixed over the nodes."""
    from scipy.special import betaln, expit, log_expit

    def make(a: Array, b: Array) -> Line:
        scale = np.log(posterior.shares) - betaln(a, b)

        def log_density(u: Array) -> tuple[Array, Array]:
            each = np.exp(scale + np.outer(log_expit(u), a) + np.outer(log_expit(-u), b))
            total = each.sum(axis=1)
            slope = (each * (a - np.outer(expit(u), a + b))).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):  # nothing that far out
                return np.log(total), slope / total

        return integrate(log_density, -30.0, 30.0, 300)

    return [make(a, b) for a, b in zip(*(x.T for x in posterior.conditional))]  # noqa: B905


def draw(posterior: Posterior, rng: np.random.Generator, count: int) -> Sites:
    """Independent draws: (logit m, log k) by rejection, then theta given both."""
    from scipy.special import expit

    t, s = _draw_plane(posterior, rng, count).T
    m, k = expit(t)[:, None], np.exp(s)[:, None]
    counts = posterior.counts
    theta = rng.beta(m * k + counts.y, (1 - m) * k + counts.n - counts.y)
    return {"m": m[:, 0], "log_k": s, "theta": theta}


def _draw_plane(posterior: Posterior, rng: np.random.Generator, count: int) -> Array:
    """Draws of (t, s) by rejection, from a Student t of 5 degrees with the posterior's moments.

    Its tails are powers where the posterior's fall exponentially, so that the largest ratio lies on
    the grid; between nodes it is higher by a step's curvature at most, which 0.2 covers.
    """
    points = np.stack([posterior.t, posterior.s])
    middle = points @ posterior.shares
    root = np.linalg.cholesky(np.cov(points, aweights=posterior.shares, ddof=0))

    def log_ratio(x: Array) -> Array:
        z = np.linalg.solve(root, (x - middle).T)
        return posterior.counts.log_density(*x.T) + 3.5 * np.log1p((z**2).sum(axis=0) / 5)

    bound = log_ratio(points.T).max() + 0.2

    def propose(missing: int) -> Array:
        z = rng.standard_normal((missing + missing // 2 + 100, 2))
        z /= np.sqrt(rng.chisquare(5, size=(len(z), 1)) / 5)
        x = middle + z @ root.T
        return x[np.log(rng.random(len(x))) < log_ratio(x) - bound]

    return rejection.collect(propose, count)


def build(options: Options) -> Model:
    """The groups with these options."""
    rng, data = np.random.RandomState(options.data_seed), _plan_trials(options)
    theta = rng.beta(3.0, 7.0, size=options.groups)
    y = rng.binomial(data["n"], theta[data["group"]]).astype(np.int32)
    return Model(
        name="hierarchical_binomial",
        data={**data, "y": y},
        program=make_program(options),
        exact_given=make_exact,
        simulate=functools.partial(simulate, options),
        truth={"theta": theta},
    )


add("hierarchical_binomial", Options, build, "rates of groups that resemble one another")
