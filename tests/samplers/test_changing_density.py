"""A program that has another density at each call is refused, and one that only looks so is not."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker.inspection.inspect_model import read_sites
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model
from samplerbench.samplers.support.changing_density import is_density_changing
from samplerbench.samplers.support.log_density import make_log_density

jax = pytest.importorskip("jax")
numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # each traces a program twice
dist = numpyro.distributions
Y = np.array([1.0, np.nan])


def draw_noise(y):
    m = numpyro.sample("m", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(m + np.random.normal(size=2), 1.0), obs=np.zeros(2))


def draw_with_a_seed(y):
    m = numpyro.sample("m", dist.Normal(0.0, 1.0))
    noise = np.random.default_rng(1).normal(size=2)
    numpyro.sample("y", dist.Normal(m + noise, 1.0), obs=np.zeros(2))


def mask_and_branch(y):
    m = numpyro.sample("m", dist.Normal(0.0, 1.0))
    mean = jax.lax.cond(m > 0, lambda m: m, lambda m: 2 * m, m)
    with numpyro.handlers.mask(mask=~np.isnan(y)):
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def note_calls(y, calls=[]):  # noqa: B006  (what changes is no part of the density)
    calls.append(np.random.normal())
    numpyro.sample("m", dist.Normal(0.0, 1.0))


def test_numbers_of_a_programs_own_are_refused_with_what_to_do():
    with pytest.raises(UnfitModel, match="'draw_noise' has another density (.|\n)*as data"):
        read_sites(Model("mine", {"y": Y}, draw_noise), "draw_noise")


@pytest.mark.parametrize("program", [draw_with_a_seed, mask_and_branch, note_calls])
def test_one_density_is_one_however_it_is_written(program):
    density = make_log_density(Model("mine", {"y": Y}, program))
    assert not is_density_changing(density, {"y": Y})
