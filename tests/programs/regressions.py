"""Regressions and hierarchies, as NumPyro's examples have them, on small data of our own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer.reparam import LocScaleReparam, TransformReparam

from tests.programs.example import example

RNG = np.random.default_rng(11)
X = RNG.normal(size=(24, 3))
Y = X @ np.array([1.0, 0.0, -2.0]) + 0.3 * RNG.normal(size=24)
LABELS = (Y > 0).astype(np.int32)
GROUP = np.repeat(np.arange(4), 6)
EFFECTS = {"errors": np.array([3.0, 2.0, 4.0, 2.5]), "seen": np.array([5.0, -1.0, 0.5, 2.0])}


@example("baseball", trials=np.array([40, 45, 50]), hits=np.array([12, 9, 20]))
def partial_pooling(trials, hits=None):
    mean = numpyro.sample("mean", dist.Uniform(0.0, 1.0))
    size = numpyro.sample("size", dist.Pareto(1.0, 1.5))
    with numpyro.plate("players", trials.shape[0]):
        chance = numpyro.sample("chance", dist.Beta(mean * size, (1 - mean) * size))
        return numpyro.sample("hits", dist.Binomial(trials, probs=chance), obs=hits)


@example("README, eight schools", J=4, **EFFECTS)
def centred_effects(J, errors, seen=None):
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("J", J):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("seen", dist.Normal(theta, errors), obs=seen)


@example("bad_posterior_geometry", J=4, **EFFECTS)
@numpyro.handlers.reparam(config={"theta": LocScaleReparam(centered=0)})
def decentred_effects(J, errors, seen=None):
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("J", J):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("seen", dist.Normal(theta, errors), obs=seen)


@example("README, eight schools with a transform", J=4, **EFFECTS)
def transformed_effects(J, errors, seen=None):
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("J", J), numpyro.handlers.reparam(config={"theta": TransformReparam()}):
        affine = dist.transforms.AffineTransform(mu, tau)
        theta = numpyro.sample("theta", dist.TransformedDistribution(dist.Normal(0, 1), affine))
        numpyro.sample("seen", dist.Normal(theta, errors), obs=seen)


@example("variationally_inferred_parameterization", J=4, **EFFECTS)
@numpyro.handlers.reparam(config={"theta": LocScaleReparam()})
def effects_centred_as_learnt(J, errors, seen=None):
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfCauchy(5))
    theta = numpyro.sample("theta", dist.Normal(mu, tau).expand([J]).to_event(1))
    numpyro.sample("seen", dist.Normal(theta, errors).to_event(1), obs=seen)


@example("bnn", x=X, y=Y[:, None], width=3)
def small_network(x, y, width):
    hidden = dist.Normal(0, 1).expand([x.shape[1], width]).to_event(2)
    first = jnp.tanh(x @ numpyro.sample("first", hidden))
    second = numpyro.sample("second", dist.Normal(jnp.zeros((width, 1)), jnp.ones((width, 1))))
    if y is not None:
        assert (first @ second).shape == y.shape
    precision = numpyro.sample("precision", dist.Gamma(3.0, 1.0))
    with numpyro.plate("data", x.shape[0]):
        noise = dist.Normal(first @ second, 1 / jnp.sqrt(precision)).to_event(1)
        numpyro.sample("y", noise, obs=y)


@example("covtype", features=X, labels=LABELS)
def logistic(features, labels):
    slopes = numpyro.sample("slopes", dist.Normal(jnp.zeros(3), jnp.ones(3)))
    numpyro.sample("labels", dist.Bernoulli(logits=jnp.dot(features, slopes)), obs=labels)


@example("horseshoe_regression", x=X, y=Y, family="normal")
def horseshoe(x, y, family):
    local = numpyro.sample("local", dist.HalfCauchy(jnp.ones(x.shape[1])))
    overall = numpyro.sample("overall", dist.HalfCauchy(jnp.ones(1)))
    unscaled = numpyro.sample("unscaled", dist.Normal(jnp.zeros(x.shape[1]), 1.0))
    mean = x @ numpyro.deterministic("slopes", overall * local * unscaled)
    if family == "normal":
        sd = 1 / jnp.sqrt(numpyro.sample("precision", dist.Gamma(3.0, 1.0)))
        numpyro.sample("y", dist.Normal(mean, sd), obs=y)
    else:
        numpyro.sample("y", dist.Bernoulli(logits=mean), obs=y)


@example("sparse_regression", x=X, y=Y, hyper={"scale": 2.0, "slab": 1.0})
def pairwise_kernel(x, y, hyper):
    slab = numpyro.sample("slab", dist.InverseGamma(2.0, hyper["slab"]))
    noise = numpyro.sample("noise", dist.HalfNormal(hyper["scale"]))
    shrink = numpyro.sample("shrink", dist.HalfCauchy(jnp.ones(x.shape[1])))
    scaled = jnp.sqrt(slab) * shrink / jnp.sqrt(slab + shrink**2) * x
    inner = scaled @ scaled.T
    cov = 0.5 * (1 + inner) ** 2 + (noise**2 + 0.1) * jnp.eye(x.shape[0])
    numpyro.sample("y", dist.MultivariateNormal(jnp.zeros(x.shape[0]), cov), obs=y)


@example("bayesian_regression", a=X[:, 0], b=None, y=Y)
def optional_predictors(a=None, b=None, y=None):
    mean = numpyro.sample("intercept", dist.Normal(0.0, 0.5))
    for name, column in (("a", a), ("b", b)):
        if column is not None:
            mean = mean + numpyro.sample(f"slope {name}", dist.Normal(0.0, 1.0)) * column
    numpyro.sample("y", dist.Normal(mean, numpyro.sample("sd", dist.Exponential(1.0))), obs=y)


@example("bayesian_hierarchical_linear_regression", group=GROUP, week=X[:, 0], y=Y)
def lines_by_group(group, week, y=None):
    means = [numpyro.sample(f"mean_{c}", dist.Normal(0.0, 5.0)) for c in "ab"]
    sds = [numpyro.sample(f"sd_{c}", dist.HalfNormal(2.0)) for c in "ab"]
    with numpyro.plate("groups", len(np.unique(group))):
        a = numpyro.sample("a", dist.Normal(means[0], sds[0]))
        b = numpyro.sample("b", dist.Normal(means[1], sds[1]))
    sd = numpyro.sample("sd", dist.HalfNormal(2.0))
    with numpyro.plate("data", len(group)):
        numpyro.sample("y", dist.Normal(a[group] + b[group] * week, sd), obs=y)


@example("ucbadmit", dept=GROUP, male=LABELS, applied=np.full(24, 30), taken=np.arange(24))
def admissions(dept, male, applied, taken=None):
    mean = numpyro.sample("mean", dist.Normal(0, 4), sample_shape=(2,))
    scale = numpyro.sample("scale", dist.HalfCauchy(2.0).expand([2]).to_event(1))
    corr = numpyro.sample("corr", dist.LKJCholesky(2, concentration=2.0))
    with numpyro.plate("depts", 4):
        effect = numpyro.sample("z", dist.Normal(0, 1).expand([2]).to_event(1))
    effect = mean + effect @ (scale[:, None] * corr).T
    logits = effect[dept, 0] + effect[dept, 1] * male
    numpyro.sample("taken", dist.Binomial(applied, logits=logits), obs=taken)


@example("ordinal_regression", x=X[:, 0], y=np.digitize(X[:, 0], [-0.5, 0.5]), classes=3)
def ordinal(x, y, classes):
    slope = numpyro.sample("slope", dist.Normal(0, 1))
    with numpyro.handlers.reparam(config={"cuts": TransformReparam()}):
        ordered = dist.TransformedDistribution(
            dist.Normal(0, 1).expand([classes - 1]), dist.transforms.OrderedTransform()
        )
        cuts = numpyro.sample("cuts", ordered)
    numpyro.sample("y", dist.OrderedLogistic(slope * x, cuts), obs=y)


@example("zero_inflated_poisson", x=X, visits=RNG.poisson(1.0, 24) * LABELS)
def zero_inflated(x, visits):
    gate = numpyro.sample("gate", dist.Normal(jnp.zeros(3), 1.0))
    rate = numpyro.sample("rate", dist.Normal(jnp.zeros(3), 1.0))
    counts = dist.ZeroInflatedPoisson(jax.nn.sigmoid(x @ gate), rate=jnp.exp(x @ rate))
    with numpyro.plate("data", len(x)):
        numpyro.sample("visits", counts, obs=visits)


@example(
    "mortality", deaths=RNG.poisson(5.0, (4, 3)), people=np.full((4, 3), 100), lookup=[0, 0, 1]
)
def mortality(deaths, people, lookup):
    lookup = np.array(lookup)
    ages, places = numpyro.plate("ages", 4, dim=-2), numpyro.plate("places", 3, dim=-1)
    regions = numpyro.plate("regions", int(lookup.max()) + 1)
    level = numpyro.sample("level", dist.Normal(-3, 1))
    with regions:
        region = numpyro.sample("region", dist.Normal(0, 0.5))
    with places:
        place = numpyro.sample("place", dist.Normal(region[lookup], 0.5))
    with ages:
        age = numpyro.sample("age", dist.Normal(0, 0.5))
    with ages, places:
        chance = jax.nn.sigmoid(level + place + age)
        numpyro.sample("deaths", dist.Binomial(people, chance), obs=deaths)


LINE_GRAPH = np.eye(6, k=1) + np.eye(6, k=-1)


@example("CAR, as the distribution's own page", y=RNG.poisson(4.0, 6), links=LINE_GRAPH)
def neighbours(y, links):
    strength = numpyro.sample("strength", dist.Uniform(0.0, 0.99))
    precision = numpyro.sample("precision", dist.Gamma(2.0, 2.0))
    field = numpyro.sample("field", dist.CAR(0.0, strength, precision, links, is_sparse=True))
    numpyro.sample("y", dist.Poisson(jnp.exp(1.0 + field)), obs=y)


@example("proportion_test", design=np.stack([np.ones(24), LABELS], axis=1), made=LABELS)
def proportions(design, made):
    slopes = numpyro.sample(
        "slopes", dist.MultivariateNormal(jnp.zeros(2), covariance_matrix=jnp.eye(2))
    )
    logits = design @ slopes
    effect = jax.nn.sigmoid(slopes[0] + slopes[1]) - jax.nn.sigmoid(slopes[0])
    numpyro.deterministic("effect", effect)
    with numpyro.plate("visitors", len(design)):
        numpyro.sample("made", dist.Bernoulli(logits=logits), obs=made)


SEEN = np.where(RNG.random(24) < 0.2, np.nan, X[:, 1])


@example("bayesian_imputation", age=SEEN, y=Y, how="mask")
def imputed_predictor(age, y, how):
    mean, sd = numpyro.sample("mean", dist.Normal(0, 1)), numpyro.sample("sd", dist.HalfNormal(1))
    if how == "mask":
        [lacking] = np.nonzero(np.isnan(age))
        guess = numpyro.sample("guess", dist.Normal(mean, sd).expand([len(lacking)]).mask(False))
        age = jnp.asarray(age).at[lacking].set(guess)
        numpyro.sample("age", dist.Normal(mean, sd), obs=age)
    slope = numpyro.sample("slope", dist.Normal(0, 1))
    numpyro.sample("y", dist.Normal(slope * age, 1.0), obs=y)


@example("sample's obs_mask", y=np.nan_to_num(SEEN), known=~np.isnan(SEEN))
def masked_observations(y, known):
    mean = numpyro.sample("mean", dist.Normal(0, 1))
    with numpyro.plate("data", len(y)):
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=y, obs_mask=known)


@example("censoring", times=np.abs(Y) + 0.1, censored=LABELS.astype(bool))
def censored_survival(times, censored):
    rate = numpyro.sample("rate", dist.LogNormal(0.0, 1.0))
    with numpyro.plate("patients", len(times)):
        with numpyro.handlers.mask(mask=~censored):
            numpyro.sample("died", dist.Exponential(rate), obs=times)
        with numpyro.handlers.mask(mask=censored):
            numpyro.factor("alive", -rate * times)


@example("truncated_distributions", low=-1.0, high=2.0, y=np.clip(X[:, 0], -0.9, 1.9))
def truncated(low, high, y=None):
    loc = numpyro.sample("loc", dist.Normal())
    scale = numpyro.sample("scale", dist.LogNormal())
    with numpyro.plate("data", y.shape[0]):
        numpyro.sample("y", dist.TruncatedNormal(loc, scale, low=low, high=high), obs=y)


@example("tbip", author=np.array([0, 0, 1, 1]), counts=RNG.poisson(2.0, (4, 5)))
def ideal_points(author, counts):
    documents, topics, words = len(counts), 2, counts.shape[1]
    with numpyro.plate("documents", documents, dim=-2), numpyro.plate("topics", topics, dim=-1):
        theta = numpyro.sample("theta", dist.Gamma(0.3, 0.3))
    with numpyro.plate("topic", topics, dim=-2), numpyro.plate("word", words, dim=-1):
        beta = numpyro.sample("beta", dist.Gamma(0.3, 0.3))
        lean = numpyro.sample("lean", dist.Normal())
    with numpyro.plate("authors", 2):
        ideal = numpyro.sample("ideal", dist.Normal())
    rates = (theta[:, :, None] * beta * jnp.exp(ideal[author][:, None, None] * lean)).sum(1)
    with numpyro.plate("document", documents, dim=-2), numpyro.plate("all words", words, dim=-1):
        numpyro.sample("counts", dist.Poisson(rates), obs=counts)


@example("bayesian_hierarchical_stacking", x=X, densities=RNG.normal(-1, 0.3, (24, 3)), test=None)
def stacking(x, densities, test=None):
    models = densities.shape[1]
    slopes = numpyro.sample("slopes", dist.Normal(0, 1).expand([3, models - 1]).to_event(2))
    logits = jnp.concatenate([x @ slopes, jnp.zeros((len(x), 1))], axis=1)
    weights = jax.nn.log_softmax(logits, axis=1)
    numpyro.deterministic("weights", jnp.exp(weights))
    numpyro.factor("score", jax.scipy.special.logsumexp(weights + densities, axis=1).sum())


@example("bayesian_cuped", before=X[:, 0], after=Y, arm=LABELS)
def multivariate_outcome(before, after, arm):
    sd = numpyro.sample("sd", dist.HalfNormal(2.0).expand([2]).to_event(1))
    corr = numpyro.sample("corr", dist.LKJ(2, 1.0))
    mean = numpyro.sample("mean", dist.Normal(0, 5).expand([2]).to_event(1))
    lift = numpyro.sample("lift", dist.Normal(0, 1))
    centre = mean + jnp.stack([jnp.zeros(len(arm)), lift * arm], axis=1)
    both = dist.MultivariateNormal(centre, covariance_matrix=jnp.outer(sd, sd) * corr)
    numpyro.sample("both", both, obs=np.stack([before, after], axis=1))


@example("hmcecs", refusal="plate .data. of .*subsample_size", y=Y)
def subsampled_plate(y):
    """A plate that takes some of its data, for other kernels than NUTS."""
    mean = numpyro.sample("mean", dist.Normal(0, 1))
    with numpyro.plate("data", len(y), subsample_size=10):
        batch = numpyro.subsample(y, event_dim=0)
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=batch)


@example("prodlda", counts=RNG.poisson(3.0, (4, 6)))
def topics_with_point_parameters(counts):
    """What variational inference would learn is a ``param``: it stays where it starts."""
    words = numpyro.param("words", jnp.linspace(-1.0, 1.0, 12).reshape(2, 6))
    with numpyro.plate("documents", len(counts)):
        logits = numpyro.sample("logits", dist.Normal(0, 1).expand([2]).to_event(1))
        probs = jax.nn.softmax(logits, -1) @ jax.nn.softmax(words, -1)
        totals = counts.sum(axis=1)
        numpyro.sample("counts", dist.Multinomial(totals, probs=probs), obs=counts)
