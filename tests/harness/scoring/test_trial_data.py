"""Which components of a trial's draws are scored."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.records import Result
from samplerbench.harness.scoring import trial_data
from samplerbench.models.base import Exact
from samplerbench.samplers.base import Draws
from tests.support.trials import small


@pytest.mark.parametrize(
    ("sites", "names"),
    [(["a"], ("a",)), (None, ("a", "curve[0]", "curve[1]")), (["other"], 3)],
)
def test_without_a_ground_truth_the_latent_sites_count_and_no_computed_ones(tmp_path, sites, names):
    rng = np.random.default_rng(1)
    draws = Draws({"a": rng.normal(size=(1, 50)), "curve": rng.normal(size=(1, 50, 2))})
    path = tmp_path / "draws.npz"
    draws_file.save_draws(path, {"replicates": [draws] * 2})
    with draws_file.DrawsFile(path) as file:
        data = trial_data.read(small(replicates=2), Result("ok"), file, None, sites=sites)
    assert names in (data.names, len(data.names))


@pytest.mark.parametrize("last", ["fixed", "free"])
def test_draws_with_components_that_the_answer_lacks_do_not_fit(tmp_path, last):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, 50, 3))
    if last == "fixed":
        x[..., 2] = 0.0
    exact = Exact(("x[0]", "x[1]"), np.zeros(2), np.eye(2), quantile=None, draw=None)
    path = tmp_path / "draws.npz"
    draws_file.save_draws(path, {"replicates": [Draws({"x": x})] * 2})
    with draws_file.DrawsFile(path) as file:
        if last == "fixed":
            data = trial_data.read(small(replicates=2), Result("ok"), file, exact)
            assert data.names == exact.names
        else:
            with pytest.raises(trial_data.Unfit, match=r"hold 'x\[2\]', which varies"):
                trial_data.read(small(replicates=2), Result("ok"), file, exact)


@pytest.mark.parametrize("what", ["a lost run", "padding of a shorter run"])
def test_what_is_fixed_stays_so_beside_draws_that_do_not_count(tmp_path, what):
    rng = np.random.default_rng(1)
    path = tmp_path / "draws.npz"

    def run(count):
        x = rng.normal(size=(1, count, 2))
        x[..., 1] = 1.0
        weights = np.zeros((1, count)) if what.startswith("padding") else None
        return Draws({"x": x}, log_weights=weights, ess=None if weights is None else 10.0)

    whole = run(50)
    other = run(40) if what.startswith("padding") else draws_file.make_nan_draws(whole)
    draws_file.save_draws(path, {"replicates": [whole, other]})
    exact = Exact(("x[0]",), np.zeros(1), np.eye(1), quantile=None, draw=None)
    with draws_file.DrawsFile(path) as file:
        for truth in (exact, None):
            data = trial_data.read(small(replicates=2), Result("ok"), file, truth)
            assert data.names == ("x[0]",)


def test_names_of_components_are_read_without_the_draws(tmp_path):
    path = tmp_path / "draws.npz"
    sites = {"m": np.zeros((1, 2000)), "L": np.zeros((1, 2000, 2, 1))}
    draws_file.save_draws(path, {"replicates": [Draws(sites)]})
    head, end = path.read_bytes().split(b"PK\x01\x02", 1)  # the members, then their list
    path.write_bytes(head.replace(bytes(80), b"\x01" * 80) + b"PK\x01\x02" + end)
    with draws_file.DrawsFile(path) as file:
        assert file.component_names() == (("m", "L[0,0]", "L[1,0]"), ("m", "L", "L"))
        assert file.component_names({"m"}) == (("m",), ("m",))
        with pytest.raises(zipfile.BadZipFile):  # they are not what was written
            file.sites()
