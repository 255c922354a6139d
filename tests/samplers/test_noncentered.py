"""Non-centred programs have the same posterior by the same names, whatever sites look like."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import find_latents
from samplerbench.samplers.support.log_density import make_log_density
from samplerbench.samplers.support.noncentered import noncenter

numpyro = pytest.importorskip("numpyro")
dist = numpyro.distributions

pytestmark = pytest.mark.slow


def program(y):
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    numpyro.sample("t", dist.StudentT(4.0, 1.0, scale))
    with numpyro.plate("group", 3):
        numpyro.sample("a", dist.Normal(2.0, scale))
    b = numpyro.sample("b", dist.Cauchy(0.0, scale), sample_shape=(2,))
    numpyro.sample("v", dist.Laplace(np.zeros(2), 1.0).to_event(1))
    numpyro.sample("y", dist.Normal(b.sum(), 1.0), obs=y)


def test_location_scale_sites_are_standardised_and_the_others_left():
    model = Model("mine", {"y": np.array(0.5)}, program)
    shapes = {site.name: site.shape for site in find_latents(noncenter(model))}
    assert shapes == {
        "scale": (),
        "t_decentered": (),
        "a_decentered": (3,),
        "b_decentered": (2,),
        "v_decentered": (2,),
    }


def test_the_joint_density_is_that_of_the_program_at_the_same_place():
    model = Model("mine", {"y": np.array(0.5)}, program)
    own, other = make_log_density(model), make_log_density(noncenter(model))
    rng = np.random.default_rng(1)
    for _ in range(5):
        u = rng.normal(size=other.dim)
        sites = other.constrain(u, model.data)
        v = own.unconstrain({site.name: sites[site.name] for site in own.latents}, model.data)
        # sd of 8 standardised parameters is their scale: log |d v / d u|
        scale = float(np.log(sites["scale"]))
        assert float(own.log_joint(v, model.data)) + (1 + 3 + 2) * scale == pytest.approx(
            float(other.log_joint(u, model.data)), abs=1e-3
        )


def walk():
    from numpyro.contrib.control_flow import scan

    def step(before, _):
        now = numpyro.sample("place", dist.Normal(before, 1.0))
        return now, now

    scan(step, numpyro.sample("start", dist.Normal(0.0, 1.0)), None, length=3)


def test_sites_within_a_scan_are_left_where_they_are():
    latents = find_latents(noncenter(Model("mine", {}, walk)))
    assert {site.name: site.shape for site in latents} == {"start_decentered": (), "place": (3,)}


def grow():
    scale = numpyro.sample("scale", dist.LogNormal(0.0, 2.0))
    shift = dist.transforms.AffineTransform(1.0, scale)
    numpyro.sample("moved", dist.TransformedDistribution(dist.Normal(0.0, 1.0), shift))
    numpyro.sample("masked", dist.Normal(0.0, scale).mask(np.array([True, False])))
    numpyro.sample("a", dist.Normal(0.0, scale).expand([2]).to_event(1))


def test_transformed_and_masked_sites_are_left_as_they_are():
    model = noncenter(Model("mine", {}, grow))
    assert {s.name for s in find_latents(model)} == {"scale", "moved", "masked", "a_decentered"}
    density = make_log_density(model)
    assert np.isfinite(float(density.log_joint(np.zeros(density.dim), model.data)))
