"""Sites as programs write them: odd names, shapes by sample_shape, reparametrised, enumerated."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.worker.inspection.inspect_model import read_sites
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Declined, Draws, Prepared, samplers
from samplerbench.samplers.support import improper_priors, jaxns_cube, latent_sites, log_density
from samplerbench.samplers.support.data_arguments import keep_constant
from samplerbench.samplers.support.site_handlers import (
    adapt_sites,
    choose_identifiers,
    restore_names,
)

jax = pytest.importorskip("jax")
jnp = jax.numpy
numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # each traces a program
dist = numpyro.distributions

ODD = ["theta[0]", "left/m", "net.w", "μ|$x$<b>", "lambda", "\N{MICRO SIGN}", ""]


def name_badly(y):
    for name in ("theta[0]", "fine"):
        numpyro.sample(name, dist.Normal(0.0, 1.0))


def shape_by_argument(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0), sample_shape=(3,))
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def decentre(y):
    from numpyro.infer.reparam import LocScaleReparam

    with numpyro.handlers.reparam(config={"effect": LocScaleReparam(0)}):
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("effect", dist.Normal(mean, 1.0).expand([3]).to_event(1))


def unwrap_a_circle(y):
    from numpyro.infer.reparam import CircularReparam

    with numpyro.handlers.reparam(config={"angle": CircularReparam()}):
        numpyro.sample("angle", dist.VonMises(0.0, 1.0))


def start_at_plain_numbers(y):
    with numpyro.handlers.substitute(data={"mean": 1.0, "effects": [1.0, 2.0]}):
        numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("effects", dist.Normal(0.0, 1.0).expand([2]).to_event(1))


def weigh_a_prior(y):
    with numpyro.handlers.scale(scale=0.5):
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def weigh_by_data(y):
    with numpyro.handlers.scale(scale=jnp.mean(y)):
        numpyro.sample("mean", dist.Normal(0.0, 1.0))


def weigh_observations(y):
    with numpyro.handlers.scale(scale=1.0):
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    with numpyro.handlers.scale(scale=0.5):
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def name_a_base(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    base = numpyro.sample("mean_base", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(mean + base, 1.0), obs=y)


def name_as_a_reparametrisation_would(y):
    base = numpyro.sample("x_base", dist.Normal(0.0, 1.0))
    numpyro.deterministic("x", 2.0 * base)


def reparametrise_twice(y):
    from numpyro.infer.reparam import LocScaleReparam, TransformReparam

    affine = dist.transforms.AffineTransform(1.0, 2.0)
    with numpyro.handlers.reparam(config={"x": TransformReparam(), "x_base": LocScaleReparam(0)}):
        base = dist.Normal(0.0, 1.0).expand([2]).to_event(1)
        numpyro.sample("x", dist.TransformedDistribution(base, affine))


def enumerate_labels(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    with numpyro.plate("n", 3):
        label = numpyro.sample("label", dist.Bernoulli(0.5), infer={"enumerate": "parallel"})
        numpyro.sample("y", dist.Normal(mean * label, 1.0), obs=y)


def correlate(y):
    numpyro.sample("L", dist.LKJCholesky(2, 1.0))


def give_gamma_whole_numbers(y):
    with numpyro.plate("k", 2):
        numpyro.sample("rate", dist.Gamma(2, 1))
    numpyro.sample("scale", dist.InverseGamma(3, 2))


KEPT_RATE = dist.Gamma(2, 1)  # of a dict of priors, as programs keep them


def keep_gamma_whole_numbers(y):
    with numpyro.plate("k", 2):
        numpyro.sample("rate", KEPT_RATE)


def subsample(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    with numpyro.plate("n", 3, subsample_size=2) as rows:
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=y[rows])


def sample_what_is_fixed(y):
    with numpyro.plate("n", 3):
        numpyro.sample("fixed", dist.Delta(2.0).mask(True))


def sample_flatly(y):
    numpyro.sample("mean", dist.ImproperUniform(dist.constraints.real, (), ()))


def mask_a_prior(y):
    numpyro.sample("mean", dist.Normal(0.0, 1.0).mask(False))


def mask_where(known):
    """A program whose site ``x`` has no prior where ``known(y)`` is False."""

    def mask_some(y):
        with numpyro.plate("n", 3), numpyro.handlers.mask(mask=known(y)):
            numpyro.sample("x", dist.Normal(0.0, 1.0))

    return mask_some


#: masks of NumPy and of JAX, which are abstract while a program is traced
MASKS = {
    "numpy": lambda y: np.asarray([0.0, 2.0, 3.0]) > 1,
    "jax": lambda y: jax.numpy.asarray([0.0, 2.0, 3.0]) > 1,
    "none left": lambda y: jax.numpy.zeros(3, dtype=bool),
}


@pytest.mark.parametrize("name", MASKS)
def test_a_prior_that_an_array_leaves_out_somewhere_is_improper(name):
    model = model_of(mask_where(MASKS[name]))
    assert [site.improper for site in latent_sites.find_latents(model)] == [True]
    for sampler in ("jaxns_direct", "dynesty_nested"):
        pytest.importorskip({"jaxns_direct": "jaxns", "dynesty_nested": "dynesty"}[sampler])
        with pytest.raises(Declined, match="prior of 'x' is improper"):
            samplers.get(sampler).prepare(model, Budget(), samplers.get(sampler).settings())


def test_masks_of_a_prior_are_found_below_its_wrappers():
    prior = dist.Normal(0.0, 1.0).expand([3]).mask(np.array([True, False, True])).to_event(1)
    (mask,) = improper_priors.list_masks(prior)
    assert mask.tolist() == [True, False, True] and improper_priors.is_improper(prior)
    assert not improper_priors.is_improper(prior, [np.ones(3, dtype=bool)])
    assert not improper_priors.is_improper(dist.Uniform(0.0, 1.0).mask(False))


@pytest.mark.parametrize("make", [np.ones, lambda size: jax.numpy.asarray(np.ones(size)) > 0])
def test_a_prior_that_an_array_leaves_whole_is_proper(make):
    model = model_of(mask_where(lambda y: make(3) > 0.5))
    assert [site.improper for site in latent_sites.find_latents(model)] == [False]


def walk(y):
    from numpyro.contrib.control_flow import scan

    def step(before, _):
        now = numpyro.sample("place", dist.Normal(before, 1.0))
        return now, now

    scan(step, 0.0, None, length=3)


def model_of(program):
    return Model(program.__name__, {"y": np.array([1.0, -2.0, 3.0])}, program)


def test_names_that_are_no_identifiers_get_some_and_the_others_stay():
    chosen = choose_identifiers([*ODD, "fine", "θ", "site_0"])
    assert set(chosen) == set(ODD) and "site_0" not in chosen.values()
    assert len(set(chosen.values())) == len(ODD)
    assert all(name.isidentifier() for name in chosen.values())


def test_a_program_that_needs_no_adaption_stays_itself():
    model = model_of(decentre)
    assert adapt_sites(model) == (model, {})


def test_draws_of_a_renamed_program_bear_its_own_names():
    adapted, names = adapt_sites(model_of(name_badly))
    sites = [site.name for site in latent_sites.find_latents(adapted)]
    prepared = Prepared(lambda seed: Draws({name: np.zeros((1, 2)) for name in sites}))
    assert set(restore_names(prepared, names).plain(0).sites) == {"theta[0]", "fine"}


def test_a_site_by_sample_shape_has_the_shape_of_its_value():
    model = model_of(shape_by_argument)
    assert [site.shape for site in latent_sites.find_latents(model)] == [(3,)]
    traced = []

    def read():
        site = latent_sites.trace_sites(adapt_sites(model)[0], model.data)["mean"]
        traced.append((site["fn"].shape(), site["kwargs"]["sample_shape"]))

    jax.eval_shape(read)
    assert traced == [((3,), ())]


def test_parameters_are_the_sites_that_the_author_wrote():
    parameters = latent_sites.find_parameters(model_of(decentre))
    assert {(site.name, site.shape) for site in parameters} == {("mean", ()), ("effect", (3,))}
    assert [s.name for s in latent_sites.find_parameters(model_of(enumerate_labels))] == ["mean"]


def compute_sites(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    numpyro.deterministic("square", mean**2)
    numpyro.deterministic("powers", mean ** jax.numpy.arange(3))
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def test_deterministic_sites_are_judged_where_they_are_asked_for():
    model = model_of(compute_sites)

    def names(*wanted):
        return [site.name for site in latent_sites.find_parameters(model, wanted)]

    assert (names(), names("square")) == (["mean"], ["mean", "square"])
    assert names("all") == ["mean", "square", "powers"]
    judged = latent_sites.find_parameters(model, ["square"])
    assert latent_sites.list_unjudged(model, judged) == ["powers"]
    assert latent_sites.find_parameters(model, ["powers"])[1].shape == (3,)
    with pytest.raises(UsageError, match="'squares'; did you mean 'square'"):
        names("squares")


def test_auxiliary_sites_are_those_that_a_reparametrisation_asks_for_whatever_their_names():
    own, twice = map(model_of, (name_as_a_reparametrisation_would, reparametrise_twice))
    assert [s.name for s in latent_sites.find_parameters(own)] == ["x_base"]
    assert [s.stands_for for s in latent_sites.find_latents(own)] == [""]
    (auxiliary,) = latent_sites.find_latents(twice)
    assert (auxiliary.name, auxiliary.stands_for) == ("x_base_decentered", "x")
    assert [(s.name, s.shape) for s in latent_sites.find_parameters(twice)] == [("x", (2,))]


def test_a_site_that_a_handler_gives_a_plain_number_has_its_shape():
    model = model_of(start_at_plain_numbers)
    for find in (latent_sites.find_latents, latent_sites.find_parameters):
        assert [(s.name, s.shape) for s in find(model)] == [("mean", ()), ("effects", (2,))]


def test_enumerated_sites_are_left_to_numpyro_where_funsor_is_there(monkeypatch):
    pytest.importorskip("funsor")
    model = model_of(enumerate_labels)
    sites = latent_sites.require_continuous(model, "NUTS", enumerates=True)
    assert [site.name for site in sites] == ["mean"]
    with pytest.raises(Declined, match="'label'.*is discrete.*numpyro_nuts sums it out"):
        latent_sites.require_continuous(model, "a density")
    monkeypatch.setattr(latent_sites, "find_spec", lambda name: None)
    with pytest.raises(Declined, match="needs funsor"):
        latent_sites.require_continuous(model, "NUTS", enumerates=True)


def sum_out_unmarked_labels(y):
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    with numpyro.plate("n", 3):
        label = numpyro.sample("label", dist.Bernoulli(0.5))
        numpyro.sample("y", dist.Normal(mean * label, 1.0), obs=y)


def test_numpyros_kernels_sum_out_what_can_be_though_it_is_not_marked():
    pytest.importorskip("funsor")
    model = model_of(sum_out_unmarked_labels)
    assert [site.name for site in latent_sites.find_parameters(model)] == ["mean"]
    sites = latent_sites.require_continuous(model, "NUTS", True, enumerates_unmarked=True)
    assert [site.name for site in sites] == ["mean"]
    with pytest.raises(Declined, match="'label'.*is discrete"):
        latent_sites.require_continuous(model, "nested sampling", enumerates=True)


def choose_one(y):
    numpyro.sample("y", dist.Normal(numpyro.sample("label", dist.Bernoulli(0.5)), 1.0), obs=y)


def test_no_sampler_is_said_to_sum_out_the_only_site():
    with pytest.raises(
        Declined,
        match=r"'label'.*is discrete.*is run on continuous parameters only \(sum the discrete",
    ):
        latent_sites.require_continuous(model_of(choose_one), "NUTS", True, True)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (correlate, "site 'L' of 'correlate'.*LKJCholesky has no quantile.*jaxns_direct samples"),
        (unwrap_a_circle, "'angle'.*auxiliary site 'angle_unwrapped'.*numpyro_nuts"),
        (walk, "site 'place'.*within scan or cond.*numpyro_nuts and jaxns_direct"),
        (sample_flatly, "prior of 'mean' is improper.*numpyro_nuts takes it"),
        (mask_a_prior, "prior of 'mean' is improper.*numpyro_nuts takes it"),
        (weigh_a_prior, "prior of 'mean' is raised to a power.*numpyro_nuts takes it"),
        (weigh_by_data, "prior of 'mean' is raised to a power.*scale the observed sites alone"),
    ],
)
def test_nested_sampling_declines_before_it_runs_what_it_has_no_transform_for(program, reason):
    pytest.importorskip("jaxns")
    sampler = samplers.get("jaxns_nested")
    with pytest.raises(Declined, match=reason):
        sampler.prepare(model_of(program), Budget(), sampler.settings())


def test_nested_sampling_takes_a_gamma_of_whole_numbers():
    pytest.importorskip("jaxns")
    sampler = samplers.get("jaxns_nested")
    assert sampler.prepare(model_of(give_gamma_whole_numbers), Budget(), sampler.settings()).plain


def test_the_likelihood_alone_may_be_raised_to_a_power():
    sites = latent_sites.require_proper(model_of(weigh_observations), "nested sampling")
    assert [(site.name, site.improper) for site in sites] == [("mean", False)]


def test_a_latent_site_loses_a_value_of_the_programs_own():
    adapted, _ = adapt_sites(model_of(start_at_plain_numbers))
    density = log_density.make_log_density(adapted)
    draw = jax.vmap(lambda key: density.draw_prior(key, adapted.data))
    sites = draw(jax.random.split(jax.random.PRNGKey(0), 50))
    assert {name: x.shape for name, x in sites.items()} == {"mean": (50,), "effects": (50, 2)}
    assert len(np.unique(sites["mean"])) == len(np.unique(sites["effects"][:, 0])) == 50


def test_a_site_whose_base_would_be_named_as_another_gets_another_name():
    pytest.importorskip("jaxns")
    adapted, names = adapt_sites(model_of(name_a_base))
    assert list(names.values()) == ["mean"]
    sites = latent_sites.find_latents(adapted)
    cube = jaxns_cube.NumPyroCube(adapted, keep_constant(adapted), sites)
    bases = {f"{site.name}_base": np.full(3, 0.5) for site in sites}
    values = cube.constrain(bases, {})
    restored = {names.get(name, name): x for name, x in values.items()}
    assert restored.keys() == {"mean", "mean_base"}
    assert all(abs(x).max() < 1e-6 for x in restored.values())


def test_a_prior_that_a_program_keeps_is_left_as_it_is():
    adapted, _ = adapt_sites(model_of(keep_gamma_whole_numbers))

    def draw():
        seeded = numpyro.handlers.seed(adapted.program, 0)
        return numpyro.handlers.trace(seeded).get_trace(None)["rate"]["value"]

    for _ in range(2):  # traced anew each time, with the very same Gamma
        jax.make_jaxpr(draw)()
    assert KEPT_RATE.concentration == 2 and jnp.result_type(KEPT_RATE.concentration).kind == "i"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (subsample, "plate 'n' of 'subsample' takes 2 of 3 at random"),
        (sample_what_is_fixed, "site 'fixed'.*is a Delta.*numpyro.deterministic"),
    ],
)
def test_what_no_sampler_takes_is_refused_by_name_before_anything_runs(program, reason):
    with pytest.raises(UnfitModel, match=reason):
        read_sites(model_of(program), program.__name__)


def test_a_partly_observed_site_is_judged_as_the_program_names_it():
    known = np.array([True, False, True])

    def program(y):
        mean = numpyro.sample("mean", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mean, 1.0).expand([3]), obs=y, obs_mask=known)

    def by_hand(y):  # names alike, but nothing observed
        x = numpyro.sample("y_unobserved", dist.Normal(0, 1))
        numpyro.deterministic("y", x + numpyro.sample("y_observed", dist.Normal(0, 1)))

    found = latent_sites.find_parameters(model_of(program))
    assert [(site.name, site.shape) for site in found] == [("mean", ()), ("y", (3,))]
    found = latent_sites.find_parameters(model_of(by_hand))
    assert [site.name for site in found] == ["y_unobserved", "y_observed"]
