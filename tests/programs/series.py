"""Series, processes and equations, as NumPyro's examples have them, on small data of our own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.experimental.ode import odeint
from numpyro.contrib.control_flow import cond, scan

from tests.programs.example import example

RNG = np.random.default_rng(12)
STEPS = np.arange(20.0)
WAVE = np.sin(STEPS) + 0.2 * RNG.normal(size=20)


@example("gp", x=np.linspace(0, 1, 12), y=np.sin(6 * np.linspace(0, 1, 12)))
def gaussian_process(x, y):
    variance = numpyro.sample("variance", dist.LogNormal(0.0, 1.0))
    length = numpyro.sample("length", dist.LogNormal(0.0, 1.0))
    noise = numpyro.sample("noise", dist.LogNormal(0.0, 1.0))
    gap = (x[:, None] - x[None, :]) / length
    kernel = variance * jnp.exp(-0.5 * gap**2) + (noise + 1e-4) * jnp.eye(len(x))
    numpyro.sample("y", dist.MultivariateNormal(jnp.zeros(len(x)), kernel), obs=y)


@example("gp, its factor in the program", x=np.linspace(0, 1, 8), y=RNG.poisson(3.0, 8))
def latent_process(x, y):
    length = numpyro.sample("length", dist.InverseGamma(5.0, 1.0))
    gap = (x[:, None] - x[None, :]) / length
    factor = jnp.linalg.cholesky(jnp.exp(-0.5 * gap**2) + 1e-3 * jnp.eye(len(x)))
    z = numpyro.sample("z", dist.Normal(0, 1).expand([len(x)]).to_event(1))
    field = numpyro.deterministic("field", factor @ z)
    numpyro.sample("y", dist.Poisson(jnp.exp(1.0 + field)), obs=y)


@example("hsgp", x=np.linspace(-1, 1, 20), y=WAVE, boundary=1.5, terms=5)
def basis_process(x, y, boundary, terms):
    length = numpyro.sample("length", dist.InverseGamma(3.0, 1.0))
    height = numpyro.sample("height", dist.HalfNormal(1.0))
    roots = jnp.arange(1, terms + 1) * jnp.pi / (2 * boundary)
    basis = jnp.sin(roots * (x[:, None] + boundary)) / jnp.sqrt(boundary)
    density = height * jnp.sqrt(length) * jnp.exp(-0.25 * (length * roots) ** 2)
    with numpyro.plate("basis", terms):
        weights = numpyro.sample("weights", dist.Normal(0, 1))
    noise = numpyro.sample("noise", dist.HalfNormal(1.0))
    with numpyro.plate("data", len(x)):
        numpyro.sample("y", dist.Normal(basis @ (density * weights), noise), obs=y)


@example("circulant_gp", y=RNG.poisson(3.0, 8))
def periodic_process(y):
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    lag = jnp.minimum(jnp.arange(8), 8 - jnp.arange(8))
    spectrum = jnp.fft.rfft(jnp.exp(-(lag**2) / 8.0)).real
    z = numpyro.sample("z", dist.Normal(jnp.zeros(8), 1.0).to_event(1))
    field = scale * jnp.fft.irfft(jnp.fft.rfft(z) * jnp.sqrt(jnp.maximum(spectrum, 1e-6)), n=8)
    numpyro.sample("y", dist.Poisson(jnp.exp(1.0 + field)), obs=y)


@example("stochastic_volatility", returns=0.1 * RNG.standard_t(5, 20))
def volatility(returns):
    step = numpyro.sample("step", dist.Exponential(50.0))
    path = numpyro.sample("path", dist.GaussianRandomWalk(scale=step, num_steps=len(returns)))
    nu = numpyro.sample("nu", dist.Exponential(0.1))
    heavy = dist.StudentT(df=nu, loc=0.0, scale=jnp.exp(path))
    numpyro.sample("returns", heavy, obs=returns)


@example("ar2", y=WAVE, unrolled=False)
def autoregression(y, unrolled):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    sd = numpyro.sample("sd", dist.HalfNormal(1.0))

    def step(carry, now):
        before, last = carry
        value = numpyro.sample("y", dist.Normal(a[0] * last + a[1] * before, sd), obs=now)
        return (last, value), None

    if unrolled:
        return [step((y[t - 2], y[t - 1]), y[t]) for t in range(2, len(y))]
    return scan(step, (y[0], y[1]), y[2:])


@example("ar2, conditioned from outside", y=WAVE[2:], first=WAVE[:2])
def conditioned_series(y, first):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))

    def step(carry, _):
        value = numpyro.sample("y", dist.Normal(a[0] * carry[1] + a[1] * carry[0], 0.5))
        return (carry[1], value), value

    with numpyro.handlers.condition(data={"y": jnp.asarray(y)}):
        scan(step, (first[0], first[1]), None, length=len(y))


@example("holt_winters", y=WAVE + STEPS, n_seasons=4)
def seasons(y, n_seasons):
    rates = {n: numpyro.sample(n, dist.Beta(1.0, 1.0)) for n in ("level", "trend", "season")}
    noise = numpyro.sample("noise", dist.HalfNormal(5.0))
    level = numpyro.sample("level at first", dist.Normal(0.0, 2.0))
    trend = numpyro.sample("trend at first", dist.Normal(0.0, 2.0))
    with numpyro.plate("seasons", n_seasons):
        season = numpyro.sample("season at first", dist.Normal(0.0, 2.0))

    def step(carry, now):
        level, trend, season, t = carry
        mean = level + trend + season[0]
        numpyro.sample("y", dist.Normal(mean, noise), obs=now)
        new = rates["level"] * (now - season[0]) + (1 - rates["level"]) * (level + trend)
        trend = rates["trend"] * (new - level) + (1 - rates["trend"]) * trend
        turn = rates["season"] * (now - new) + (1 - rates["season"]) * season[0]
        return (new, trend, jnp.concatenate([season[1:], turn[None]]), t + 1), mean

    numpyro.deterministic("fit", scan(step, (level, trend, season, 0), y)[1])


@example("time_series_forecasting", y=np.abs(WAVE) + 1 + 0.1 * STEPS, seasonality=4)
def local_trend(y, seasonality, future=0):
    scale = numpyro.sample("scale", dist.HalfCauchy(y.max() / 100))
    nu = numpyro.sample("nu", dist.Uniform(2, 20))
    power = numpyro.sample("power", dist.Uniform(-1, 1))
    with numpyro.plate("seasonality", seasonality):
        season = numpyro.sample("season", dist.Cauchy(0, 1))

    def step(carry, t):
        level, season = carry
        mean = level + power * jnp.abs(level) ** 0.5 + season[0]
        value = numpyro.sample("y", dist.StudentT(nu, mean, scale + 0.5))
        level = jnp.where(t < len(y), 0.5 * level + 0.5 * value, level)
        return (level, jnp.roll(season, 1)), value

    with numpyro.handlers.condition(data={"y": jnp.asarray(y)}):
        _, values = scan(step, (y[0], season), jnp.arange(len(y) + future))
    if future > 0:
        numpyro.deterministic("forecast", values[-future:])


@example("hierarchical_forecasting", y=np.stack([WAVE, -WAVE], axis=1))
def two_series(y):
    drift = numpyro.sample("drift", dist.Normal(0, 0.5))
    sd = numpyro.sample("sd", dist.HalfNormal(1.0))

    def step(level, now):
        with numpyro.plate("series", y.shape[1]):
            level = numpyro.sample("level", dist.Normal(level + drift, sd))
            numpyro.sample("y", dist.Normal(level, 0.5), obs=now)
        return level, level

    scan(step, jnp.zeros(y.shape[1]), y)


@example("ode", years=np.arange(8.0), counts=np.exp(0.3 * RNG.normal(size=(8, 2)) + 2.0))
def predators_and_prey(years, counts):
    start = numpyro.sample("start", dist.LogNormal(2.0, 0.3).expand([2]).to_event(1))
    rates = numpyro.sample(
        "rates",
        dist.TruncatedNormal(
            low=0.0,
            loc=jnp.array([0.5, 0.05, 0.5, 0.05]),
            scale=jnp.array([0.1, 0.01, 0.1, 0.01]),
        ).to_event(1),
    )

    def slope(z, t, rates):
        u, v = z
        return jnp.stack([(rates[0] - rates[1] * v) * u, (rates[3] * u - rates[2]) * v])

    z = odeint(slope, start, jnp.asarray(years), rates, rtol=1e-4, atol=1e-3, mxstep=200)
    sd = numpyro.sample("sd", dist.LogNormal(-1.0, 0.5).expand([2]).to_event(1))
    numpyro.sample("counts", dist.LogNormal(jnp.log(z), sd).to_event(2), obs=counts)


@example("lotka_volterra_multiple", times=np.tile(np.arange(4.0), (2, 1)), sizes=np.ones((2, 4)))
def decays(times, sizes):
    rate = numpyro.sample("rate", dist.LogNormal(-1.0, 0.5))
    with numpyro.plate("sets", 2):
        start = numpyro.sample("start", dist.LogNormal(0.0, 0.5))

    def solve(first, t):
        return odeint(lambda z, t: -rate * z, first, t, rtol=1e-4, mxstep=100)

    z = jax.vmap(solve)(start, times)
    numpyro.sample("sizes", dist.LogNormal(jnp.log(z), 0.3).to_event(2), obs=sizes)


@example("EulerMaruyama, as the distribution's own page", t=np.linspace(0, 1, 6), y=WAVE[:6])
def diffusion(t, y):
    theta = numpyro.sample("theta", dist.HalfNormal(1.0))
    x = numpyro.sample(
        "x",
        dist.EulerMaruyama(t=t, sde_fn=lambda x, t: (-theta * x, 0.5), init_dist=dist.Normal()),
    )
    numpyro.sample("y", dist.Normal(x, 0.3).to_event(1), obs=y)


@example("control_flow.cond", x=1.0)
def branches(x):
    mean = numpyro.sample("mean", dist.Normal())

    def above(m):
        return numpyro.sample("noise", dist.Normal(m, 1.0))

    def below(m):
        return numpyro.sample("noise", dist.Normal(-m, 2.0))

    noise = cond(mean > 0, above, below, mean)
    numpyro.sample("x", dist.Normal(noise, 1.0), obs=x)


CATEGORIES, WORDS, N_HIDDEN = np.array([0, 1, 1, 0, 2]), np.array([0, 2, 3, 1, 2]), 3


def advance(log_alpha, word, transition, emission):
    """One step of the forward algorithm, in logs."""
    return jax.nn.logsumexp(log_alpha[:, None] + transition, axis=0) + emission[:, word]


@example(
    "hmm",
    categories=CATEGORIES,
    words=WORDS,
    unsupervised=np.array([0, 3, 2, 2, 1, 0]),
    sizes=(3, 4),
)
def forward_algorithm(categories, words, unsupervised, sizes):
    hidden, emitted = sizes
    transition = numpyro.sample("transition", dist.Dirichlet(jnp.ones((hidden, hidden))))
    emission = numpyro.sample("emission", dist.Dirichlet(jnp.full((hidden, emitted), 0.5)))
    numpyro.sample("categories", dist.Categorical(transition[categories[:-1]]), obs=categories[1:])
    numpyro.sample("words", dist.Categorical(emission[categories]), obs=words)
    logs = jnp.log(transition), jnp.log(emission)
    log_alpha = logs[1][:, unsupervised[0]]
    log_alpha, _ = jax.lax.scan(
        lambda a, word: (advance(a, word, *logs), None), log_alpha, jnp.asarray(unsupervised[1:])
    )
    numpyro.factor("forward", jax.nn.logsumexp(log_alpha))
