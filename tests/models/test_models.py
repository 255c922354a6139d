"""Models with exact answers, held against integrals and densities that know no answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from samplerbench.models import banana, base, heavy_tail, line_nd, rosenbrock
from tests.support.posteriors import build_with_answer, columns, evaluate_sites, log_joint

# -- the program's own density, integrated over a plane ------------------------------------------


def affine(exact, site):
    """Coordinates in which the posterior is a standard normal if the answer is right."""
    root = np.linalg.cholesky(exact.covariance)
    log_det = np.log(np.diag(root)).sum()
    return lambda z: ({site: exact.mean + z @ root.T}, np.full(len(z), log_det))


def bent(exact, options):
    def chart(z):
        u = options.length * z[:, :1]
        sites = {"u": u, "w": z[:, 1:] + banana.bend(options, u)}
        return sites, np.full(len(z), math.log(options.length))

    return chart


def funnel_chart(z):
    v = 3.0 * z[:, 0]
    return {"v": v, "x": np.exp(v / 2)[:, None] * z[:, 1:]}, math.log(3.0) + v / 2


PLANES = {
    "gaussian": ({"correlation": -0.9, "spread": 30.0, "prior_sd": 2.0}, 9.0),
    "line_nd": ({"n_points": 7, "offset": 3.0}, 9.0),
    "line_nd, one point": ({"n_points": 1}, 9.0),
    "line_nd, reduced": ({"form": "reduced"}, 9.0),
    "islands": ({"separation": 6.0, "ratio": 3.0}, 16.0),
    "islands, close": ({"separation": 4.0, "prior_sd": 2.0, "modes": 2}, 12.0),
    "funnel": ({"dim": 2}, 12.0),  # x^2 weighs v three sds up
    "banana": ({"curvature": 0.3}, 9.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", PLANES)
def test_the_programs_density_integrates_to_the_exact_answer(case):
    name, (options, reach) = case.partition(",")[0], PLANES[case]
    model, exact = build_with_answer(name, **options)
    chart = {
        "gaussian": lambda: affine(exact, "x"),
        "line_nd": lambda: affine(exact, "beta"),
        "islands": lambda: lambda z: ({"x": z}, np.zeros(len(z))),
        "funnel": lambda: funnel_chart,
        "banana": lambda: bent(exact, banana.Options(**options)),
    }[name]()
    # The trapezium rule on what is as smooth as a normal of sd 0.9: steps of 0.12 err by
    # exp(-2 pi^2 (0.9 / 0.12)^2) = 0, the ends by 1e-17.
    axis = np.linspace(-reach, reach, int(2 * reach / 0.12))
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    sites, log_jacobian = chart(z)
    log_terms = log_joint(model, sites) + log_jacobian + 2 * math.log(axis[1] - axis[0])
    top = log_terms.max()
    terms = np.exp(log_terms - top)
    # log densities of up to 1000 rounded at 1e-16: 1e-13, and 1e-10 with room
    assert exact.log_evidence == pytest.approx(top + math.log(terms.sum()), rel=0, abs=1e-10)
    points, share = columns(sites, exact.names), terms / terms.sum()
    mean = share @ points
    away = points - mean
    covariance = (away.T * share) @ away
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((exact.mean - mean) / scale, 0, atol=1e-9)
    wanted = covariance / np.outer(scale, scale)
    np.testing.assert_allclose(exact.covariance / np.outer(scale, scale), wanted, atol=1e-9)


# -- likelihoods over a box ------------------------------------------------------------------------

# name: options, the box, panels of Gauss-Legendre with 8 nodes a side, of two of the narrowest
# widths at most, and how exact they are: to rounding, but for the kink in the second derivative of
# the plateau and for what the box cuts off
BOXES = {
    "shells": ({}, (-6.0, 6.0), 60, 1e-7),
    "plateau": ({}, (-10.0, 10.0), 60, 1e-5),
    "spike_slab": ({"dim": 2, "spike": 0.03}, (-1.0, 1.0), 40, 1e-9),
    "log_gamma": ({}, (-30.0, 30.0), 60, 1e-7),
    "eggbox": ({}, (0.0, 10 * math.pi), 150, 1e-9),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOXES)
def test_a_boxs_density_integrates_to_the_exact_answer(name):
    options, (low, high), panels, atol = BOXES[name]
    model, exact = build_with_answer(name, **options)
    width = (high - low) / panels
    nodes, weights = np.polynomial.legendre.leggauss(8)
    axis = (low + width * (np.arange(panels)[:, None] + (nodes + 1) / 2)).ravel()
    ends = np.tile(width * weights / 2, panels)
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    terms = np.outer(ends, ends).ravel() * np.exp(log_joint(model, {"x": x}) - exact.log_evidence)
    total = terms.sum()
    assert math.log(total) == pytest.approx(0, abs=atol)
    mean = terms @ x / total
    away = x - mean
    covariance = (away.T * terms) @ away / total
    np.testing.assert_allclose((exact.mean - mean) / exact.sd, 0, atol=10 * atol)
    scale = np.outer(exact.sd, exact.sd)
    found = exact.covariance / scale
    np.testing.assert_allclose(found, covariance / scale, rtol=0, atol=10 * atol)


# -- Bayes' rule at any point ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gaussian", {"dim": 1}),
        ("gaussian", {"dim": 40, "correlation": 0.99, "spread": 1000.0}),
        ("line_nd", {"dim": 1}),
        ("line_nd", {"n_points": 200, "dim": 30}),
        ("line_nd", {"n_points": 3, "dim": 10}),
        ("line_nd", {"n_points": 3, "dim": 10, "form": "reduced"}),
        ("line_nd", {"n_points": 10**6, "dim": 30, "form": "reduced"}),
    ],
)
def test_density_over_normal_posterior_is_the_evidence_everywhere(name, options):
    model, exact = build_with_answer(name, **options)
    site = exact.names[0].partition("[")[0]
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(exact.covariance)
    z = 3 * rng.standard_normal((5, len(exact.mean)))  # up to 20 sds out
    posterior = -0.5 * (z**2).sum(axis=1) - np.log(np.diag(root)).sum()
    posterior -= len(exact.mean) / 2 * math.log(2 * math.pi)
    found = log_joint(model, {site: exact.mean + z @ root.T}) - posterior
    # squares of up to 10^6 lengths an sd, rounded at 1e-16 of their size, in 200 terms
    np.testing.assert_allclose(found, exact.log_evidence, rtol=0, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, options",
    [("banana", {"dim": 3}), ("funnel", {}), ("funnel", {"centred": False}), ("islands", {})],
)
def test_the_exact_answers_log_density_is_the_programs_up_to_a_constant(name, options):
    model, exact = build_with_answer(name, **options)
    sites = exact.draw(np.random.default_rng(3), 100)
    x = columns(sites, exact.names)
    if options.get("centred") is False:  # the program's density is that of x_base
        sites = {"v": sites["v"], "x_base": sites["x"] * np.exp(-sites["v"] / 2)[:, None]}
        shift = -(x.shape[1] - 1) * x[:, 0] / 2  # log Jacobian
    else:
        shift = 0.0
    found = exact.log_density(x) - log_joint(model, sites) - shift
    np.testing.assert_allclose(found, found[0], atol=1e-9)


@pytest.mark.slow
def test_bananas_of_odd_dimension_obey_bayes_rule():
    options = banana.Options(dim=5)
    model, exact = build_with_answer("banana", dim=5)
    rng, k = np.random.default_rng(2), 0.9
    u, z = 10 * rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    joint = log_joint(model, {"u": u, "w": z + banana.bend(options, u[:, :2])})
    posterior = stats.norm(0, 10 * math.sqrt(k)).logpdf(u).sum(axis=1)
    posterior += stats.norm(0, math.sqrt(k)).logpdf(z).sum(axis=1)
    np.testing.assert_allclose(joint - posterior, exact.log_evidence, atol=1e-11)


@pytest.mark.slow
def test_the_bent_valley_obeys_bayes_rule():
    model, exact = build_with_answer("rosenbrock")
    middle, sd = np.array([1.0, 0.0, 0.0]), math.sqrt(0.9) * np.array([0.5, 0.2, 0.2])
    z = middle + sd * np.random.default_rng(3).standard_normal((5, 3))
    x = rosenbrock.bend(z)
    joint = log_joint(model, {f"x{i}": x[:, i] for i in range(3)})
    posterior = stats.norm(middle, sd).logpdf(z).sum(axis=1)
    np.testing.assert_allclose(joint - posterior, exact.log_evidence, atol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("n_points", [1, 4])
def test_the_heavy_tail_obeys_bayes_rule_and_its_program_gives_the_probabilities(n_points):
    model, exact = build_with_answer("heavy_tail", n_points=n_points)
    options = heavy_tail.Options(n_points=n_points)
    at = heavy_tail.condition(options, model.data["y"])
    s2, mu = np.array([0.01, 1.0, 30.0]), np.array([0.3, -2.0, 50.0])
    posterior = stats.invgamma(at.shape, scale=at.rate).logpdf(s2)
    posterior += stats.norm(at.middle, np.sqrt(s2 / at.weight)).logpdf(mu)
    joint = log_joint(model, {"mu": mu, "s2": s2})
    np.testing.assert_allclose(joint - posterior, exact.log_evidence, atol=1e-11)
    t = stats.t(2 * at.shape, at.middle, math.sqrt(at.rate / at.shape / at.weight))
    wanted = t.cdf(mu), stats.invgamma(at.shape, scale=at.rate).cdf(s2)
    np.testing.assert_allclose(heavy_tail.compute_probabilities(at, mu, s2), wanted, rtol=1e-9)
    sites = [evaluate_sites(model, {"mu": m, "s2": s}) for m, s in zip(mu, s2, strict=True)]
    found = [[site[name] for site in sites] for name in exact.names]
    np.testing.assert_allclose(found, wanted, atol=2e-5)  # 32 bits


@pytest.mark.slow
def test_one_groups_program_integrates_to_the_evidence_of_the_hierarchy():
    model, exact = build_with_answer("hierarchical_binomial", groups=1)
    t, s = np.linspace(-14, 14, 113), math.log(10) + np.linspace(-7, 7, 57)
    u = np.linspace(-14, 14, 225)
    tt, ss, uu = (x.ravel() for x in np.meshgrid(t, s, u, indexing="ij"))
    m, theta = 1 / (1 + np.exp(-tt)), 1 / (1 + np.exp(-uu))
    joint = log_joint(model, {"m": m, "log_k": ss, "theta": theta[:, None]})
    joint = joint + np.log(m * (1 - m)) + np.log(theta * (1 - theta))
    terms = np.exp(joint - exact.log_evidence) * (t[1] - t[0]) * (s[1] - s[0]) * (u[1] - u[0])
    # where log k is 4 sds up theta is narrower than the steps of its logit: 1e-7 of the prior
    assert terms.sum() == pytest.approx(1, abs=1e-6)
    for values, mean in zip((m, ss, theta), exact.mean, strict=True):
        assert terms @ values == pytest.approx(mean, abs=3e-6)


# -- regression ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(40, 6), (3, 5), (1, 1)])
def test_the_regressions_evidence_is_that_of_the_data_as_one_normal(size):
    options = line_nd.Options(n_points=size[0], dim=size[1])
    model, exact = build_with_answer("line_nd", n_points=size[0], dim=size[1])
    x = model.data["x"]
    y = x @ model.data["centre"] + model.data["residual"]
    covariance = options.noise**2 * np.eye(size[0]) + options.prior_sd**2 * x @ x.T
    wanted = stats.multivariate_normal(np.zeros(size[0]), covariance).logpdf(y)
    found = exact.log_evidence + line_nd.log_likelihood_at_centre(options, model.data)
    assert found == pytest.approx(wanted, rel=1e-10)


@pytest.mark.slow
def test_a_million_points_have_the_posterior_of_least_squares():
    model, exact = build_with_answer("line_nd", n_points=10**6, dim=3)
    x = model.data["x"]
    y = x @ model.data["centre"] + model.data["residual"]
    prior = np.eye(3) * 1.5 / 10.0  # the prior as three more points at 0
    q, r = np.linalg.qr(np.vstack([x, prior]))
    mean = np.linalg.solve(r, q.T @ np.append(y, np.zeros(3)))
    inverse = np.linalg.inv(r)
    np.testing.assert_allclose((exact.mean - mean) / exact.sd, 0, atol=1e-8)
    np.testing.assert_allclose(exact.covariance, 1.5**2 * inverse @ inverse.T, rtol=1e-9)


@pytest.mark.slow
def test_in_32_bits_a_million_points_tell_points_of_the_posterior_apart():
    model, exact = build_with_answer("line_nd", n_points=10**6, dim=4)
    beta = exact.draw(np.random.default_rng(3), 20)["beta"].astype(np.float32)
    # at the very points that 32 bits hold, so that rounding of beta is no part of it
    found = log_joint(model, {"beta": beta}, bits=32)
    wanted = log_joint(model, {"beta": beta.astype(np.float64)}, bits=64)
    # u = x (beta - centre) is rounded at 1e-7 of beta, 1e-4 sd; the sum over points averages it
    assert np.ptp(wanted) > 3 and np.abs(found - wanted).max() < 0.01


@pytest.mark.slow
def test_the_reduced_form_has_the_law_of_the_points():
    def gram(form, seed):
        options = line_nd.Options(n_points=5, dim=3, offset=0.7, form=form)
        x = line_nd.regressors(options, np.random.RandomState(seed))
        return (x.T @ x)[np.triu_indices(3)]

    points, reduced = (
        np.array([gram(form, seed) for seed in range(start, start + 3000)])
        for form, start in (("points", 0), ("reduced", 10_000))
    )
    assert np.allclose(points[:, 0], 5) and np.allclose(reduced[:, 0], 5)
    for a, b in zip(points[:, 1:].T, reduced[:, 1:].T, strict=True):
        assert stats.ks_2samp(a, b).pvalue > 1e-7  # 5 numbers, one fixed seed


@pytest.mark.slow
def test_the_largest_regression_is_answered():
    _, exact = build_with_answer("line_nd", n_points=1_000_000, dim=1000)
    # slopes are known to noise / sqrt(n), the intercept that they share to sqrt(dim) times that
    assert exact.sd[1:] == pytest.approx(np.full(999, 1.5e-3), rel=0.01)
    assert exact.sd[0] == pytest.approx(1.5e-3 * math.sqrt(1000), rel=0.1)


# -- eight schools ---------------------------------------------------------------------------------


def test_eight_schools_have_the_published_posterior():
    _, exact = build_with_answer("eight_schools")
    # Betancourt (2016), "Diagnosing Biased Inference with Divergences", to its Monte Carlo error
    place = {name: i for i, name in enumerate(exact.names)}
    for name, mean, sd in (("mu", 4.4, 3.3), ("tau", 3.6, 3.2), ("theta[0]", 6.2, 5.6)):
        assert exact.mean[place[name]] == pytest.approx(mean, abs=0.1)
        assert exact.sd[place[name]] == pytest.approx(sd, abs=0.1)
    assert exact.source == "quadrature"
    assert (exact.mean_se < 1e-10).all() and (exact.sd_se < 1e-10).all()


@pytest.mark.slow
def test_eight_schools_agree_with_adaptive_quadrature_of_one_joint_normal():
    data, (_, exact) = base.build("eight_schools", {}).data, build_with_answer("eight_schools")
    y, sigma = data["y"], data["sigma"]

    def given(tau):
        """Evidence of y, mean and covariance of (mu, theta) by conditioning one normal of 17."""
        spread = np.full((9, 9), 25.0) + tau**2 * np.diag([0.0] + [1.0] * 8)
        total = spread[1:, 1:] + np.diag(sigma**2)
        gain = spread[:, 1:] @ np.linalg.inv(total)
        density = stats.multivariate_normal(np.zeros(8), total).pdf(y)
        return density * 2 * stats.cauchy(0, 5).pdf(tau), gain @ y, spread - gain @ spread[1:]

    def terms(tau):
        weight, mean, covariance = given(tau)
        second = np.diag(covariance) + mean**2
        return weight * np.concatenate([[1.0, tau, tau**2], mean, second])

    total, error = integrate.quad_vec(terms, 0, np.inf, epsrel=1e-10, epsabs=0)
    assert exact.log_evidence == pytest.approx(math.log(total[0]), rel=1e-9)
    moments = total[1:] / total[0]
    mean = np.concatenate([[moments[2]], [moments[0]], moments[3:11]])
    square = np.concatenate([[moments[11]], [moments[1]], moments[12:]])
    np.testing.assert_allclose(exact.mean, mean, rtol=1e-7)
    np.testing.assert_allclose(exact.sd, np.sqrt(square - mean**2), rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("centred", [True, False])
def test_one_schools_program_integrates_to_its_evidence(centred):
    model = base.build("eight_schools", {"centred": centred})
    model = model.with_data({"y": np.array([28.0]), "sigma": np.array([15.0])})
    t, z = np.linspace(-25, 32, 571), np.linspace(-7, 7, 57)
    tt, a, b = (v.ravel() for v in np.meshgrid(t, z, z, indexing="ij"))
    # mu within 7 prior sds; theta, or its base, within 7 sds of where it is likely
    tau, mu = np.exp(tt), 5 * a
    s2 = 225 + tau**2
    if centred:
        sd = 15 * tau / np.sqrt(s2)
        sites = {"theta": (28 + 225 / s2 * (mu - 28) + sd * b)[:, None]}
    else:
        sd = 15 / np.sqrt(s2)
        sites = {"theta_base": ((28 - mu) * tau / s2 + sd * b)[:, None]}
    joint = log_joint(model, {"mu": mu, "tau": tau, **sites}) + tt + np.log(5 * sd)
    total = np.exp(joint).sum() * (t[1] - t[0]) * (z[1] - z[0]) ** 2
    # the ends hold exp(-25) of tau, its density falls like tau^-2; erfc(7 / sqrt 2) of the rest
    assert model.exact().log_evidence == pytest.approx(math.log(total), abs=1e-9)
