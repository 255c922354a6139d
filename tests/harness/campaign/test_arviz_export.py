"""Stored draws as ArviZ's objects, with its releases 0.x and 1.x alike, and as NetCDF files."""

from __future__ import annotations

import sys
from datetime import datetime
from importlib.util import find_spec

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness import draws_file
from samplerbench.harness.campaign.arviz_export import write_netcdf
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.replicate_draws import make_frame, read_replicates
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


def test_statistics_have_the_names_of_arvizs_schema(tmp_path):
    stats = {
        **{"accept_prob": np.ones((1, 4)), "diverging": np.zeros((1, 4), bool)},
        **{name: np.ones((1, 4)) for name in ("lp", "energy", "n_steps", "tree_depth")},
    }
    store = Store.create(tmp_path / "c")
    store_draws(store, small(), [Draws({"m": np.ones((1, 4))}, stats=stats)])
    with Campaign(store) as reader:
        found = reader.draws("exact_iid")["sample_stats"]
    schema = {"acceptance_rate", "diverging", "lp", "energy", "n_steps", "tree_depth"}
    assert set(found.data_vars) == schema
    assert found["diverging"].dtype == bool


def test_attributes_tell_the_library_its_version_and_when(tmp_path):
    store = Store.create(tmp_path / "c")
    run, result = Draws({"m": np.ones((1, 4))}), Result("ok", versions={"numpyro": "0.13.2"})
    store_draws(store, small(sampler="numpyro_nuts"), [run], result)
    store_draws(store, small(sampler="outside"), [run])
    with Campaign(store) as reader:
        attributes = reader.draws("numpyro_nuts")["posterior"].attrs
        outside = reader.draws("outside").attrs
    assert attributes["inference_library"] == "numpyro"
    assert attributes["inference_library_version"] == "0.13.2"
    assert attributes["creation_library"] == "samplerbench"
    datetime.fromisoformat(attributes["created_at"])
    assert (outside["inference_library"], outside["inference_library_version"]) == (
        "outside",
        "unknown",
    )


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
        ({"replicate": True}, "expected: 0 to 2"),
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
    with pytest.raises(ValueError, match="(?s)stands for 2 trials.*model='linear:n_points=4': lin"):
        reader.draws("numpyro_nuts")
    with pytest.raises(UsageError, match="no model of numpyro_nuts is called 'x'\n  known models"):
        reader.draws("numpyro_nuts", model="x")
    with pytest.raises(UsageError, match="no trial of numpyro_nuts is called 'x'\n  known trials"):
        reader.draws("numpyro_nuts", trial="x")
    trial = reader.store.trials()[2]
    data = reader.draws("numpyro_nuts", trial=trial.id)
    assert data.attrs["model"] == "linear:n_points=4"
    for name in ("linear", "linear:n_points=4"):
        assert reader.draws("numpyro_nuts", model=name).attrs["model"] == name
    same = reader.frame("numpyro_nuts", model="linear:n_points=4")
    assert same.equals(reader.frame("numpyro_nuts", trial=trial.id))


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


def test_a_size_of_a_sample_of_draws_that_count_alike_is_refused(campaign):
    with pytest.raises(UsageError, match="whose draws all count alike"):
        campaign[0].draws("exact_iid", resample=5)


# -- weighted draws --------------------------------------------------------------------------------


@pytest.fixture
def weighted(tmp_path):
    """Two replicates of weighted draws, the second shorter, as nested sampling leaves them."""
    store, trial = Store.create(tmp_path / "c"), small(sampler="jaxns_nested", replicates=2)
    rng, runs = np.random.default_rng(1), []
    for size in (5000, 300):
        x = rng.normal(size=(1, size))
        numbers = {"ess": 0.3 * size, "log_z": 0.5, "log_z_err": 0.1, "termination": "done"}
        runs.append(Draws({"x": x}, log_weights=x, stats={"log_l": x}, **numbers))
    store_draws(store, trial, runs)
    with Campaign(store) as reader:
        yield reader, runs


def test_every_weighted_point_comes_with_its_weight(weighted):
    reader, runs = weighted
    for replicate, run in enumerate(runs):
        points = reader.draws("jaxns_nested", replicate=replicate)["weighted_posterior"]
        np.testing.assert_array_equal(points["x"], run.sites["x"])  # without padding
        np.testing.assert_array_equal(points["log_weight"], run.log_weights)
        np.testing.assert_array_equal(points["log_l"], run.stats["log_l"])


def test_the_posterior_of_weighted_draws_counts_alike_and_has_the_size_of_their_ess(weighted):
    reader, runs = weighted
    data = reader.draws("jaxns_nested")
    x = np.asarray(data["posterior"]["x"])
    assert x.shape == (1, round(runs[0].ess))
    np.testing.assert_array_equal(data["sample_stats"]["log_l"], x)  # of the same points
    assert data.attrs["weights"].startswith("systematic resample of 1500 draws, the ESS that")
    assert data.attrs["log_z"] == 0.5 and data.attrs["termination"] == "done"
    # normal draws with weight exp(x) stand for a normal of mean 1 and sd 1: Kish's ESS of 5000
    # is 5000 / e, and a resample adds at most independent draws' noise: 0.035 together
    assert x.mean() == pytest.approx(1.0, abs=4 * 0.035)
    again = reader.draws("jaxns_nested")
    np.testing.assert_array_equal(x, again["posterior"]["x"])


def test_the_order_of_the_resample_is_no_autocorrelation_to_arviz(weighted):
    import arviz

    size = round(weighted[1][0].ess)
    found = float(arviz.ess(weighted[0].draws("jaxns_nested"))["x"])
    assert found == pytest.approx(size, rel=0.25)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "400"])
def test_a_size_that_is_no_count_is_refused(weighted, size):
    with pytest.raises(UsageError, match=r"resample=.*\n  expected: a whole number of draws"):
        weighted[0].draws("jaxns_nested", resample=size)


def test_a_size_of_ones_own_is_taken_and_told(weighted):
    data = weighted[0].draws("jaxns_nested", resample=400)
    assert data["posterior"]["x"].shape == (1, 400)
    assert data.attrs["weights"].startswith("systematic resample of 400 draws, as asked")


def test_without_a_claim_the_size_is_kishs(tmp_path):
    store, trial = Store.create(tmp_path / "c"), small(sampler="jaxns_nested", replicates=1)
    log_weights = np.log(np.repeat([[1.0, 0.25]], 100, axis=1))
    store_draws(store, trial, [Draws({"x": log_weights}, log_weights=log_weights)])
    with Campaign(store) as reader:
        data = reader.draws("jaxns_nested")
    assert "Kish's ESS" in data.attrs["weights"]
    assert data["posterior"]["x"].shape == (1, round(125**2 / 106.25))


def test_a_run_that_failed_sets_no_size_and_stays_visible(weighted, tmp_path):
    _, runs = weighted
    store, trial = Store.create(tmp_path / "d"), small(sampler="jaxns_nested", replicates=2)
    store_draws(store, trial, [runs[1], draws_file.make_nan_draws(runs[1])])
    with Campaign(store) as reader:
        x = np.asarray(reader.draws("jaxns_nested", replicate=None)["posterior"]["x"])
    assert x.shape == (2, round(runs[1].ess))
    assert np.isfinite(x[0]).all() and np.isnan(x[1]).all()


def test_a_site_called_as_a_weight_is_no_weight(tmp_path):
    store, trial = Store.create(tmp_path / "c"), small(sampler="jaxns_nested", replicates=1)
    x = np.random.default_rng(3).normal(size=(1, 50))
    store_draws(store, trial, [Draws({"log_weight": x}, log_weights=2 * x)])
    with Campaign(store) as reader:
        points = reader.draws("jaxns_nested")["weighted_posterior"]
    np.testing.assert_array_equal(points["log_weight"], x)
    np.testing.assert_array_equal(points["log_weight_"], 2 * x)


def test_arvizs_summary_of_nested_sampling_is_within_its_errors_of_the_exact_answer(tmp_path):
    """Points from the prior with the likelihood as weight: right, and no sample as they stand."""
    import arviz

    store, rng = Store.create(tmp_path / "c"), np.random.default_rng(7)
    trial, runs = small(sampler="jaxns_nested", replicates=40), []
    for _ in range(40):
        x = np.sort(rng.normal(0.0, 3.0, (1, 3000)))  # prior sd 3, likelihood sd 1 about 2
        log_weights = -0.5 * (x - 2.0) ** 2
        ess = np.exp(log_weights).sum() ** 2 / np.exp(2 * log_weights).sum()
        runs.append(Draws({"x": x}, log_weights=log_weights, ess=ess))
    store_draws(store, trial, runs)
    mean, sd = 2.0 * 9 / 10, np.sqrt(9 / 10)
    with Campaign(store) as reader:
        tables = [
            arviz.summary(reader.draws("jaxns_nested", replicate=r), round_to="none")
            for r in range(40)
        ]
    z = np.array(
        [(float(t["mean"].iloc[0]) - mean) / float(t["mcse_mean"].iloc[0]) for t in tables]
    )
    # 40 errors over their claims: rms 1, which a resample of the same size raises to 1.4 at most
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.75
    assert np.mean([float(t["sd"].iloc[0]) for t in tables]) == pytest.approx(sd, rel=0.05)


# -- several replicates ----------------------------------------------------------------------------


def test_several_replicates_are_chains_side_by_side(campaign):
    reader, runs = campaign
    for choice, expected in ((slice(1, 3), [1, 2]), (None, [0, 1, 2])):
        data = reader.draws("exact_iid", replicate=choice)
        together = np.concatenate([runs[r].sites["beta"] for r in expected])
        np.testing.assert_array_equal(data["posterior"]["beta"], together)
        numbers = np.repeat(expected, 2)
        np.testing.assert_array_equal(data["posterior"]["m"].coords["replicate"], numbers)
        assert list(data.attrs["seed"]) == [5 + r for r in expected]


def test_a_slice_without_a_replicate_is_refused(campaign):
    with pytest.raises(ValueError, match="expected: 0 to 2, a slice"):
        campaign[0].draws("exact_iid", replicate=slice(3, None))


# -- tables and files ------------------------------------------------------------------------------


def test_a_frame_has_a_row_a_draw_and_a_column_a_component(campaign):
    reader, runs = campaign
    table = reader.frame("exact_iid", replicate=slice(0, 2))
    assert list(table.columns) == ["m", "beta[0]", "beta[1]", "beta[2]"]
    assert list(table.index.names) == ["replicate", "chain", "draw"]
    assert len(table) == 2 * 2 * 40
    assert table.loc[(1, 0, 7), "beta[2]"] == runs[1].sites["beta"][0, 7, 2]
    np.testing.assert_array_equal(table.loc[0, "m"], runs[0].sites["m"].ravel())
    stored = read_replicates(reader, "exact_iid", slice(0, 2), "replicates", None)
    assert make_frame(stored).equals(table)


def test_a_frame_of_weighted_draws_has_every_point_with_its_weight(weighted):
    reader, runs = weighted
    table = reader.frame("jaxns_nested", replicate=None)
    assert list(table.columns) == ["x", "weight"]
    for replicate, run in enumerate(runs):
        of_one = table.loc[replicate]
        assert of_one["weight"].max() == 1.0
        log_weights = run.log_weights[0]
        np.testing.assert_allclose(of_one["weight"], np.exp(log_weights - log_weights.max()))


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
