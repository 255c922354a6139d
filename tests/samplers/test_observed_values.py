"""Data that their distribution can't have are refused by site, before anything is sampled."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker.inspection.inspect_model import read_sites
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model
from samplerbench.samplers.support.observed_values import find_impossible

jax = pytest.importorskip("jax")
numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # each traces a program, some run one
dist = numpyro.distributions
GAPS = np.array([1.0, np.nan, 2.0])


def observe(make, y, mask=True):
    """A model whose data follow what ``make`` makes of a positive parameter."""

    def program(y):
        m = numpyro.sample("m", dist.HalfNormal(1.0))
        with numpyro.handlers.mask(mask=mask):
            numpyro.sample("y", make(m), obs=y)

    return Model("observe", {"y": y}, program)


IMPOSSIBLE = {
    "missing": (lambda m: dist.Normal(m, 1.0), GAPS, "at nan.* Normal .*1 of 3 values"),
    "negative count": (dist.Poisson, np.array([1, -2]), "at -2, .* Poisson .*1 of 2"),
    "too many": (lambda m: dist.Binomial(2, m / (1 + m)), np.array([3]), "at 3, .*1 of 1"),
    "in a row": (
        lambda m: dist.MultivariateNormal(m * np.ones(2), np.eye(2)),
        np.array([[1.0, np.inf], [1.0, 2.0]]),
        "at inf, .*1 of 2",
    ),
}
POSSIBLE = {
    "masked": (lambda m: dist.Normal(m, 1.0), GAPS, ~np.isnan(GAPS)),
    "given a density all the same": (lambda m: dist.Bernoulli(m / (1 + m)), np.array([2]), True),
    "bounds are parameters": (lambda m: dist.Uniform(0.0, m), np.array([5.0]), True),
    "scaled": (
        lambda m: dist.TransformedDistribution(
            dist.Beta(m, 2.0), dist.transforms.AffineTransform(0.0, 10.0)
        ),
        np.array([5.0]),
        True,
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_has_no_density_is_refused_by_site_value_and_distribution(case):
    make, y, reason = IMPOSSIBLE[case]
    with pytest.raises(UnfitModel, match=f"site 'y' of 'program' is observed {reason}"):
        read_sites(observe(make, y), "program")


@pytest.mark.parametrize(
    ("value", "kind"),
    [([1.0, 2.0], "list"), (np.array(["a", "b"]), "ndarray of words"), ({"a": 1}, "dict")],
)
def test_what_is_observed_and_is_no_array_of_numbers_is_named(value, kind):
    reason = f"expected: arrays of numbers .*; site 'y' is observed as a value of type {kind}"
    with pytest.raises(UnfitModel, match=reason):
        read_sites(observe(lambda m: dist.Normal(m, 1.0), value), "program")


@pytest.mark.parametrize("case", POSSIBLE)
def test_data_outside_of_a_support_may_be_meant(case):
    assert find_impossible(observe(*POSSIBLE[case])) is None


@pytest.mark.parametrize(("fill", "is_refused"), [(np.nan, True), (0.0, False)])
def test_missing_values_that_make_the_density_nan_are_refused_with_the_data_that_hold_them(
    fill, is_refused
):
    def program(x, size):
        m = numpyro.sample("m", dist.Normal(0.0, 1.0))
        filled = jax.numpy.where(np.isnan(x), fill, x)
        numpyro.sample("y", dist.Normal(m * filled, 1.0), obs=np.ones(size))

    model = Model("mine", {"x": GAPS, "size": 3}, program)
    if not is_refused:
        assert [site.name for site, _ in read_sites(model, "program")] == ["m"]
        return
    with pytest.raises(UnfitModel, match=r"NaN wherever it is tried, .*: x \(1 of 3 values\)\n"):
        read_sites(model, "program")


@pytest.mark.parametrize(("value", "is_refused"), [(-1.0, True), (1.0, False)])
def test_a_program_whose_density_is_nan_everywhere_is_refused_by_site(value, is_refused):
    def program(x):
        m = numpyro.sample("m", dist.Normal(0.0, 1.0))
        numpyro.sample("good", dist.Normal(m, 1.0), obs=x)
        numpyro.sample("bad", dist.Normal(m * jax.numpy.log(x), 1.0), obs=x)

    model = Model("mine", {"x": np.array([value])}, program)
    if not is_refused:
        assert [site.name for site, _ in read_sites(model, "program")] == ["m"]
        return
    with pytest.raises(UnfitModel, match="NaN wherever it is tried, first at site 'bad'"):
        read_sites(model, "program")


def test_a_density_that_is_nan_near_the_origin_alone_is_left_to_samplers_that_start_elsewhere():
    def program():
        m = numpyro.sample("m", dist.Normal(100.0, 1.0))
        numpyro.sample("y", dist.Normal(jax.numpy.log(m - 50.0), 1.0), obs=1.0)

    assert [site.name for site, _ in read_sites(Model("mine", {}, program), "program")] == ["m"]


def test_a_site_that_is_hidden_from_samplers_is_named():
    def program(y):
        m = numpyro.sample("m", dist.Normal(0.0, 1.0))
        with numpyro.handlers.block(hide=["s"]):
            s = numpyro.sample("s", dist.HalfNormal(1.0))
        numpyro.sample("y", dist.Normal(m, s), obs=y)

    with pytest.raises(UnfitModel, match="next: site 's' is hidden from samplers"):
        read_sites(Model("mine", {"y": np.ones(2)}, program), "program")
