"""Draws that other programs made are read from their files, or refused with the reason."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.outside_draws import Layout, arrange_runs, read_draws
from samplerbench.harness.campaign.outside_replicates import cut_replicates
from samplerbench.harness.campaign.outside_run import make_run
from samplerbench.samplers.base import Draws
from tests.support.outside_files import DRAWS, FORMATS, GOOD, exact_draws, needs_arviz, write_files


def arrange(paths, shapes=None, **layout):
    """The replicates in files: name and draws."""
    layout = Layout(layout.pop("names", {}), **layout)
    return arrange_runs(read_draws(paths), layout, shapes or {"m": (), "c": ()})


# -- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_back_the_draws_that_were_written(kind, tmp_path):
    sites = exact_draws(2)
    runs = arrange(write_files(tmp_path, sites, kind))
    for i, (_, run) in enumerate(runs):
        for name, values in sites.items():
            np.testing.assert_allclose(run.sites[name], values[i], rtol=1e-14)
    if kind in ("stan.csv", "0.nc", "1.nc"):
        assert [run.divergences for _, run in runs] == [1, 1]
    if kind in ("stan.csv", "0.nc"):
        assert runs[0][1].accept_prob == 0.75


def test_stans_column_major_matrix_is_mapped_to_our_indices(tmp_path):
    theta = np.random.default_rng(0).normal(size=(8, 2, 3))
    places = [(i, j) for j in range(3) for i in range(2)]  # the first index moves fastest
    header = ["lp__", *(f"theta.{i + 1}.{j + 1}" for i, j in places), "extra.1"]
    rows = [[-1.0, *(float(draw[place]) for place in places), 0.0] for draw in theta]
    lines = [",".join(header), *(",".join(map(repr, row)) for row in rows)]
    (tmp_path / "chain_1.csv").write_text("\n".join(lines))
    ((_, run),) = arrange([tmp_path / "chain_1.csv"], {"theta": (2, 3)})
    np.testing.assert_allclose(run.sites["theta"], theta[None], rtol=1e-14)
    assert header[2] == "theta.2.1" and rows[0][2] == theta[0, 1, 0]


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["", "a byte order mark"])
@pytest.mark.parametrize("said", ["save_warmup = 1", "save_warmup = true"])
def test_saved_warm_up_of_stan_is_left_out(said, start, tmp_path):
    comments = [f"{start}#     num_warmup = 7 (Default)\n#     {said}\n#     thin = 2 (Default)"]
    rows = ["-1.0,99.0"] * 4 + [f"-1.0,{i}.0" for i in range(5)]  # every other of 7
    (tmp_path / "a.csv").write_text("\n".join([*comments, "lp__,m", *rows]))
    ((_, run),) = arrange([tmp_path / "a.csv"], {"m": ()})
    assert run.sites["m"].tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0]]


def test_the_mean_that_variational_inference_of_stan_writes_first_is_no_draw(tmp_path):
    rows = [f"0,{i},{i}" for i in (99, 0, 1, 2, 3)]
    (tmp_path / "a.csv").write_text("\n".join(["# method = variational", "lp__,m,c", *rows]))
    ((_, run),) = arrange([tmp_path / "a.csv"])
    assert run.sites["m"].tolist() == [[0, 1, 2, 3]]


def test_a_run_of_stan_that_did_not_end_is_refused(tmp_path):
    head = "# num_samples = 10\n# num_warmup = 2\n# save_warmup = 1\n# thin = 2\nlp__,m,c\n"
    (tmp_path / "a.csv").write_text(head + "0,1,2\n" * 6)
    assert arrange([tmp_path / "a.csv"])[0][1].sites["m"].shape == (1, 5)
    (tmp_path / "a.csv").write_text(head + "0,1,2\n" * 5)
    with pytest.raises(UsageError, match="it holds 4 draws, its comments say 5: the run did not"):
        read_draws([tmp_path / "a.csv"])


ROWS = [(i % 2, i // 2, float(i), -float(i)) for i in range(8)]  # chain, draw, m, c
M = [[0, 2, 4, 6], [1, 3, 5, 7]]
#: kind -> the table in text
TABLES = {
    "plain": ("chain,draw,m,c", ",", ROWS),
    "shuffled": ("chain,draw,m,c", ",", ROWS[::-1]),
    "R": (
        '".chain",".iteration",".draw","m","c"',
        ",",
        [(c, d, 4 * c + d, *x) for c, d, *x in ROWS],
    ),
    "CmdStanPy": ("lp__,chain__,iter__,m,c", ",", [(0, *row) for row in ROWS]),
    "coda": ("CHAIN,ITER,m,c", ",", ROWS[::-1]),
    "MCMCChains": ("iteration,chain,m,c,lp", ",", [(d, c, *x, 0) for c, d, *x in ROWS[::-1]]),
    "semicolons": ("chain;draw;m;c", ";", ROWS),
    "tabs": ("chain\tdraw\tm\tc", "\t", ROWS),
    "blanks": ("chain draw  m c", " ", ROWS),
    "NumPy": ("# 8 draws\n# chain,draw,m,c", ",", ROWS),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", TABLES)
def test_chains_and_draws_are_told_by_their_numbers_whoever_wrote_them(kind, packed, tmp_path):
    header, separator, rows = TABLES[kind]
    text = "\n".join([header, *(separator.join(map(str, row)) for row in rows)])
    path = tmp_path / ("a.csv" + ".gz" * packed)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    ((_, run),) = arrange([path])
    assert run.sites["m"].tolist() == M and (run.sites["c"] == -run.sites["m"]).all()


def test_decimal_commas_and_the_names_that_r_makes_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("m;x.1.;x.2.\n1;2;3\n" + "1,5;2,5;3,5\n" * 3)
    ((_, run),) = arrange([tmp_path / "a.csv"], {"m": (), "x": (2,)})
    assert run.sites["m"].tolist() == [[1.0, *[1.5] * 3]]
    assert run.sites["x"].tolist() == [[[2.0, 3.0], *[[2.5, 3.5]] * 3]]


def test_a_csv_may_be_in_utf_16_and_its_ending_in_capitals(tmp_path):
    (tmp_path / "a.CSV").write_text("m,c\n" + "1,2\n" * 4, encoding="utf-16")
    ((_, run),) = arrange([tmp_path / "a.CSV"])
    assert run.sites["c"].tolist() == [[2] * 4]


#: file -> its text, what the refusal says
NO_DRAWS = {
    "twice.csv": ("m,c,m\n1,2,3\n", "two columns are called 'm'"),
    "headless.csv": ("1.5,2\n2,3\n", "first line looks like numbers: 1.5, 2"),
    "headless.txt": ("1.5 2\n2 3\n", "first line looks like numbers: 1.5, 2"),
    "long.csv": ("m,c\n7,2,3\n", "first row has 3 cells, its header 2\n"),
    "stopped.csv": (
        "# num_samples = 9\nlp__,m,c\n0,1,2\n",
        "says? 9.*expected: all draws.*--failures",
    ),
    "names.txt": ('"m" "c"\n"1" 2 3 4\n', "row 2 has 4 cells, the header 2"),
    "commas.csv": ("m,c\n1,5,2,5\n", "first row has 4 cells, its header 2; decimal commas"),
    "cut.csv": ("m,c\n1,2\n3", "last row has 1 cell, its header 2; the file is cut short"),
    "chains.csv": ("chain,m,c\n1,1,2\n,1,2\n", "a draw has no number of its chain"),
    "longer.tsv": ("name\tvalue\nm\t1\n", "column 'name' holds words.*one row a draw"),
    "words.csv": ("m,c\n1,2\n1.0D0,3\n", "'1.0D0' in draw 1 of column 'm' is no number"),
    "header.csv": ("m,c\n", "it holds no draws"),
    "empty.csv": ("", "it holds no draws"),
    "capitals.csv": ("M,C\n1,2\n", "did you mean 'M'.*--names m=M"),
    "others.csv": ("a,b\n1,2\n", "--names m=NAME"),
    "again.csv": ("draw,m,c\n0,1,2\n0,1,2\n", "'draw' has 0 twice in one chain"),
    "cut.nc": ("hello", "no NetCDF of version 4"),
    "records.json": ('[{"m": 1, "c": 2}]', "not a list of chains"),
    "ragged.json": ('[{"m": [1, 2], "c": [1]}]', "chains of 2, 1 draws"),
    "lacking.json": ('[{"m": [1], "c": [1]}, {"m": [1]}]', "a chain lacks 'c'"),
}


@pytest.mark.parametrize("name", NO_DRAWS)
def test_what_is_wrong_with_a_file_of_draws_is_said_once_and_where(name, tmp_path):
    text, words = NO_DRAWS[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=f"(?s){words}") as refused:
        arrange([tmp_path / name])
    assert str(refused.value).count("expected: ") == 1


def test_components_that_a_file_names_otherwise_are_suggested_in_their_order(tmp_path):
    names = [f"x_{i}" for i in range(11)]
    (tmp_path / "a.csv").write_text(",".join(names) + "\n" + ",".join("1" * 11))
    with pytest.raises(UsageError, match=r"x\[2\]=x_2,.*x\[10\]=x_10"):
        arrange([tmp_path / "a.csv"], {"x": (11,)})


def test_the_places_of_an_array_of_all_parameters_are_suggested_as_names(tmp_path):
    x = np.random.default_rng(0).standard_normal((20, 4))
    np.savez(tmp_path / "a.npz", samples=x, samples_u=x, samples_it=x[:, 0])
    shapes = {"x": (3,), "m": ()}
    with pytest.raises(UsageError, match="--names") as refused:
        arrange([tmp_path / "a.npz"], shapes)
    names = dict(pair.split("=") for pair in str(refused.value).split("--names ")[1].split(","))
    ((_, run),) = arrange([tmp_path / "a.npz"], shapes, names=names)
    np.testing.assert_array_equal(run.sites["x"][0], x[:, :3])
    np.testing.assert_array_equal(run.sites["m"][0], x[:, 3])


#: text that counts components from 1, names of the first and of the last in it
FROM_ONE = {
    "stan.csv": ("lp__,b.1,b.2,b.3\n{}", [("b.1", "b.3"), ("b[1]", "b[3]")], "0,{},{},{}"),
    "r.csv": ('"b[1]","b[2]","b[3]"\n{}', [("b[1]", "b[3]")], "{},{},{}"),
    "made_by_r.csv": ("b.1.,b.2.,b.3.\n{}", [("b.1.", "b.3."), ("b[1]", "b[3]")], "{},{},{}"),
    "turing.tsv": ("b[1]\tb[2]\tb[3]\n{}", [("b[1]", "b[3]")], "{}\t{}\t{}"),
}


@pytest.mark.parametrize("name", FROM_ONE)
def test_components_are_named_as_the_file_counts_them(name, tmp_path):
    text, pairs, row = FROM_ONE[name]
    rows = [row.format(draw, 10 + draw, 20 + draw) for draw in range(9)]
    (tmp_path / name).write_text(text.format("\n".join(rows)))
    for first, last in pairs:
        ((_, run),) = arrange([tmp_path / name], names={"m": first, "c": last})
        assert run.sites["m"].tolist() == [list(range(9))]
        assert run.sites["c"].tolist() == [list(range(20, 29))]
    with pytest.raises(UsageError, match=r"(?s)'b\[0\]' is not in .*count from 1.*as b\[1\]"):
        arrange([tmp_path / name], names={"m": "b[0]", "c": "b[1]"})


PLACES = [(1, 1), (2, 1), (1, 2), (2, 2)]  # of a matrix, as Stan orders them


def test_components_of_matrices_and_of_posteriordb_are_named_as_the_file_counts_them(tmp_path):
    rows = [f"0,{','.join(str(10 * place + draw) for place in range(4))}" for draw in range(9)]
    (tmp_path / "a.csv").write_text("\n".join(["lp__,b.1.1,b.2.1,b.1.2,b.2.2", *rows]))
    chain = {f"b[{i},{j}]": list(range(10 * k, 10 * k + 9)) for k, (i, j) in enumerate(PLACES)}
    (tmp_path / "a.json").write_text(json.dumps([chain]))
    for file, named in (("a.csv", "b.2.1"), ("a.csv", "b[2, 1]"), ("a.json", "b[2,1]")):
        ((_, run),) = arrange([tmp_path / file], {"m": ()}, names={"m": named})
        assert run.sites["m"].tolist() == [list(range(10, 19))]


@pytest.mark.parametrize("header", ["lp__,m.1,m.2,m.3,m.4", "lp__,m[0],m[1],m[2],m[3]"])
def test_a_vector_of_a_table_is_not_taken_for_chains_of_a_scalar(header, tmp_path):
    (tmp_path / "a.csv").write_text("\n".join([header, *["0,1,2,3,4"] * 9]))
    with pytest.raises(UsageError, match=r"site 'm' has shape \(1, 9, 4\)"):
        arrange([tmp_path / "a.csv"], {"m": ()})


@pytest.mark.parametrize("names", [range(1, 10), [f"draw {i}" for i in range(9)]])
@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("csv", " "), ("txt", " ")])
def test_names_of_rows_as_r_writes_them_are_left_out(names, ending, separator, tmp_path):
    rows = [f'"{name}"{separator}{i}{separator}{i + 10}' for i, name in enumerate(names)]
    path = tmp_path / f"a.{ending}"
    path.write_text("\n".join([f'"m"{separator}"c"', *rows]))
    ((_, run),) = arrange([path])
    assert run.sites["m"].tolist() == [list(range(9))]
    assert run.sites["c"].tolist() == [list(range(10, 19))]


@pytest.mark.parametrize("ending", ["csv", "npz", "nc", "json"])
def test_a_file_that_is_not_there_is_refused_and_a_pattern_is_told_who_fills_it_in(
    ending, tmp_path
):
    for name, words in (("a", "expected: a file that is there$"), ("*", "glob.glob$")):
        with pytest.raises(UsageError, match=words):
            read_draws(tmp_path / f"{name}.{ending}")


def test_one_name_for_two_parameters_is_refused(tmp_path):
    (path,) = write_files(tmp_path, exact_draws(1))
    with pytest.raises(UsageError, match="'m' and 'c' are both said to be 'm'"):
        arrange([path], names={"m": "m", "c": "m"})


def test_names_the_wrong_way_round_are_told_the_right_one(tmp_path):
    (path,) = write_files(tmp_path, exact_draws(1))
    with pytest.raises(
        UsageError, match="known parameters: c, m\n  the model's name comes first: m=b"
    ):
        arrange([path], names={"b": "m"})


@pytest.mark.parametrize("given", [np.zeros((2, 9)), 3, [np.zeros(9)], [3]])
def test_arrays_without_names_are_refused(given):
    with pytest.raises(UsageError, match=r"(?s)have no names.*\{site: \[replicate"):
        read_draws(given)


def test_paths_come_from_whatever_gives_them(tmp_path):
    paths = write_files(tmp_path, exact_draws(2))
    assert len(read_draws(path for path in paths)) == 2


def test_a_folder_is_refused_with_what_to_give_in_its_place(tmp_path):
    with pytest.raises(UsageError, match=r"(?s)it is a folder.*\*\.csv"):
        read_draws([tmp_path])
    (tmp_path / "run.zarr").mkdir()
    with pytest.raises(UsageError, match=r"from_zarr\('run.zarr'\).to_netcdf"):
        read_draws([tmp_path / "run.zarr"])


def test_a_table_that_counts_from_1_is_a_table_that_counts_from_0(tmp_path):
    for first in (0, 1):
        header = ",".join(f"b[{i + first}]" for i in range(2))
        (tmp_path / f"{first}.csv").write_text("\n".join([header, *["1.0,2.0"] * 3, "3.0,5.0"]))
    one, other = (run.sites["b"] for _, run in arrange(sorted(tmp_path.iterdir()), {"b": (2,)}))
    assert np.array_equal(one, other) and one[0, -1].tolist() == [3.0, 5.0]


# -- replicates and chains -------------------------------------------------------------------------


def test_files_are_joined_as_chains_in_their_order(tmp_path):
    sites = exact_draws(6)
    paths = write_files(tmp_path, sites, "stan.csv")
    runs = arrange(paths, chains_per_replicate=3)
    assert [run.sites["m"].shape for _, run in runs] == [(3, DRAWS)] * 2
    np.testing.assert_allclose(runs[1][1].sites["m"], sites["m"][3:, 0], rtol=1e-14)
    assert runs[1][0] == " ".join(map(str, paths[3:])) and runs[1][1].divergences == 3


def test_chains_of_a_file_are_replicates_where_that_is_said(tmp_path):
    sites = exact_draws(2, chains=3)
    runs = arrange(write_files(tmp_path, sites), chains_as_replicates=True)
    assert len(runs) == 6 and runs[4][0].endswith("run001.npz, chain 1")
    np.testing.assert_array_equal(runs[4][1].sites["c"], sites["c"][1, 1:2])


@pytest.mark.parametrize("layout", [{"chains_as_replicates": True}, {"chains_per_replicate": 2}])
def test_a_log_z_of_files_that_are_cut_by_chain_is_left_out_with_a_word(tmp_path, capsys, layout):
    sites = exact_draws(2)
    paths = write_files(tmp_path, sites)
    for i, path in enumerate(paths):
        np.savez(path, **{name: values[i] for name, values in sites.items()}, log_z=-3.0)
    assert all(run.log_z is None for _, run in arrange(paths, **layout))
    assert "log_z is left out" in capsys.readouterr().err


def test_names_of_the_files_are_mapped_to_the_models(tmp_path):
    sites = exact_draws(1)
    np.savez(tmp_path / "a.npz", slope=sites["m"][0], m=sites["c"][0])
    ((_, run),) = arrange([tmp_path / "a.npz"], names={"m": "slope", "c": "m"})
    np.testing.assert_array_equal(run.sites["m"], sites["m"][0])
    np.testing.assert_array_equal(run.sites["c"], sites["c"][0])


def test_components_of_a_site_are_named_one_by_one_whatever_the_files_call_them(tmp_path):
    x = np.random.default_rng(0).standard_normal((20, 3))
    np.savez(tmp_path / "a.npz", a=x[:, 0], b=x[:, [2, 1]], slope=x[:, 0])
    names = {"x[0]": "a", "x[1]": "b[1]", "x[2]": "b[0]", "m": "slope"}
    given = read_draws([tmp_path / "a.npz"])
    ((_, run),) = arrange_runs(given, Layout(names), {"x": (3,), "m": ()})
    np.testing.assert_array_equal(run.sites["x"], x[None])
    np.testing.assert_array_equal(run.sites["m"], x[None, :, 0])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"x[0]": "a"}, r"components of 'x' can't be put together: no name is given for 'x\[1\]'"),
        (
            {"x[0]": "a", "x[1]": "b"},
            "components of 'x' can't be put together: their shapes differ",
        ),
        ({"x[0]": "a", "x[1]": "b[2]"}, r"no site of .* is called 'b\[2\]'"),
        ({"x[2]": "a"}, r"no parameter is called 'x\[2\]'"),
    ],
)
def test_components_that_make_no_site_are_refused(names, words, tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(20), b=np.zeros((20, 2)))
    with pytest.raises(UsageError, match=words):
        arrange_runs(read_draws([tmp_path / "a.npz"]), Layout(names), {"x": (2,)})


@pytest.mark.parametrize(
    ("shape", "superchains", "is_told"),
    [((30, 8), 0, True), ((8, 30), 0, False), ((30, 8), 10, False)],
)
def test_more_chains_than_draws_are_told_of_as_of_exchanged_axes(
    shape, superchains, is_told, tmp_path, capsys
):
    x = np.random.default_rng(0).standard_normal((2, *shape))
    np.savez(tmp_path / "a.npz", m=x[0], c=x[1])
    arrange([tmp_path / "a.npz"], superchains=superchains)
    assert ("a.npz is read as 30 chains of 8 draws" in capsys.readouterr().err) == is_told


# -- weights and evidence --------------------------------------------------------------------------


def test_weights_and_evidence_are_read_and_kish_is_claimed_where_nothing_else_is(tmp_path):
    sites = {name: values[0, 0] for name, values in exact_draws(1).items()}
    weights = np.linspace(0, 1, DRAWS)
    np.savez(tmp_path / "a.npz", **sites, weight=weights, log_z=-3.0, log_z_err=0.1)
    with np.errstate(divide="ignore"):
        np.savez(tmp_path / "b.npz", **sites, log_weight=np.log(weights), log_z=-3.0, log_z_err=0.1)
    np.savez(tmp_path / "c.npz", **sites, weight=weights, log_z=-3.0, log_z_err=0.1, ess=50.0)
    runs = [run for _, run in arrange(sorted(tmp_path.iterdir()))]
    np.testing.assert_array_equal(runs[0].log_weights, runs[1].log_weights)
    kish = weights.sum() ** 2 / np.square(weights).sum()
    assert [run.ess for run in runs] == [pytest.approx(kish), pytest.approx(kish), 50.0]
    assert {(run.log_z, run.log_z_err) for run in runs} == {(-3.0, 0.1)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "names"),
    [("logwt", {}), ("log_w", {}), ("wt", {"weight": "wt"}), ("logz", {"log_z": "logz"})],
)
def test_weights_and_evidence_go_by_names_of_others_too(name, names, tmp_path):
    values = {"logwt": np.log(np.arange(1.0, 10)), "logz": -3.0, "wt": np.arange(1.0, 10)}
    np.savez(tmp_path / "a.npz", **GOOD, **{name: values.get(name, values["logwt"])})
    ((_, run),) = arrange([tmp_path / "a.npz"], names=names)
    if name == "logz":
        assert run.log_z == -3.0 and run.log_weights is None
    else:
        np.testing.assert_allclose(np.exp(run.log_weights), [np.arange(1.0, 10)])


def test_the_last_of_dynestys_running_values_is_log_z(tmp_path):
    running = {"logz": np.linspace(-9, -3, 9), "logzerr": np.linspace(1, 0.1, 9)}
    np.savez(tmp_path / "a.npz", **GOOD, logwt=np.zeros(9), **running)
    for names in ({}, {"log_z": "logz"}):
        ((_, run),) = arrange([tmp_path / "a.npz"], names=names)
        assert (run.log_z, run.log_z_err) == (-3.0, 0.1)


@pytest.mark.slow
@needs_arviz
def test_netcdf_whose_axes_are_out_of_order_is_put_in_order(tmp_path):
    import xarray

    values = np.random.default_rng(0).normal(size=(2, 5, 2, 2))
    dims = ("chain", "draw", "L_dim_0", "L_dim_1")
    order = {dim: np.arange(size) for dim, size in zip(dims, values.shape, strict=True)}
    data = xarray.Dataset({"L": (dims, values)}, order)
    data = data.isel(draw=[3, 1, 0, 2, 4], L_dim_0=[1, 0]).transpose("L_dim_1", ..., "chain")
    data.to_netcdf(tmp_path / "a.nc", group="posterior", engine="h5netcdf")
    ((_, arrays),) = read_draws([tmp_path / "a.nc"])
    np.testing.assert_array_equal(arrays["L"], values)


@pytest.mark.slow
@needs_arviz
def test_netcdf_that_packs_its_values_is_unpacked(tmp_path):
    import xarray

    values = np.arange(100.0)[None] / 4
    values[0, 9] = np.nan
    data = xarray.Dataset({"m": (("chain", "draw"), values)})
    packed = {"m": {"dtype": "int16", "scale_factor": 0.25, "add_offset": 2, "_FillValue": -9}}
    data.to_netcdf(tmp_path / "a.nc", group="posterior", engine="h5netcdf", encoding=packed)
    ((_, arrays),) = read_draws([tmp_path / "a.nc"])
    np.testing.assert_array_equal(arrays["m"], values)


# -- what is refused -------------------------------------------------------------------------------


UNLIKE = {
    "draws": (
        {**GOOD, "m": np.zeros(8), "c": np.zeros(8)},
        {},
        "draws a chain: 8.*9 in every.*; or weight=1 beside",
    ),
    "chains": ({"m": np.zeros((2, 9)), "c": np.zeros((2, 9))}, {}, "chains: 2.*1 in every"),
    "weights": ({**GOOD, "weight": np.ones(9)}, {}, "weights: given.*none in every"),
    "evidence": ({**GOOD, "log_z": 1.0}, {}, "log_z: given"),
    "chains to join": (
        {"m": np.zeros((2, 9)), "c": np.zeros((2, 9))},
        {"chains_per_replicate": 2},
        "holds 2 chains.*files of one chain",
    ),
    "weights to join": ({**GOOD, "weight": np.ones(9)}, {"chains_per_replicate": 2}, "weights"),
    "one chain twice": (GOOD, {"chains_per_replicate": 2}, "b.npz.*are those of '.*a.npz'"),
    "a file too few": (GOOD, {"chains_per_replicate": 3}, "2 files.*a multiple of 3"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_files_that_are_unlike_are_refused(case, tmp_path):
    arrays, layout, words = UNLIKE[case]
    np.savez(tmp_path / "a.npz", **GOOD)
    np.savez(tmp_path / "b.npz", **arrays)
    with pytest.raises(UsageError, match=f"(?s){words}"):
        arrange([tmp_path / "a.npz", tmp_path / "b.npz"], **layout)


def test_a_file_of_no_known_kind_or_that_is_not_there_is_refused(tmp_path):
    for name, words in (("a.doc", "ending is not known.*one of .npz"), ("no.csv", "No such file")):
        with pytest.raises(UsageError, match=f"(?s){words}"):
            read_draws([tmp_path / name])


def test_arrays_that_share_no_replicates_are_refused():
    with pytest.raises(
        UsageError, match="(?s)no number of replicates: m .3, 9., c .2, 9.*log_z as"
    ):
        read_draws({"m": np.zeros((3, 9)), "c": np.zeros((2, 9))})


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.full((2, 1, 9), "a"), "it holds <U1, no numbers"),
        (np.zeros((2, 1, 9), object), "it holds object, no numbers"),
        (np.zeros((2, 1, 9), complex), "it holds complex128, no numbers"),
        ([[[0.0, 1.0]], [[0.0]]], "inhomogeneous"),
    ],
)
def test_arrays_that_hold_no_numbers_are_refused(array, reason):
    with pytest.raises(UsageError, match=f"draws 'm' can't be judged: .*{reason}"):
        read_draws({"m": array})


def test_what_a_mask_hides_is_no_draw():
    hidden = np.ma.masked_less(np.arange(18.0).reshape(2, 1, 9), 1)
    (_, first), (_, second) = read_draws({"m": hidden})
    assert np.isnan(first["m"][0, 0]) and np.isfinite(second["m"]).all()


@pytest.mark.parametrize(
    ("name", "array", "is_refused"),
    [
        ("w", np.arange(20.0), True),
        ("p", np.arange(20.0) / 190, True),  # sums to 1
        ("w", np.ones(20), False),  # all alike: nothing is lost
        ("w", np.linspace(-1, 1, 20), False),
        ("p", np.arange(20.0), False),
    ],
)
def test_numbers_that_are_weights_by_their_values_are_not_left_out_unsaid(name, array, is_refused):
    arrays = {"m": np.zeros((1, 20)) + np.arange(20.0), name: array[None]}
    if not is_refused:
        assert set(make_run("one.csv", arrays, {"m": ()}, {}).sites) == {"m"}
        return
    with pytest.raises(UsageError, match=f"--names weight={name}; or a file without it"):
        make_run("one.csv", arrays, {"m": ()}, {})


@pytest.mark.parametrize(("unknown", "count"), [(0, 3), (19, 1), (20, None)])
def test_divergences_are_those_of_the_draws_that_tell(unknown, count):
    divergent = np.zeros((1, 20))
    divergent[0, -3:] = 1
    divergent[0, :unknown] = np.nan
    run = make_run("one.csv", {"m": np.zeros((1, 20)), "divergent__": divergent}, {"m": ()}, {})
    assert run.divergences == count


def test_chains_are_replicates_in_the_order_of_files_where_that_is_asked_for():
    runs = [(name, Draws({"m": np.full((2, 5), at)})) for at, name in enumerate("ab")]
    cut = cut_replicates(runs, None, True)
    assert [name for name, _ in cut] == ["a, chain 0", "a, chain 1", "b, chain 0", "b, chain 1"]
    assert [run.sites["m"].shape for _, run in cut] == [(1, 5)] * 4


def test_a_bare_dataset_with_chain_and_draw_is_read(tmp_path):
    xarray = pytest.importorskip("xarray")
    rng = np.random.default_rng(0)
    sites = {name: rng.normal(size=(2, 20)) for name in "mc"}
    axes = ("draw", "chain")
    dataset = xarray.Dataset({name: (axes, values.T) for name, values in sites.items()})
    dataset.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    ((_, arrays),) = read_draws(tmp_path / "a.nc")
    assert all((arrays[name] == values).all() for name, values in sites.items())
