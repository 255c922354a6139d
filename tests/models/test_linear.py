"""The straight-line problem: its data, its program, its exact answer against other integrals."""

import math

import numpy as np
import pytest
from scipy import stats

from samplerbench.models import base, linear
from samplerbench.models.exact import truncated_normal
from tests.support.posteriors import assert_moments, assert_quantiles, columns

# The posterior of the default data: mean m 2.040, c 3.153; sd 0.0882, 0.480; correlation -0.862.
BOXES = {
    "default": {},
    "one side binds, 0.1 sd wide": {"m_low": 2.04, "m_high": 2.04 + 0.0088},
    "corner": {"m_low": 2.05, "c_low": 3.2},
    "m in the tail by 7 sd": {"m_low": 2.657},
    "c in the tail by 8 sd": {"c_high": 3.153 - 8 * 0.48},
    "both in the tail by 6 sd": {"m_high": 1.51, "c_high": 0.27},
    "against the correlation": {"m_low": 2.3, "c_low": 4.6},
    "thin": {"m_low": 2.3, "m_high": 2.3 + 1e-6, "c_low": 3.0, "c_high": 3.0 + 1e-5},
    "wide": {"m_low": -1e12, "m_high": 1e12, "c_low": -1e12, "c_high": 1e12},
    "1 point": {"n_points": 1},
    "1 point, tail": {"n_points": 1, "c_low": 20.0, "c_high": 30.0},
    "2 points": {"n_points": 2},
    "2 points, unequal bars": {"n_points": 2, "data_seed": 8},
    "1000 points": {"n_points": 1000},
}
SIDE = 120  # nodes along each axis of the reference integral


def log_joint(model, options, m, c):
    """Log density of parameters and data at m, c [k], from the definition, point by point."""
    x, y, error = (model.data[name][:, None] for name in ("x", "y", "error"))
    z = (y - (m * x + c)) / error
    likelihood = -0.5 * (z * z).sum(axis=0) - np.log(error * math.sqrt(2 * math.pi)).sum()
    area = (options.m_high - options.m_low) * (options.c_high - options.c_low)
    return likelihood - math.log(area)


def grid(model, options, box):
    """Gauss-Legendre nodes m, c [SIDE^2] in ``box``, with log weights times the joint density."""
    nodes, weights = np.polynomial.legendre.leggauss(SIDE)
    axes = [(high + low) / 2 + (high - low) / 2 * nodes for low, high in box]
    m, c = (v.ravel() for v in np.meshgrid(*axes, indexing="ij"))
    scale = math.prod((high - low) / 2 for low, high in box)
    log_weights = np.log(np.outer(weights, weights).ravel() * scale)
    return m, c, log_weights + log_joint(model, options, m, c)


def closing_in(model, options):
    """The part of the prior's box within 40 log units of the top: found by looking, ever closer.

    An even 41 x 41 raster, one step wider than what it found, until it stops shrinking. A raster
    much wider than the posterior misses its top by about (1/40)^2 of the whole drop, hence the 1%.
    """
    box = [(options.m_low, options.m_high), (options.c_low, options.c_high)]
    for _ in range(60):
        axes = [np.linspace(low, high, 41) for low, high in box]
        m, c = (v.ravel() for v in np.meshgrid(*axes, indexing="ij"))
        height = log_joint(model, options, m, c)
        inside = height > height.max() - 40 - 0.01 * np.ptp(height)
        found = []
        for value, (low, high) in zip((m[inside], c[inside]), box, strict=True):
            step = (high - low) / 40
            found.append((max(low, value.min() - step), min(high, value.max() + step)))
        shrunk = min((b - a) / (d - c) for (a, b), (c, d) in zip(found, box, strict=True))
        box = found
        if shrunk > 0.8:
            return box
    raise AssertionError("the posterior was not found")


def integrals(model, options, box):
    """Log mass, mean [2], covariance [2, 2] over ``box``, by two-dimensional quadrature."""
    m, c, log_terms = grid(model, options, box)
    top = log_terms.max()
    terms = np.exp(log_terms - top)
    points, share = np.stack([m, c]), terms / terms.sum()
    mean = points @ share
    away = points - mean[:, None]
    return top + math.log(terms.sum()), mean, (away * share) @ away.T


def rounding(box):
    """What two right answers may differ by: relative in masses, in sd for means.

    Both drop 1e-17 of the mass and carry the rounding of a log density of up to 2000 (a few times
    2000 x 2e-16): 1e-11 leaves a factor of 10. In a thin box the coordinates are rounded too, at
    2e-16 of their size; an sd is a sixth of the box or less, and a few roundings add up.
    """
    coarsest = max(max(abs(low), abs(high)) / (high - low) for low, high in box)
    return 1e-11 + 20 * np.finfo(float).eps * coarsest


def made(**options):
    """The model and its options."""
    return base.build("linear", options), linear.Options(**options)


@pytest.fixture(params=BOXES.values(), ids=list(BOXES))
def case(request):
    """A model, its options, and the rectangle that holds its posterior."""
    model, options = made(**request.param)
    return model, options, closing_in(model, options)


def test_the_data_are_the_tutorials_bit_for_bit():
    state = np.random.get_state()
    np.random.seed(123)
    x = np.linspace(0, 10, 32)
    error = np.random.poisson(lam=10, size=32) / 10 * 1.5
    y = 2 * x + 3.5 + error * np.random.normal(size=32)
    np.random.set_state(state)
    data = base.build("linear", {}).data
    for name, wanted in {"x": x, "y": y, "error": error}.items():
        assert data[name].tobytes() == wanted.tobytes()


def test_no_error_bar_is_zero_and_the_others_are_left_alone():
    counts = np.random.RandomState(123).poisson(lam=10, size=200_000)
    assert (counts == 0).any()  # so that there is something to test
    error = base.build("linear", {"n_points": 200_000}).data["error"]
    assert np.array_equal(error[counts > 0], counts[counts > 0] / 10 * 1.5)
    assert np.all(error[counts == 0] == 1 / 10 * 1.5)


def test_the_default_posterior_has_the_published_numbers():
    exact = base.build("linear", {}).exact()
    half = 0.5000001e-8  # the reference is rounded to 8 decimals
    assert exact.names == ("m", "c")
    np.testing.assert_allclose(exact.mean, [2.03976721, 3.15316159], rtol=0, atol=half)
    np.testing.assert_allclose(exact.sd, [0.08818787, 0.47997983], rtol=0, atol=half)
    correlation = exact.covariance[0, 1] / exact.sd.prod()
    assert correlation == pytest.approx(-0.86213361, rel=0, abs=half)
    assert exact.log_evidence == pytest.approx(-66.87241317, rel=0, abs=half)


@pytest.mark.slow
def test_moments_and_evidence_agree_with_a_two_dimensional_integral(case):
    model, options, box = case
    exact = model.exact()
    log_mass, mean, covariance = integrals(model, options, box)
    sd, atol = np.sqrt(np.diag(covariance)), rounding(box)
    np.testing.assert_allclose((exact.mean - mean) / sd, 0, atol=atol)
    np.testing.assert_allclose((exact.covariance - covariance) / np.outer(sd, sd), 0, atol=atol)
    assert exact.log_evidence == pytest.approx(log_mass, rel=0, abs=atol)


@pytest.mark.slow
def test_below_a_quantile_lies_its_probability(case):
    model, options, box = case
    p = np.array([1e-3, 0.3, 0.5, 0.99])
    quantiles = model.exact().quantile(p)
    assert quantiles.shape == (4, 2)
    whole, _, _ = integrals(model, options, box)
    for axis in (0, 1):
        for probability, quantile in zip(p, quantiles[:, axis], strict=True):
            part = list(box)
            part[axis] = (box[axis][0], quantile)
            share = math.exp(integrals(model, options, part)[0] - whole)
            # the quintic's 2e-11 on top
            assert share == pytest.approx(probability, rel=0, abs=2e-11 + rounding(box))


def test_one_point_at_zero_says_nothing_about_the_slope():
    model, options = made(n_points=1)
    exact, (y,), (error,) = model.exact(), model.data["y"], model.data["error"]
    edges = (options.c_low - y) / error, (options.c_high - y) / error
    c = stats.truncnorm(*edges, loc=y, scale=error)
    # closed forms on both sides of a quadrature good to 1e-13
    np.testing.assert_allclose(exact.mean, [0, c.mean()], atol=1e-11)
    np.testing.assert_allclose(exact.sd, [10 / math.sqrt(12), c.std()], rtol=1e-11)
    np.testing.assert_allclose(exact.quantile([0.0, 0.25, 1.0])[:, 0], [-5, -2.5, 5], atol=1e-9)


@pytest.mark.slow
def test_a_million_points_leave_the_plain_least_squares_posterior():
    model, _ = made(n_points=10**6)
    exact, x, weight = model.exact(), model.data["x"], model.data["error"] ** -2.0
    centre = np.average(x, weights=weight)
    spread = (weight * (x - centre) ** 2).sum()
    slope = (weight * (x - centre) * model.data["y"]).sum() / spread
    intercept = np.average(model.data["y"], weights=weight) - slope * centre
    sd = [spread**-0.5, (1 / weight.sum() + centre**2 / spread) ** 0.5]
    # 10^6 terms of size 20, summed pairwise: 20 x 20 x 1e-16 on a value whose sd is 4e-4
    np.testing.assert_allclose((exact.mean - [slope, intercept]) / sd, 0, atol=1e-9)
    np.testing.assert_allclose(exact.sd, sd, rtol=1e-9)


@pytest.mark.slow
def test_draws_have_the_exact_moments_and_stay_in_the_box(case):
    model, options, _ = case
    exact, count = model.exact(), 200_000
    draws = exact.draw(np.random.default_rng(5), count)
    assert list(draws) == ["m", "c"] and draws["m"].shape == draws["c"].shape == (count,)
    for name in ("m", "c"):
        assert draws[name].min() >= getattr(options, f"{name}_low")
        assert draws[name].max() <= getattr(options, f"{name}_high")
    assert_moments(exact, columns(draws, exact.names))


@pytest.mark.slow
def test_draws_follow_the_exact_quantiles(case):
    exact = case[0].exact()
    assert_quantiles(exact, columns(exact.draw(np.random.default_rng(6), 200_000), exact.names))


def test_draws_repeat_with_the_seed_and_differ_between_seeds():
    exact = base.build("linear", {}).exact()
    first, again, other = (exact.draw(np.random.default_rng(s), 10)["c"] for s in (1, 1, 2))
    assert np.array_equal(first, again) and not np.any(first == other)


@pytest.mark.parametrize("edge", [-8.0, 0.0, 8.0, 30.0])
def test_steps_into_a_conditional_are_alike_on_both_sides_of_thin(edge):
    # Just below THIN the density is taken for exponential, off by THIN^2 / 2 = 5e-9 of a step;
    # just above, log probabilities up to 460 are rounded at 460 x 2e-16, against edge x THIN of
    # change across the box. Both, and the 1e-6 between the widths, are below 1e-5.
    u = np.linspace(0.01, 0.99, 50)
    start = np.full(50, max(edge, -truncated_normal.THIN / 2))
    thin, thick = (
        truncated_normal._draw_step(start, truncated_normal.THIN * f, 1.0, u)
        for f in (1 - 5e-7, 1 + 5e-7)
    )
    np.testing.assert_allclose(thin, thick, rtol=1e-5)


def test_a_ridge_too_thin_to_integrate_is_refused():
    precision = np.array([[1.0, 1.0], [1.0, 1.0]])  # only the sum of the two is known
    with pytest.raises(ValueError, match="too thin a ridge.*\n.*expected.*\n.*what to do"):
        truncated_normal.make_exact(
            ("a", "b"), precision, np.zeros(2), ((0.0, 1e5), (-1e5, 1e5)), 0.0
        )


@pytest.mark.slow
def test_the_programs_density_is_the_analytic_one():
    jax = pytest.importorskip("jax")
    from numpyro.infer.util import log_density

    options = {"m_low": -3.0, "c_high": 8.0}
    model, filled = made(**options)
    # jax 0.4 has it in jax.experimental, jax 0.10 in jax only
    x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64

    def density(parameters, data):
        return log_density(model.program, (), data, parameters)[0]

    with x64(True):
        for m, c in [(2.0, 3.5), (-2.9, 7.9), (0.0, 0.0), (4.9, -9.9)]:
            found = jax.jit(density)({"m": m, "c": c}, model.data)  # data traced, as by samplers
            wanted = log_joint(model, filled, m, c).item()
            assert found.dtype == np.float64
            # 32 terms, each rounded at 2e-16 of its size: 32 x 2e-16 of the sum, and some
            assert float(found) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.slow
def test_the_programs_sites_are_m_c_y_in_this_order():
    handlers = pytest.importorskip("numpyro.handlers")
    model = base.build("linear", {})
    trace = handlers.trace(handlers.seed(model.program, 0)).get_trace(**model.data)
    sites = [name for name, site in trace.items() if site["type"] == "sample"]
    assert sites == ["m", "c", "y"]
    assert trace["y"]["is_observed"] and trace["y"]["value"] is model.data["y"]


def test_simulated_data_come_from_the_prior_and_the_likelihood():
    options = {"m_low": 0.0, "m_high": 1.0, "c_low": 4.0, "c_high": 6.0}
    model, _ = made(**options)
    rng, count = np.random.default_rng(3), 2000
    pairs = [model.simulate(rng) for _ in range(count)]
    m, c = (np.array([p[name] for p, _ in pairs]) for name in ("m", "c"))
    assert 0 <= m.min() and m.max() <= 1 and 4 <= c.min() and c.max() <= 6
    # means of uniforms of width 1 and 2, within 5 standard errors of width / sqrt(12 n)
    assert abs(m.mean() - 0.5) < 5 / math.sqrt(12 * count)
    assert abs(c.mean() - 5.0) < 10 / math.sqrt(12 * count)
    x, error = model.data["x"], model.data["error"]
    z = np.array([(d["y"] - p["m"] * x - p["c"]) / error for p, d in pairs])
    # standard normals: the mean of n is within 5 / sqrt(n), the mean square within 5 sqrt(2 / n)
    assert abs(z.mean()) < 5 / math.sqrt(z.size)
    assert abs((z**2).mean() - 1) < 5 * math.sqrt(2 / z.size)
