"""Stored draws as ArviZ's objects, with its releases 0.x and 1.x alike, and as NetCDF files."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness import draws_file
from samplerbench.harness.campaign.arviz_export import frame, write_netcdf
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import Result
from samplerbench.samplers.base import Draws
from tests.support.trials import small

ARVIZ_IS_MISSING = find_spec("arviz") is None
pytestmark = [
    pytest.mark.slow,  # ArviZ takes seconds to import
    pytest.mark.skipif(ARVIZ_IS_MISSING, reason="needs ArviZ: pip install 'samplerbench[arviz]'"),
]


def groups(data) -> set[str]:
    """The names of the groups of an InferenceData or a DataTree."""
    names = data.groups() if callable(data.groups) else data.groups
    return {name.strip("/") for name in names} - {""}


def store_draws(store, trial, runs, result=None, plain=()):
    """Commit draws as a worker's result; the trial is planned if it was not."""
    store.add_trials([trial])
    scratch = store.scratch(trial.id)
    scratch.mkdir(parents=True)
    draws_file.save_draws(scratch / "draws.npz", {"replicates": runs, "plain": plain or runs[:2]})
    store.commit(trial, result or Result("ok"), scratch, 1.0)


def normal_draws(seed, size=40):
    """Two chains of a scalar and of a vector, with the density of each draw."""
    rng = np.random.default_rng(seed)
    sites = {"m": rng.normal(size=(2, size)), "beta": rng.normal(size=(2, size, 3))}
    return Draws(sites, stats={"lp": rng.normal(size=(2, size))})


@pytest.fixture
def campaign(tmp_path):
    """Three replicates of two chains; another model's trial with the same label; a failure."""
    store = Store.create(tmp_path / "c")
    runs = [normal_draws(seed) for seed in range(3)]
    store_draws(store, small(seed=5), runs)
    store_draws(store, small(sampler="numpyro_nuts"), runs[:1])
    store_draws(store, small(sampler="numpyro_nuts", model_options={"n_points": 4}), runs[1:])
    failure = small(sampler="numpyro_sa")
    store.add_trials([failure])
    store.commit(failure, Result("failed", "as told"), store.scratch(failure.id), 1.0)
    with Campaign(store) as reader:
        yield reader, runs


def test_draws_have_arvizs_own_type_with_the_groups_and_axes_that_it_expects(campaign):
    import arviz

    reader, runs = campaign
    data = reader.draws("exact_iid", replicate=1)
    kinds = {"0": "InferenceData", "1": "DataTree"}
    assert type(data).__name__ == kinds[arviz.__version__.partition(".")[0]]
    assert groups(data) == {"posterior", "sample_stats"}
    assert set(data["posterior"].data_vars) == {"m", "beta"}
    assert dict(data["posterior"]["m"].sizes) == {"chain": 2, "draw": 40}
    np.testing.assert_array_equal(data["posterior"]["beta"], runs[1].sites["beta"])
    np.testing.assert_array_equal(data["sample_stats"]["lp"], runs[1].stats["lp"])
    assert (data.attrs["sampler"], data.attrs["model"]) == ("exact_iid", "linear")
    assert (data.attrs["replicate"], data.attrs["seed"]) == (1, 6)


def test_arviz_summarizes_them(campaign):
    import arviz

    reader, runs = campaign
    table = arviz.summary(reader.draws("exact_iid"), round_to="none")
    beta = runs[0].sites["beta"].mean(axis=(0, 1))
    means = {"m": runs[0].sites["m"].mean(), **{f"beta[{i}]": beta[i] for i in range(3)}}
    assert dict(table["mean"].astype(float)) == pytest.approx(means)


def test_the_plain_runs_are_given_on_request(campaign):
    reader, runs = campaign
    plain = reader.draws("exact_iid", replicate=1, mode="plain")
    np.testing.assert_array_equal(plain["posterior"]["m"], runs[1].sites["m"])
    first = reader.draws("exact_iid")
    assert not np.array_equal(first["posterior"]["m"], runs[1].sites["m"])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"replicate": 3}, "expected: 0 to 2"),
        ({"replicate": 2, "mode": "plain"}, "expected: 0 to 1"),
        ({"replicate": -1}, "expected: 0 to 2"),
        ({"mode": "compiled"}, "expected: 'replicates' or 'plain'"),
    ],
)
def test_a_replicate_or_a_mode_that_is_not_there_is_refused(campaign, options, text):
    with pytest.raises(ValueError, match=text):
        campaign[0].draws("exact_iid", **options)


def test_an_unknown_label_is_refused_with_the_nearest_one(campaign):
    with pytest.raises(UsageError, match="did you mean 'exact_iid'"):
        campaign[0].draws("exact_id")


def test_draws_of_trials_that_share_a_label_are_told_apart(campaign):
    reader, _ = campaign
    with pytest.raises(ValueError, match="name one with trial="):
        reader.draws("numpyro_nuts")
    trial = reader.store.trials()[2]
    data = reader.draws("numpyro_nuts", trial=trial.id)
    assert data.attrs["model"] == "linear:n_points=4"


def test_a_trial_without_draws_says_so(campaign):
    with pytest.raises(ValueError, match="'numpyro_sa' has no draws: its status is not ok"):
        campaign[0].draws("numpyro_sa")


def test_a_missing_arviz_is_an_error_that_names_the_extra(campaign, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(UsageError, match=r"pip install 'samplerbench\[arviz\]'"):
        campaign[0].draws("exact_iid")
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    with pytest.raises(UsageError, match=r"pip install 'samplerbench\[arviz\]'"):
        write_netcdf(campaign[0], tmp_path / "nc")
    assert not (tmp_path / "nc").exists()


# -- weighted draws --------------------------------------------------------------------------------


@pytest.fixture
def weighted(tmp_path):
    """Two replicates of weighted draws, the second shorter, as nested sampling leaves them."""
    store, trial = Store.create(tmp_path / "c"), small(sampler="jaxns_nested", replicates=2)
    rng, runs = np.random.default_rng(1), []
    for size in (5000, 300):
        x = rng.normal(size=(1, size))
        runs.append(Draws({"x": x}, log_weights=x, log_z=0.0, log_z_err=0.1, stats={"log_l": x}))
    store_draws(store, trial, runs)
    with Campaign(store) as reader:
        yield reader, runs


def test_weighted_draws_come_with_their_weights(weighted):
    reader, runs = weighted
    for replicate, run in enumerate(runs):
        data = reader.draws("jaxns_nested", replicate=replicate)
        np.testing.assert_array_equal(data["posterior"]["x"], run.sites["x"])  # without padding
        np.testing.assert_array_equal(data["sample_stats"]["log_weight"], run.log_weights)
        assert data.attrs["weights"] == "log_weight in sample_stats"


def test_weighted_draws_are_resampled_only_on_request_and_labelled(weighted):
    reader, runs = weighted
    data = reader.draws("jaxns_nested", resample=4000)
    x = np.asarray(data["posterior"]["x"])
    assert x.shape == (1, 4000)
    assert data.attrs["weights"].startswith("4000 draws resampled with replacement")
    assert groups(data) == {"posterior"}
    assert np.isin(x, runs[0].sites["x"]).all()
    # normal draws with weight exp(x) stand for a normal of mean 1 and sd 1: Kish's ESS of 5000
    # is 5000 / e, so the resampled mean has standard error sqrt(e / 5000 + 1 / 4000) = 0.028
    assert x.mean() == pytest.approx(1.0, abs=5 * 0.028)
    again = reader.draws("jaxns_nested", resample=4000)
    np.testing.assert_array_equal(x, again["posterior"]["x"])


# -- tables and files ------------------------------------------------------------------------------


def test_a_frame_has_a_row_a_draw_and_a_column_a_component(campaign):
    reader, runs = campaign
    table = frame(reader.draws("exact_iid"))
    assert set(table.columns) == {"m", "beta[0]", "beta[1]", "beta[2]"}
    np.testing.assert_array_equal(table["m"], runs[0].sites["m"].ravel())
    np.testing.assert_array_equal(table["beta[2]"], runs[0].sites["beta"][..., 2].ravel())


def test_a_frame_of_weighted_draws_has_their_weights(weighted):
    reader, runs = weighted
    table = frame(reader.draws("jaxns_nested"))
    assert list(table.columns) == ["x", "weight"]
    assert table["weight"].max() == 1.0
    log_weights = runs[0].log_weights[0]
    np.testing.assert_allclose(table["weight"], np.exp(log_weights - log_weights.max()))


def test_netcdf_files_hold_the_draws_of_each_trial_that_ended_ok(campaign, tmp_path):
    import arviz

    reader, runs = campaign
    paths = write_netcdf(reader, tmp_path / "nc")
    shared = [trial.id for trial in reader.store.trials() if trial.sampler == "numpyro_nuts"]
    names = ["exact_iid-r0.nc", *(f"numpyro_nuts-{name}-r0.nc" for name in shared)]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in (tmp_path / "nc").iterdir()) == sorted(names)
    data = arviz.from_netcdf(str(paths[0]), engine="h5netcdf")
    np.testing.assert_array_equal(data["posterior"]["m"], runs[0].sites["m"])
    assert data.attrs["sampler"] == "exact_iid"
    with pytest.raises(UsageError, match="replicate 3 was not run\n  expected: 0 to 2"):
        write_netcdf(reader, tmp_path / "nc", [3])


def test_a_trial_that_met_its_limit_of_time_has_no_file_of_replicates_that_it_lacks(tmp_path):
    store = Store.create(tmp_path / "c")
    runs = [normal_draws(seed) for seed in range(3)]
    store_draws(store, small(), runs)
    store_draws(store, small(sampler="numpyro_nuts"), runs[:2], Result("ok", replicates=2))
    with Campaign(store) as reader:
        paths = write_netcdf(reader, tmp_path / "nc", [1, 2])
        with pytest.raises(ValueError, match="expected: 0 to 1"):
            reader.draws("numpyro_nuts", replicate=2)
    names = ["exact_iid-r1.nc", "exact_iid-r2.nc", "numpyro_nuts-r1.nc"]
    assert [path.name for path in paths] == names
