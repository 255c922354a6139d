"""Answers from files: what is read is what was written, and what does not fit is refused."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth import reference_files

SHAPES = {"m": (), "beta": (3,), "L": (2, 2)}
NAMES = ("m", "beta[0]", "beta[1]", "beta[2]", "L[0,0]", "L[0,1]", "L[1,0]", "L[1,1]")


@pytest.fixture(scope="module")
def sites() -> dict[str, np.ndarray]:
    """Two chains of 300 draws of a scalar, a vector and a matrix, autocorrelated."""
    rng = np.random.default_rng(1)
    made = {n: rng.standard_normal((2, 300, *shape)) for n, shape in SHAPES.items()}
    return {n: (x + np.roll(x, 1, axis=1)) for n, x in made.items()}


def columns(sites, first: int) -> dict[str, np.ndarray]:
    found = {}
    for name, x in sites.items():
        for index in np.ndindex(*x.shape[2:]):
            at = ",".join(str(i + first) for i in index)
            found[f"{name}[{at}]" if at else name] = x[(slice(None), slice(None), *index)]
    return found


def write_npz(path, sites):
    np.savez(path, **sites)


def write_flat_npz(path, sites):
    np.savez(path, **{n: x.reshape(-1, *x.shape[2:]) for n, x in sites.items()})


def write_csv(path, sites):
    table = {name: x.ravel() for name, x in columns(sites, 0).items()}
    table.update({"chain": np.repeat([1, 2], 300), "draw": np.tile(range(300), 2)})
    pandas.DataFrame({**table, "lp__": 0.0}).to_csv(path, index=False)


def write_nc(path, sites):
    import arviz  # inside: it takes seconds

    arviz.from_dict(posterior=sites).to_netcdf(str(path))


def write_json(path, sites):
    chains = [{n: x[i].tolist() for n, x in columns(sites, 1).items()} for i in range(2)]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.stem, json.dumps(chains))
    else:
        path.write_text(json.dumps(chains))


WRITERS = {
    "draws.npz": write_npz,
    "draws.csv": write_csv,
    "draws.nc": write_nc,
    "draws.json": write_json,
    "draws.json.zip": write_json,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_answer(name, sites, tmp_path):
    import arviz

    WRITERS[name](tmp_path / name, {k: sites[k] for k in ("beta", "L", "m")})
    found = reference_files.read_reference(tmp_path / name, SHAPES)
    assert found.names == NAMES  # in the model's order, not the file's
    x = np.concatenate([sites[n].reshape(2, 300, -1) for n in SHAPES], axis=2)
    np.testing.assert_allclose(found.mean, x.mean(axis=(0, 1)), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.sd, x.reshape(600, 8).std(axis=0, ddof=1), rtol=1e-10)
    for i in range(8):
        np.testing.assert_allclose(found.mean_se[i], arviz.mcse(x[..., i], method="mean"))
        if arviz.__version__.startswith("0.20."):
            continue  # which takes draws to be normal for the error of their sd
        # of 600 draws: ArviZ divides by n here, where the error of a mean has n - 1
        by_arviz = arviz.mcse(x[..., i], method="sd")
        np.testing.assert_allclose(found.sd_se[i], by_arviz * np.sqrt(600 / 599), rtol=1e-9)
    assert found.source == f"reference draws ({name})"
    drawn = found.draw(np.random.default_rng(0), 5)  # each component a scalar site
    assert {name: values.shape for name, values in drawn.items()} == dict.fromkeys(NAMES, (5,))
    np.testing.assert_allclose(found.quantile(np.array([0.5]))[0], np.median(x, axis=(0, 1)))


def test_draws_of_one_chain_need_no_axis_for_it(sites, tmp_path):
    write_flat_npz(tmp_path / "flat.npz", sites)
    found = reference_files.read_reference(tmp_path / "flat.npz", SHAPES)
    np.testing.assert_allclose(found.mean[0], sites["m"].mean())


def test_a_files_own_names_do_where_no_model_is_given(sites, tmp_path):
    write_json(tmp_path / "draws.json", sites)
    assert set(reference_files.read_reference(tmp_path / "draws.json").names) == set(NAMES)


def test_moments_come_with_their_errors_or_with_unknown_ones(tmp_path):
    np.savez(
        tmp_path / "m.npz",
        m_mean=1.0,
        m_sd=2.0,
        beta_mean=np.zeros(3),
        beta_sd=np.ones(3),
        beta_mean_se=np.ones(3),
    )
    found = reference_files.read_reference(tmp_path / "m.npz", {"m": (), "beta": (3,)})
    assert found.names == NAMES[:4]
    assert found.mean_se.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert found.sd.tolist() == [2.0, 1.0, 1.0, 1.0]
    assert found.quantile is None and found.draw is None
    assert found.error_unknown  # none is given for m
    told = {"m_mean": 1.0, "m_sd": 2.0, "m_mean_se": 0.0}
    np.savez(tmp_path / "half.npz", **told)
    assert reference_files.read_reference(tmp_path / "half.npz", {"m": ()}).error_unknown
    np.savez(tmp_path / "told.npz", **told, m_sd_se=0.0)
    assert not reference_files.read_reference(tmp_path / "told.npz", {"m": ()}).error_unknown


@pytest.mark.parametrize(
    ("name", "value"), [("m_sd", np.inf), ("m_mean_se", np.nan), ("m_sd_se", -1.0)]
)
def test_moments_that_are_none_are_refused(name, value, tmp_path):
    moments = {"m_mean": 1.0, "m_sd": 2.0, "m_mean_se": 0.1, "m_sd_se": 0.1}
    np.savez(tmp_path / "m.npz", **{**moments, name: value})
    with pytest.raises(UsageError, match="finite"):
        reference_files.read_reference(tmp_path / "m.npz", {"m": ()})


@pytest.mark.parametrize("name", ["log_weight", "weights", "logwt", "wt"])
def test_weights_are_refused_where_they_would_be_left_out(name, tmp_path):
    draws = np.random.default_rng(0).standard_normal(50)
    np.savez(tmp_path / "a.npz", **{"m": draws, name: np.arange(50.0)})
    with pytest.raises(UsageError, match=f"it has '{name}'.*resample them"):
        reference_files.read_reference(tmp_path / "a.npz", {"m": ()})
    np.savez(tmp_path / "alike.npz", **{"m": draws, name: np.ones(50)})
    reference_files.read_reference(tmp_path / "alike.npz", {"m": ()})
    reference_files.read_reference(tmp_path / "a.npz", {"m": (), name: ()})


def test_fixed_entries_of_a_cholesky_factor_are_left_out(tmp_path):
    rng = np.random.default_rng(2)
    low = rng.uniform(-1, 1, 400)
    factor = np.zeros((400, 2, 2))
    factor[:, 0, 0], factor[:, 1, 0], factor[:, 1, 1] = 1.0, low, np.sqrt(1 - low**2)
    np.savez(tmp_path / "l.npz", L=factor)
    found = reference_files.read_reference(tmp_path / "l.npz", {"L": (2, 2)})
    assert found.names == ("L[1,0]", "L[1,1]")
    assert set(found.draw(rng, 3)) == {"L[1,0]", "L[1,1]"}


def test_sites_that_the_file_calls_otherwise_are_renamed_even_where_two_are_swapped(
    sites, tmp_path
):
    write_npz(tmp_path / "d.npz", {"beta": sites["m"], "b": sites["beta"], "L": sites["L"]})
    names = {"m": "beta", "beta": "b"}
    found = reference_files.read_reference(tmp_path / "d.npz", SHAPES, names)
    assert found.names == NAMES and found.mean[0] == pytest.approx(sites["m"].mean())
    np.savez(tmp_path / "m.npz", mu_mean=1.0, mu_sd=2.0)
    found = reference_files.read_reference(tmp_path / "m.npz", {"m": ()}, {"m": "mu"})
    assert found.names == ("m",) and found.sd.tolist() == [2.0]


def test_a_name_that_fits_nothing_is_refused_with_both_sides_and_the_nearest(sites, tmp_path):
    path = tmp_path / "d.npz"
    write_npz(path, sites)
    shapes = {"m": (), "betas": (3,)}
    held = "parameters m, betas; it holds L, beta, m; did you mean 'beta'.*--names betas=beta"
    for given, words in (
        ({}, f"(?s)it lacks 'betas' of this model's {held}"),
        ({"betas": "bta"}, "called 'bta'; did you mean 'beta'"),
        ({"beta": "beta"}, "no parameter is called 'beta'; did you mean 'betas'"),
    ):
        with pytest.raises(UsageError, match=words):
            reference_files.read_reference(path, shapes, given)


def test_a_reference_under_other_names_is_another_reference(sites, tmp_path):
    write_npz(tmp_path / "d.npz", sites)
    plain, renamed = (
        reference_files.check_reference(str(tmp_path / "d.npz"), names)[1]
        for names in (None, {"m": "mu"})
    )
    assert plain != renamed


REFUSED = {
    "another shape": ({"beta": (4,)}, "a.npz", "site 'beta' has shape (2, 300, 3); this model's"),
    "not a zip": (None, "bad.npz", "it is no .npz file"),
    "not a zip either": (None, "bad.json.zip", "it is no .zip file"),
    "not NetCDF": (None, "bad.nc", "can't be used"),
    "words": (None, "words.csv", "'foo' in draw 0 of column 'm' is no number"),
    "ragged": (None, "ragged.csv", "can't be used"),
    "a gap": (None, "gap.csv", "beta[1] is not there; indices count from 0"),
    "a gap from 1": (None, "one.csv", "beta[2] is not there; indices count from 1"),
    "unlike indices": (None, "unlike_indices.csv", "'beta' have unlike numbers of indices"),
    "constant": (None, "constant.csv", "draws of 'm' are constant"),
    "not finite": (None, "nan.csv", "draws of 'm' are not all finite"),
    "chains of unlike length": (None, "unlike.csv", "chains of 2, 1 draws"),
    "another ending": (None, "draws.txt", "no known ending"),
    "not there": (None, "nowhere.csv", "No such file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_does_not_do_is_refused_with_what_would(case, sites, tmp_path):
    shapes, name, words = REFUSED[case]
    write_npz(tmp_path / "a.npz", sites)
    for bad in ("bad.npz", "bad.nc", "bad.json.zip"):
        (tmp_path / bad).write_text("x")
    (tmp_path / "words.csv").write_text("m\nfoo\n")
    (tmp_path / "ragged.csv").write_text("m\n1\n2,3\n")
    (tmp_path / "gap.csv").write_text("beta[0],beta[2]\n1,2\n2,3\n")
    (tmp_path / "one.csv").write_text("beta[1],beta[3]\n1,2\n2,3\n")
    (tmp_path / "unlike_indices.csv").write_text('beta[1],"beta[1,2]"\n1,2\n2,3\n')
    (tmp_path / "constant.csv").write_text("m\n" + "1\n" * 9)
    (tmp_path / "nan.csv").write_text("m\n1\n2\nnan\n4\n5\n")
    (tmp_path / "unlike.csv").write_text("m,chain\n1,1\n2,1\n3,2\n")
    with pytest.raises(UsageError) as refused:
        reference_files.read_reference(tmp_path / name, shapes)
    assert words in str(refused.value)
    wanted = "a file that is there" if case == "not there" else ".npz (arrays by site)"
    assert f"expected: {wanted}" in str(refused.value)


def test_a_vector_in_columns_without_a_model_is_no_set_of_chains(tmp_path):
    rows = np.random.default_rng(0).standard_normal((50, 3))
    text = "\n".join(["b[0],b[1],b[2]", *(",".join(map(repr, row)) for row in rows.tolist())])
    (tmp_path / "r.csv").write_text(text)
    assert reference_files.read_reference(tmp_path / "r.csv").names == ("b[0]", "b[1]", "b[2]")
