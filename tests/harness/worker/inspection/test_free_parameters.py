"""Supports of one or two free parameters and more components get right answers by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy import integrate, special, stats

from samplerbench.harness.worker.inspection.answer_arrays import pack_quadrature
from samplerbench.harness.worker.inspection.mode_search import NoAnswer
from samplerbench.models.base import Model

jax = pytest.importorskip("jax")
numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # each compiles a density
dist = numpyro.distributions


@dataclass(frozen=True)
class Case:
    """A small program, and what is right of it."""

    program: Callable[..., None]
    mean: dict[str, float]  # by component
    sd: dict[str, float]
    log_z: float | None
    data: dict = field(default_factory=dict)


def moments(density, low, high, **components):
    """Mean and sd of each function of the one free parameter; ``density`` need not be normal."""

    def expect(function):
        integrand = lambda x: function(x) * density(x)  # noqa: E731
        return integrate.quad(integrand, low, high, epsabs=0, epsrel=1e-11, limit=500)[0]

    mass = expect(lambda x: 1.0)
    mean = {name: expect(f) / mass for name, f in components.items()}
    second = {name: expect(lambda x, f=f: f(x) ** 2) / mass for name, f in components.items()}
    return mean, {name: np.sqrt(second[name] - mean[name] ** 2) for name in mean}


def direction(rng, handlers):
    """Angles about a direction anywhere on the circle, its seam included."""
    y = rng.vonmises(np.pi, 2.0, 15) if rng.random() < 0.5 else rng.vonmises(1.0, 2.0, 9)

    def program(y):
        with handlers():
            loc = numpyro.sample("loc", dist.VonMises(0.0, 0.5))
        numpyro.sample("y", dist.VonMises(loc, 2.0), obs=y)

    resultant = 0.5 + 2.0 * np.exp(1j * y).sum()
    kappa, centre = np.abs(resultant), np.angle(resultant)
    density = lambda x: np.exp(kappa * (np.cos(x - centre) - 1))  # noqa: E731
    log_z = np.log(special.ive(0, kappa)) + kappa - np.log(special.i0(0.5))
    log_z -= len(y) * np.log(2 * np.pi * special.i0(2.0))
    return Case(program, *moments(density, -np.pi, np.pi, loc=lambda x: x), log_z, {"y": y})


def circle(rng):
    return direction(rng, nullcontext)


def reparametrised_circle(rng):
    from numpyro.infer.reparam import CircularReparam

    reparam = lambda: numpyro.handlers.reparam(config={"loc": CircularReparam()})  # noqa: E731
    return replace(direction(rng, reparam), log_z=None)


def correlation(rng):
    eta, y = rng.uniform(0.5, 3.0), rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 20)

    def program(y):
        factor = numpyro.sample("L", dist.LKJCholesky(2, eta))
        numpyro.sample("y", dist.MultivariateNormal(np.zeros(2), scale_tril=factor), obs=y)

    def density(r):
        z = (y[:, 1] - r * y[:, 0]) ** 2 / (1 - r**2)
        return np.exp(-0.5 * z.sum()) * (1 - r**2) ** (eta - 1 - len(y) / 2)

    components = {"L[1,0]": lambda r: r, "L[1,1]": lambda r: np.sqrt(1 - r**2)}
    prior = integrate.quad(lambda r: (1 - r**2) ** (eta - 1), -1, 1)[0]
    mass = integrate.quad(density, -1, 1)[0] / prior
    log_z = np.log(mass) - 0.5 * (y[:, 0] ** 2).sum() - len(y) * np.log(2 * np.pi)
    return Case(program, *moments(density, -1, 1, **components), log_z, {"y": y})


def simplex(rng):
    size, total = int(rng.integers(2, 4)), 12
    prior, y = rng.uniform(0.5, 3.0, size), rng.multinomial(total, np.ones(size) / size)

    def program(y):
        shares = numpyro.sample("p", dist.Dirichlet(prior))
        numpyro.sample("y", dist.Multinomial(total, shares), obs=y)

    a = prior + y
    names = [f"p[{i}]" for i in range(size)]
    beta = stats.beta(a, a.sum() - a)
    log_z = stats.dirichlet_multinomial.logpmf(y, prior, total)
    return Case(
        program,
        dict(zip(names, beta.mean(), strict=True)),
        dict(zip(names, beta.std(), strict=True)),
        log_z,
        {"y": y},
    )


def ordered_pair(rng):
    s = rng.uniform(0.2, 0.6)

    def program():
        base = dist.Normal(0.0, s).expand([2]).to_event(1)
        ordered = dist.transforms.OrderedTransform()
        numpyro.sample("c", dist.TransformedDistribution(base, ordered))

    gap = stats.lognorm(s)
    sd = {"c[0]": s, "c[1]": np.hypot(s, gap.std())}
    return Case(program, {"c[0]": 0.0, "c[1]": gap.mean()}, sd, 0.0)


def test_deterministic_sites_have_an_answer_beside_the_parameters():
    def program():
        x = numpyro.sample("x", dist.Normal(1.0, 2.0))
        numpyro.deterministic("twice", 2 * x)
        numpyro.deterministic("square", x**2)

    with jax.experimental.enable_x64():
        found = pack_quadrature(Model("squares", {}, program), ["twice", "square"])
    assert tuple(found["names"]) == ("x", "twice", "square")
    assert found["mean"] == pytest.approx([1.0, 2.0, 5.0], abs=1e-6)
    # of x squared: 2 sd^4 + 4 mean^2 sd^2
    assert np.diag(found["covariance"]) == pytest.approx([4.0, 16.0, 48.0], rel=1e-6)


@pytest.mark.parametrize(
    ("prior", "bears"),
    [
        (dist.HalfCauchy(1.0), False),
        (dist.StudentT(1.0, 0.0, 1.0), False),
        (dist.LogNormal(0.0, 4.0), True),  # an sd of 1500 times the interquartile range
    ],
)
def test_moments_that_do_not_exist_are_no_answer(prior, bears):
    def program():
        numpyro.sample("x", prior)

    raised = nullcontext() if bears else pytest.raises(NoAnswer, match="no finite sd")
    with jax.experimental.enable_x64(), raised:
        pack_quadrature(Model("tails", {}, program))


@pytest.mark.filterwarnings("ignore:Continuous inference poorly")  # of circles: it is no chain
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "kind", [circle, reparametrised_circle, correlation, simplex, ordered_pair]
)
def test_quadrature_counts_free_parameters_and_is_right(kind, seed):
    case = kind(np.random.default_rng(seed))
    with jax.experimental.enable_x64():
        found = pack_quadrature(Model(kind.__name__, case.data, case.program))
    assert tuple(found["names"]) == tuple(case.mean)
    sd = np.array(list(case.sd.values()))
    assert np.abs(found["mean"] - list(case.mean.values())) == pytest.approx(0, abs=1e-6)
    assert np.sqrt(np.diag(found["covariance"])) == pytest.approx(sd, rel=1e-6)
    median = found["quantiles"][len(found["quantiles"]) // 2]
    assert (np.abs(np.median(found["draws"], axis=0) - median) < 0.05 * sd + 1e-9).all()
    if case.log_z is None:
        assert "log_evidence" not in found  # the auxiliary site's density is not normalised
    else:
        assert found["log_evidence"] == pytest.approx(case.log_z, abs=1e-6)
