"""Arrays under a model's names, and in its shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth.model_sites import fit_sites

FILE = Path("draws.npz")
SHAPES = {"m": (), "beta": (3,)}
RNG = np.random.default_rng(0)
ARRAYS = {"m": RNG.standard_normal(20), "b": RNG.standard_normal((20, 3)), "other": np.ones(20)}


def test_sites_are_those_of_the_model_with_an_axis_of_one_chain():
    sites = fit_sites(FILE, ARRAYS, SHAPES, {"beta": "b"})
    assert {name: x.shape for name, x in sites.items()} == {"m": (1, 20), "beta": (1, 20, 3)}
    np.testing.assert_array_equal(sites["beta"][0], ARRAYS["b"])


def test_a_site_is_put_together_from_components_of_other_names():
    names = {f"beta[{i}]": f"b[{2 - i}]" for i in range(3)}
    sites = fit_sites(FILE, ARRAYS, SHAPES, names)
    np.testing.assert_array_equal(sites["beta"][0], ARRAYS["b"][:, ::-1])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"beta[0]": "b[0]"}, r"no name is given for 'beta\[1\]'"),
        ({"beta": "b", "m": "b"}, "'beta' and 'm' are both said to be 'b'"),
        ({}, "it lacks 'beta'"),
    ],
)
def test_names_that_leave_a_site_open_are_refused(names, words):
    with pytest.raises(UsageError, match=words):
        fit_sites(FILE, ARRAYS, SHAPES, names)
