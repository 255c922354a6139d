"""Data are constants of what is compiled, and arguments where other data sets are wanted."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker.timing import time_upload
from samplerbench.models.base import Model
from samplerbench.samplers.support import data_arguments

pytestmark = pytest.mark.slow  # each traces a program


def count_groups(group, y, word="normal"):
    import numpyro
    import numpyro.distributions as dist

    assert word == "normal"
    with numpyro.plate("groups", len(np.unique(group))):
        mean = numpyro.sample("mean", dist.Normal(0.0, 5.0))
    numpyro.sample("y", dist.Normal(mean[group], 1.0), obs=y)


GROUP = np.repeat(np.arange(3), 4)
COUNTED = Model("counted", {"group": GROUP, "y": GROUP + 1.0, "word": "normal"}, count_groups)


def test_arrays_whose_values_a_program_asks_for_are_constants_and_the_others_arguments():
    pytest.importorskip("numpyro")
    split = data_arguments.split_data(COUNTED)
    assert set(split.arguments) == {"y"} and set(split.constants) == {"group", "word"}
    assert "TracerArrayConversionError" in split.reason


def test_sizes_found_in_data_are_borne_in_both_modes_and_other_data_compile_nothing():
    pytest.importorskip("numpyro")
    from numpyro.infer import NUTS

    from samplerbench.samplers.base import Budget
    from samplerbench.samplers.support.numpyro_mcmc import prepare_mcmc

    prepared = prepare_mcmc(lambda: NUTS(count_groups), COUNTED, Budget(1, 300, 300), "parallel")
    compiled = prepared.compile_for_data()
    assert set(compiled.fixed_data) == {"group"}
    moved = compiled.with_data({**COUNTED.data, "y": COUNTED.data["y"] + 2.0})
    draws = moved.collect(moved.sample(moved.warmup(1))).sites["mean"]
    exact = (GROUP[::4] + 3.0) * 4 / (4 + 1 / 25)  # conjugate: 4 observations each, prior sd 5
    assert np.abs(draws.mean(axis=(0, 1)) - exact).max() < 0.2  # 0.5 sd / sqrt(50) is 0.07


def test_what_only_looks_like_an_array_is_no_argument_and_no_upload():
    pandas, jax = pytest.importorskip("pandas"), pytest.importorskip("jax")
    series = pandas.Series([1.0, 2.0], index=pandas.to_datetime(["2024-01-01", "2024-02-01"]))
    masked = np.ma.masked_invalid([1.0, np.nan])
    data = {
        "series": series,
        "masked": masked,
        "key": jax.random.key(0),
        "word": "a",
        "y": np.ones(2),
        "x": jax.numpy.ones(2),
    }
    assert [n for n, v in data.items() if data_arguments.is_array(v)] == ["y", "x"]
    assert time_upload(data) > 0
