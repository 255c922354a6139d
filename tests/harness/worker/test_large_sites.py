"""Deterministic sites that fill the memory are not kept, but for those that are judged."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker import large_sites
from samplerbench.models.base import Model
from samplerbench.samplers.base import Compiled, Draws, Prepared

numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # traces programs
dist = numpyro.distributions


def program():
    m = numpyro.sample("m", dist.Normal(0, 1).expand([50]))
    numpyro.deterministic("curve", m[:, None] * np.ones(50))
    numpyro.deterministic("total", m.sum())


def run(seed: int) -> Draws:
    m = np.random.default_rng(seed).normal(size=(1, 10, 50))
    return Draws({"m": m, "curve": m[..., None] * np.ones(50), "total": m.sum(axis=-1)})


def prepare(asked=(), replicates=2):
    compiled = Compiled(sample=run, collect=lambda raw: raw, batch=lambda seeds: [*map(run, seeds)])
    prepared, notes = Prepared(plain=run, compile=lambda: compiled, claims="Kish"), []
    model = Model("mine", {}, program)
    return large_sites.leave_out_large(prepared, model, asked, replicates, notes), notes


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ((), {"m", "total"}),
        (("curve",), {"m", "curve", "total"}),
        (("all",), {"m", "curve", "total"}),
    ],
)
def test_what_is_large_is_left_out_in_every_mode_unless_it_is_asked_for(asked, names, monkeypatch):
    # the latent site is too large, too, and is what is judged
    monkeypatch.setattr(large_sites, "LARGEST", 2 * 10 * 50 * 8 - 1)
    prepared, notes = prepare(asked)
    compiled = prepared.compile()
    runs = [prepared.plain(0), compiled.collect(compiled.sample(0)), *compiled.batch([1, 2])]
    assert [set(draws.sites) for draws in runs] == [names] * 4
    assert np.array_equal(runs[0].sites["m"], run(0).sites["m"]) and prepared.claims == "Kish"
    told = ["deterministic 'curve' not kept: 0 MB in 2 replicates; --deterministic curve would"]
    assert [note[: len(told[0])] for note in notes] == told * ("curve" not in names)


def test_what_is_small_is_kept():
    prepared, notes = prepare()
    assert set(prepared.plain(0).sites) == {"m", "curve", "total"} and not notes


@pytest.mark.parametrize("given", [{"m": 1}, Draws([1.0]), Draws({"m": [[1.0]], "total": 2.0})])
def test_what_are_no_draws_is_left_to_what_refuses_it(given):
    model = Model("mine", {}, program)
    prepared = large_sites.leave_out_large(Prepared(plain=lambda seed: given), model, (), 2, [])
    assert prepared.plain(0) is given
