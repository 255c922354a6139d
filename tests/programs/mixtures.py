"""Discrete latent sites, mixtures and odd densities, on small data of our own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
from numpyro.contrib.funsor import config_enumerate
from numpyro.infer.reparam import CircularReparam, LocScaleReparam, ProjectedNormalReparam
from numpyro.ops.indexing import Vindex

from tests.programs.example import example

RNG = np.random.default_rng(13)
POINTS = np.concatenate([RNG.normal(-2, 0.5, 10), RNG.normal(2, 0.5, 10)])
RATINGS = RNG.integers(0, 3, (6, 4))


@example("annotation, of one item after another", ratings=RATINGS)
@config_enumerate
def multinomial_annotators(ratings):
    share = numpyro.sample("share", dist.Dirichlet(jnp.ones(3)))
    skill = numpyro.sample("skill", dist.Dirichlet(jnp.ones((3, 3))).to_event(1))
    with numpyro.plate("items", len(ratings), dim=-2):
        truth = numpyro.sample("truth", dist.Categorical(share))
        with numpyro.plate("positions", ratings.shape[1]):
            numpyro.sample("ratings", dist.Categorical(skill[truth]), obs=ratings)


@example("annotation, Dawid and Skene", who=np.arange(4), ratings=RATINGS)
def dawid_skene(who, ratings):
    annotators, classes = 4, 3
    with numpyro.plate("annotator", annotators, dim=-2), numpyro.plate("class", classes):
        skill = numpyro.sample("skill", dist.Dirichlet(jnp.ones(classes)))
    share = numpyro.sample("share", dist.Dirichlet(jnp.ones(classes)))
    with numpyro.plate("items", len(ratings), dim=-2):
        truth = numpyro.sample("truth", dist.Categorical(share), infer={"enumerate": "parallel"})
        with numpyro.plate("position", len(who)):
            chances = Vindex(skill)[who, truth, :]
            numpyro.sample("ratings", dist.Categorical(chances), obs=ratings)


@example("hmm_enum", lengths=np.array([4, 3]), notes=RNG.integers(0, 2, (2, 4, 3)))
def enumerated_chain(lengths, notes):
    hidden = 2
    move = numpyro.sample("move", dist.Dirichlet(0.9 * jnp.eye(hidden) + 0.1).to_event(1))
    play = numpyro.sample("play", dist.Beta(0.3, 0.9).expand([hidden, 3]).to_event(2))
    tones = numpyro.plate("tones", 3, dim=-1)

    def step(carry, values):
        before, t = carry
        now = values
        with numpyro.plate("sequences", 2, dim=-2):
            with numpyro.handlers.mask(mask=(t < lengths)[:, None]):
                after = numpyro.sample(
                    "after", dist.Categorical(move[before]), infer={"enumerate": "parallel"}
                )
                with tones:
                    chances = play[after.squeeze(-1)] if after.ndim > 2 else play[after[..., 0]]
                    numpyro.sample("notes", dist.Bernoulli(chances), obs=now)
        return (after, t + 1), None

    start = jnp.zeros((2, 1), dtype=jnp.int32)
    scan(step, (start, 0), jnp.swapaxes(jnp.asarray(notes), 0, 1))


@example("capture_recapture", capture=RNG.integers(0, 2, (4, 5)))
def captures(capture):
    n, occasions = capture.shape
    survive = numpyro.sample("survive", dist.Uniform(0.0, 1.0))
    catch = numpyro.sample("catch", dist.Uniform(0.0, 1.0))

    def step(carry, now):
        was_caught, alive = carry
        with numpyro.plate("animals", n, dim=-1):
            with numpyro.handlers.mask(mask=was_caught):
                alive = numpyro.sample(
                    "alive", dist.Bernoulli(alive * survive), infer={"enumerate": "parallel"}
                )
                numpyro.sample("caught", dist.Bernoulli(alive * catch), obs=now)
        return (was_caught | now.astype(bool), alive), None

    first = jnp.zeros(n, dtype=bool), jnp.ones(n, dtype=jnp.int32)
    scan(step, first, jnp.asarray(capture.T))


@example("gmm", y=POINTS, size=2)
@config_enumerate
def enumerated_mixture(y, size):
    weights = numpyro.sample("weights", dist.Dirichlet(0.5 * jnp.ones(size)))
    scale = numpyro.sample("scale", dist.LogNormal(0.0, 2.0))
    with numpyro.plate("components", size):
        centres = numpyro.sample("centres", dist.Normal(0.0, 10.0))
    with numpyro.plate("data", len(y)):
        which = numpyro.sample("which", dist.Categorical(weights))
        numpyro.sample("y", dist.Normal(centres[which], scale), obs=y)


@example("toy_mixture_model_discrete_enumeration", a=3.0)
@config_enumerate
def toy_mixture(a):
    chances = numpyro.sample("chances", dist.Beta(1, 1).expand([2]).to_event(1))
    first = numpyro.sample("first", dist.Bernoulli(chances[0]))
    second = numpyro.sample("second", dist.Bernoulli(chances[1]))
    numpyro.sample("a", dist.Normal(first + 2.0 * second, 0.5), obs=a)


@example("discrete_imputation", a=np.where(RNG.random(20) < 0.2, -1, 1), y=POINTS)
def imputed_cause(a, y):
    chance = numpyro.sample("chance", dist.Beta(2, 2))
    effect = numpyro.sample("effect", dist.Normal(0, 2))
    lacking = a == -1
    with numpyro.plate("data", len(y)):
        guess = numpyro.sample(
            "guess", dist.Bernoulli(chance).mask(lacking), infer={"enumerate": "parallel"}
        )
        cause = jnp.where(lacking, guess, a)
        numpyro.sample("cause", dist.Bernoulli(chance).mask(~lacking), obs=np.maximum(a, 0))
        numpyro.sample("y", dist.Normal(effect * cause, 1.0), obs=y)


@example("gmm, as older versions have it", y=POINTS)
def unmarked_mixture(y):
    """A site without a mark, which NUTS sums out all the same."""
    centres = numpyro.sample("centres", dist.Normal(jnp.array([-1.0, 1.0]), 2.0).to_event(1))
    with numpyro.plate("data", len(y)):
        which = numpyro.sample("which", dist.Bernoulli(0.5))
        numpyro.sample("y", dist.Normal(centres[which], 1.0), obs=y)


@example("mixtures without discrete sites", y=POINTS)
def same_family_mixture(y):
    weights = numpyro.sample("weights", dist.Dirichlet(jnp.ones(2)))
    ordered = dist.ImproperUniform(dist.constraints.ordered_vector, (), event_shape=(2,))
    centres = numpyro.sample("centres", ordered)
    numpyro.factor("prior", dist.Normal(0, 5).log_prob(centres).sum())
    parts = dist.Normal(centres, numpyro.sample("sd", dist.Gamma(2.0, 2.0)))
    with numpyro.plate("data", len(y)):
        numpyro.sample("y", dist.MixtureSameFamily(dist.Categorical(weights), parts), obs=y)


@example("stick breaking, of a Dirichlet process", y=POINTS, most=4)
def stick_breaking(y, most):
    alpha = numpyro.sample("alpha", dist.Gamma(1.0, 1.0))
    with numpyro.plate("sticks", most - 1):
        breaks = numpyro.sample("breaks", dist.Beta(1.0, alpha))
    left = jnp.concatenate([jnp.ones(1), jnp.cumprod(1 - breaks)])
    logs = jnp.log(left) + jnp.log(jnp.concatenate([breaks, jnp.ones(1)]))
    with numpyro.plate("components", most):
        centres = numpyro.sample("centres", dist.Normal(0.0, 3.0))
    each = logs + dist.Normal(centres, 1.0).log_prob(y[:, None])
    numpyro.factor("mixture", jax.nn.logsumexp(each, axis=1).sum())


@example("gaussian_shells")
def shells(width=0.3):
    x = numpyro.sample("x", dist.Uniform(-6.0, 6.0).expand([2]).to_event(1))
    logs = [-0.5 * ((jnp.linalg.norm(x - c) - 2.0) / width) ** 2 for c in (-3.5, 3.5)]
    numpyro.factor("shells", jnp.logaddexp(*logs))


@example("other_samplers, a density from a table", grid=np.linspace(0, 1, 5))
def zero_one_table(grid):
    u = numpyro.sample("u", dist.Uniform(0.0, 1.0))
    heights = jnp.array([0.1, 0.5, 1.0, 0.4, 0.1])
    numpyro.factor("table", jnp.log(jnp.interp(u, grid, heights)))


@example("funnel", dim=3)
def funnel(dim):
    y = numpyro.sample("y", dist.Normal(0, 3))
    numpyro.sample("x", dist.Normal(jnp.zeros(dim - 1), jnp.exp(y / 2)))


@example("funnel, reparametrised", dim=3)
@numpyro.handlers.reparam(config={"x": LocScaleReparam(0)})
def decentred_funnel(dim):
    y = numpyro.sample("y", dist.Normal(0, 3))
    numpyro.sample("x", dist.Normal(jnp.zeros(dim - 1), jnp.exp(y / 2)))


@example("neutra's dual moon")
def dual_moon():
    x = numpyro.sample("x", dist.Uniform(-4.0, 4.0).expand([2]).to_event(1))
    ring = 0.5 * ((jnp.linalg.norm(x) - 2.0) / 0.4) ** 2
    sides = jnp.logaddexp(*[-0.5 * ((x[0] + c) / 0.6) ** 2 for c in (2.0, -2.0)])
    numpyro.factor("moon", -ring + sides)


@example("ssbvm_mixture", angles=RNG.vonmises(0.5, 4.0, (8, 2)))
def torus(angles):
    loc = numpyro.sample("loc", dist.VonMises(0.0, 1.0).expand([2]).to_event(1))
    strength = numpyro.sample("strength", dist.HalfNormal(2.0).expand([2]).to_event(1))
    skew = numpyro.sample("skew", dist.Uniform(-0.4, 0.4).expand([2]).to_event(1))
    both = dist.SineBivariateVonMises(loc[0], loc[1], strength[0], strength[1], 0.1)
    with numpyro.plate("data", len(angles)):
        numpyro.sample("angles", dist.SineSkewed(both, skew), obs=angles)


@example("thompson_sampling's and the API's circles", y=np.array([0.3, 0.6]))
def circles(y):
    config = {"angle": CircularReparam(), "point": ProjectedNormalReparam()}
    with numpyro.handlers.reparam(config=config):
        angle = numpyro.sample("angle", dist.VonMises(0.0, 2.0))
        point = numpyro.sample("point", dist.ProjectedNormal(jnp.array([1.0, 0.0])))
    numpyro.sample("y", dist.Normal(angle + point[0], 1.0).to_event(0), obs=y)


@example("minipyro", y=POINTS)
def minimal(y):
    loc = numpyro.sample("loc", dist.Normal(0, 1))
    numpyro.sample("y", dist.Normal(loc, 1), obs=y)


@example("discrete latent counts", refusal="site 'count' of", y=3.2)
def latent_count(y):
    rate = numpyro.sample("rate", dist.Gamma(2.0, 1.0))
    count = numpyro.sample("count", dist.Poisson(rate))
    numpyro.sample("y", dist.Normal(count, 1.0), obs=y)


@example("effect_handlers, scope and scale", y=POINTS)
def handled(y):
    def half(part):
        mean = numpyro.sample("mean", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mean, 1), obs=part)

    with numpyro.handlers.scope(prefix="left", divider="/"):
        half(y[:10])
    with numpyro.handlers.scope(prefix="right", divider="/"), numpyro.handlers.scale(scale=2.0):
        half(y[10:])
