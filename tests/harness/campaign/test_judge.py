"""Draws that other programs made: read from their files, refused with the reason, and judged."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from importlib.util import find_spec

import numpy as np
import pytest

import samplerbench
from samplerbench.cli.main import main
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import judge
from samplerbench.harness.campaign.outside_draws import Layout, arrange_runs, read_draws
from samplerbench.harness.campaign.outside_replicates import cut_replicates
from samplerbench.harness.campaign.outside_run import make_run
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.models.base import build
from samplerbench.reports import summary
from samplerbench.reports.tables import notes
from samplerbench.samplers.base import Draws
from tests.support.trials import small

EXACT = build("linear", {}).exact()
DRAWS = 100
PLACES = [(1, 1), (2, 1), (1, 2), (2, 2)]  # of a matrix, as Stan orders them
needs_arviz = pytest.mark.skipif(find_spec("arviz") is None, reason="needs ArviZ")


def exact_draws(replicates, chains=1, draws=DRAWS, wide=1.0, seed=0):
    """Independent exact draws of ``linear``, [replicate, chain, draw] each; ``wide``: their sd."""
    flat = EXACT.draw(np.random.default_rng(seed), replicates * chains * draws)
    return {
        name: (mean + wide * (flat[name] - mean)).reshape(replicates, chains, draws)
        for name, mean in zip(EXACT.names, EXACT.mean, strict=True)
    }


# -- writers, of one replicate [chain, draw] a file ------------------------------------------------


def write_npz(path, sites):
    np.savez(path, **sites)


def write_csv(path, sites):
    lines = [",".join(["chain", *sites])]
    for chain in range(len(sites["m"])):
        rows = np.stack([values[chain] for values in sites.values()], axis=-1).tolist()
        lines += [",".join(map(repr, [chain, *row])) for row in rows]
    path.write_text("\n".join(lines))


def write_tsv(path, sites):
    write_csv(path, sites)
    path.write_text(path.read_text().replace(",", "\t"))


def write_parquet(path, sites):
    import pandas

    flat = {name: values.ravel() for name, values in sites.items()}
    chain = np.repeat(np.arange(len(sites["m"])), DRAWS)
    pandas.DataFrame({"chain": chain, **flat}).to_parquet(path)


def write_stan(path, sites):
    """As CmdStan does: comments around and within, its own columns, one chain a file."""
    (rows,) = np.stack(list(sites.values()), axis=-1)
    lines = ["# stan_version_major = 2", "#     save_warmup = 0 (Default)", "# id = 1 (Default)"]
    lines += [",".join(["lp__", "accept_stat__", "divergent__", *sites])]
    lines += ["# Adaptation terminated", "# Step size = 0.9", "# 1.1, 0.9"]
    lines += [
        ",".join(map(repr, [-7.5, 0.75, int(i == 3), *row])) for i, row in enumerate(rows.tolist())
    ]
    path.write_text("\n".join([*lines, "# ", "#  Elapsed Time: 0.01 seconds (Warm-up)", ""]))


def write_arviz_0(path, sites):
    import arviz

    stats = {"diverging": np.arange(DRAWS)[None] == 3, "acceptance_rate": np.full((1, DRAWS), 0.75)}
    arviz.from_dict(posterior=sites, sample_stats=stats).to_netcdf(str(path), engine="h5netcdf")


def write_arviz_1(path, sites):
    """As ArviZ 1.x does: a DataTree."""
    import xarray

    if not hasattr(xarray, "DataTree"):
        pytest.skip("this xarray has no DataTree")
    groups = {
        "posterior": {name: (("chain", "draw"), values) for name, values in sites.items()},
        "sample_stats": {"diverging": (("chain", "draw"), np.arange(DRAWS)[None] == 3)},
    }
    datasets = {name: xarray.Dataset(variables) for name, variables in groups.items()}
    xarray.DataTree.from_dict(datasets).to_netcdf(path, engine="h5netcdf")


WRITERS = {
    "npz": write_npz,
    "csv": write_csv,
    "tsv": write_tsv,
    "stan.csv": write_stan,
    "parquet": write_parquet,
    "0.nc": write_arviz_0,
    "1.nc": write_arviz_1,
}
MARKS = {
    "parquet": pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow"),
    **dict.fromkeys(("0.nc", "1.nc"), [needs_arviz, pytest.mark.slow]),
}
FORMATS = [pytest.param(name, marks=MARKS.get(name, [])) for name in WRITERS]


def write_files(folder, sites, kind="npz"):
    """One file a replicate; their paths in order."""
    paths = [folder / f"run{i:03}.{kind}" for i in range(len(sites["m"]))]
    for i, path in enumerate(paths):
        each = {name: values[i] for name, values in sites.items()}
        if i and kind.endswith("nc"):  # ArviZ takes a tenth of a second a file
            copy_netcdf(paths[0], path, each)
        else:
            WRITERS[kind](path, each)
    return paths


def copy_netcdf(source, path, sites):
    """The file of ArviZ with other draws in it."""
    import h5py

    shutil.copy(source, path)
    with h5py.File(path, "r+") as file:
        for name, values in sites.items():
            file["posterior"][name][...] = values


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_exact_draws_in_every_format_are_honest_and_wide_ones_are_not(kind, tmp_path):
    for wide, replicates, word in ((1.0, 256, "honest"), (1.5, 32, "biased")):
        folder = tmp_path / word
        folder.mkdir()
        paths = write_files(folder, exact_draws(replicates, wide=wide), kind)
        with samplerbench.judge(paths, model="linear", name="mine", out=folder / "out") as campaign:
            (row,) = campaign.rows()
        assert (row["sampler"], row["verdict"], row["replicates"]) == ("mine", word, replicates)


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


def test_a_name_is_mapped_once(tmp_path):
    with pytest.raises(UsageError, match="'m' is set twice in 'names'"):
        samplerbench.judge(exact_draws(2), model="linear", names=["m=a,m=b"], out=tmp_path / "out")


@pytest.mark.parametrize("given", [np.zeros((2, 9)), 3, [np.zeros(9)], [3]])
def test_arrays_without_names_are_refused(given):
    with pytest.raises(UsageError, match=r"(?s)have no names.*\{site: \[replicate"):
        read_draws(given)


@pytest.mark.parametrize("name", [1, "", "a\0b", "a\udcff"])
def test_a_site_whose_name_can_t_be_stored_is_refused_by_its_name(name, tmp_path):
    draws = {**exact_draws(2), name: np.zeros((2, 1, 4))}
    with pytest.raises(UsageError, match=f"a site is called {re.escape(ascii(name))}"):
        samplerbench.judge(draws, model="linear", out=tmp_path / "out")


def test_paths_come_from_whatever_gives_them(tmp_path):
    paths = write_files(tmp_path, exact_draws(2))
    assert len(read_draws(path for path in paths)) == 2


def test_a_folder_is_refused_with_what_to_give_in_its_place(tmp_path):
    with pytest.raises(UsageError, match=r"(?s)it is a folder.*\*\.csv"):
        read_draws([tmp_path])


def test_draws_as_ensembles_lay_them_out_are_noted(tmp_path):
    sites = {name: values.transpose(0, 2, 1) for name, values in exact_draws(2, 4, 20).items()}
    with samplerbench.judge(sites, model="linear", out=tmp_path / "out") as campaign:
        (trial,) = campaign.store.trials()
        result = campaign.store.result(trial.id)
    assert any("20 chains of 4 draws" in text for text in result.warnings)


def test_a_table_that_counts_from_1_is_a_table_that_counts_from_0(tmp_path):
    for first in (0, 1):
        header = ",".join(f"b[{i + first}]" for i in range(2))
        (tmp_path / f"{first}.csv").write_text("\n".join([header, *["1.0,2.0"] * 3, "3.0,5.0"]))
    one, other = (run.sites["b"] for _, run in arrange(sorted(tmp_path.iterdir()), {"b": (2,)}))
    assert np.array_equal(one, other) and one[0, -1].tolist() == [3.0, 5.0]


def test_the_shapes_of_sites_are_read_from_the_names_of_their_components():
    names = ("m", "b[0]", "b[1]", "L[1,0]", "L[0,0]", "L[1,2]")
    assert judge.infer_shapes(names) == {"m": (), "b": (2,), "L": (2, 3)}


@pytest.mark.slow
def test_the_command_judges_and_its_gate_decides_the_exit_status(tmp_path, capsys):
    paths = write_files(tmp_path, exact_draws(16))
    words = ["judge", "--model", "linear", *map(str, paths), "--out", str(tmp_path / "out")]
    assert main(words) == 0 and "external" in capsys.readouterr().out
    assert main([*words, "--gate", "honest"]) == 1
    assert main(["report", str(tmp_path / "out")]) == 0
    junit = tmp_path / "gate.xml"
    main([*words, "--junit", str(junit)])
    assert 'name="samplerbench judge, ' in junit.read_text()


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


def test_importance_weights_make_wide_draws_honest_and_log_z_is_judged(tmp_path):
    sites = exact_draws(256, draws=300, wide=1.5, seed=3)
    x = np.stack([sites[name] for name in EXACT.names], axis=-1) - EXACT.mean
    square = np.einsum("...i,ij,...j", x, np.linalg.inv(EXACT.covariance), x)
    log_w = -0.5 * square * (1 - 1 / 1.5**2) + 2 * np.log(1.5)  # of the target over the draws'
    w = np.exp(log_w[:, 0])
    log_z = EXACT.log_evidence + np.log(w.mean(axis=1))
    errors = w.std(axis=1) / w.mean(axis=1) / np.sqrt(300)
    draws = {**sites, "log_weight": log_w, "log_z": log_z, "log_z_err": errors}
    with samplerbench.judge(draws, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert row["verdict"] == "honest" and abs(row["log_z_error"]) < 0.05
    assert row["ess"] == row["ess_kish"]


# -- what is refused -------------------------------------------------------------------------------

GOOD = {"m": np.zeros(9), "c": np.ones(9)}
REFUSED = {
    "a site lacks": ({"m": np.zeros(9), "cc": np.ones(9)}, "lacks 'c'.*mean 'cc'"),
    "another shape": ({**GOOD, "m": np.zeros((9, 2, 2))}, r"'m' has shape \(9, 2, 2\)"),
    "ragged": ({**GOOD, "m": np.zeros(8)}, "unlike numbers of chains and draws"),
    "not finite": (
        {**GOOD, "m": np.r_[np.zeros(7), np.nan, np.inf]},
        "2 of 9 values of 'm' are not",
    ),
    "hardly any": ({"m": np.zeros(3), "c": np.zeros(3)}, "3 draw"),
    "negative weights": ({**GOOD, "weight": np.r_[np.ones(8), -1]}, "1 of 9 in 'weight'.*first -1"),
    "no weight at all": ({**GOOD, "weight": np.zeros(9)}, "all weights in 'weight' are 0"),
    "weights of others": (
        {**GOOD, "weight": np.ones(4)},
        r"has shape \(4,\), the draws are \(1, 9",
    ),
    "infinite log weights": ({**GOOD, "log_weight": np.full(9, np.inf)}, "9 of 9 in 'log_weight'"),
    "weights twice": (
        {**GOOD, "weight": np.ones(9), "log_weight": np.zeros(9)},
        "'log_weight' and 'weight'",
    ),
    "weights by another name": ({**GOOD, "wt": np.ones(9)}, "has 'wt', which weights"),
    "weights in capitals": ({**GOOD, "Weight": np.arange(9.0)}, "has 'Weight', which weights"),
    "log Z by another name": ({**GOOD, "lnZ": -3.0}, "has 'lnZ', which log Z may be"),
    "its error so": ({**GOOD, "logz_err": 0.1}, "log Z's error may be"),
    "an ESS that is not judged": ({**GOOD, "ess": 5.0}, "its 'ess' would not be judged"),
    "an error of nothing": ({**GOOD, "log_z_err": 0.1}, "'log_z_err', and no 'log_z'"),
    "an error below 0": ({**GOOD, "log_z": 1.0, "log_z_err": -1.0}, "'log_z_err' holds -1"),
    "no effective draws": ({**GOOD, "weight": np.ones(9), "ess": 0.0}, "'ess' holds 0"),
    "two log Zs": ({**GOOD, "log_z": np.arange(2.0)}, "'log_z' holds 0.0, 1.0"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_draws_that_do_not_do_are_refused_and_nothing_is_written(case, tmp_path):
    arrays, words = REFUSED[case]
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(UsageError, match=f"(?s)bad.npz.*{words}.*\n  expected: "):
        samplerbench.judge(tmp_path / "bad.npz", model="linear", out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no model is named"),
        ({"model": "linear", "name": "numpyro_nuts"}, "runs itself"),
        ({"model": "linear", "replicates": 3}, "no option in judge.* 'replicates'"),
        ({"model": "linear", "failure": 2}, "called 'failure'; did you mean 'failures'"),
        ({"model": ["linear", "funnel"]}, "of one model"),
        ({"model": "linear", "reference": "a.npz"}, "a reference can't better|can't be used"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words, tmp_path):
    with pytest.raises(UsageError, match=words):
        samplerbench.judge(exact_draws(2), out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


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


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_one_file_is_not_judged_and_says_what_it_shows_and_how_many_are_needed(shift, tmp_path):
    sites = exact_draws(1)
    sites["m"] = sites["m"] + shift * EXACT.sd[EXACT.names.index("m")]
    paths = write_files(tmp_path, sites)
    with samplerbench.judge(paths, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["replicates"]) == ("too few replicates", 1)
    reason = row["verdict_reason"]
    assert reason.startswith("1 replicate; a verdict needs 16, each with a seed of its own")
    off, chance = map(
        float, re.search(r"([\d.]+) claimed errors.* up to ([\d.]+)", reason).groups()
    )
    assert (off > chance) == (shift > 0)


def test_the_same_file_twice_is_found(tmp_path):
    paths = write_files(tmp_path, exact_draws(16))
    copy = shutil.copy(paths[2], tmp_path / "copy.npz")
    with samplerbench.judge([*paths, copy], model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert row["verdict"] == "not judged"
    assert f"{paths[2]} and {copy} are the same run" in row["verdict_reason"]


def test_clocks_are_absent_with_the_reason_and_what_is_unknown_is_empty(tmp_path):
    sites = exact_draws(16)
    with samplerbench.judge(sites, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
        log = (campaign.folder / "logs" / f"{row['trial']}.txt").read_text()
    for name in ("cold_s", "warm_s", "peak_rss_mb", "seconds_to_5pct"):
        assert row[name] is None and row["missing"][name] == "made elsewhere: no clock"
    assert row["environment"] == "elsewhere"
    assert (row["device"], row["warmup"], row["seed"]) == (None, None, None)
    assert log.startswith("replicate 0: replicate 0\n")


@pytest.mark.slow
def test_a_narrower_margin_leaves_undecided_what_a_wider_one_calls_honest(tmp_path):
    for margin, word in (({}, "honest"), ({"margin": {"bias": 0.001}}, "undecided")):
        out = tmp_path / word
        with samplerbench.judge(exact_draws(256), model="linear", out=out, **margin) as campaign:
            assert campaign.rows()[0]["verdict"] == word


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, {"weight": np.ones((256, 1, DRAWS))}])
def test_runs_that_failed_count_and_many_make_it_unreliable(extra, tmp_path):
    draws = {**exact_draws(256), **extra}
    with samplerbench.judge(draws, model="linear", failures=9, out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["replicates"]) == ("unreliable", 265)
    assert "9 of 265 runs failed, never ended or are not finite" in row["verdict_reason"]


@pytest.mark.slow
def test_chains_that_started_in_groups_have_nested_rhat(tmp_path):
    draws, options = exact_draws(20, chains=8), {"model": "linear", "out": tmp_path / "out"}
    draws["m"][:, 4:] += 9.0  # the second superchain stays where it started
    with samplerbench.judge(draws, superchains=2, gate="external:superchains=2=honest", **options):
        pass
    with samplerbench.judge(draws, name="others", **options) as campaign:
        nested, plain = campaign.rows()
    assert nested["settings"] == {"superchains": 2} and nested["rhat_nested"] > 2
    assert plain["rhat_nested"] is None and plain["rhat"] == nested["rhat"]


@pytest.mark.parametrize(
    ("superchains", "options", "words"),
    [
        (3, {}, "8 chains can't be cut into 3 superchains of one size\n  expected: a number"),
        (2, {"chains_as_replicates": True}, "1 chain can't be cut into"),
        (1, {}, "superchains=1\n  expected: a whole number from 2 on"),
        (-2, {}, "superchains=-2\n"),
        (2.0, {}, "superchains=2.0\n"),
        ("2", {}, "superchains='2'\n"),
    ],
)
def test_superchains_of_unlike_sizes_are_refused(superchains, options, words, tmp_path):
    draws, out = exact_draws(2, chains=8), tmp_path / "out"
    with pytest.raises(UsageError, match=re.escape(words)):
        samplerbench.judge(draws, model="linear", superchains=superchains, out=out, **options)
    assert not out.exists()


def test_weighted_draws_make_no_superchains():
    draws = {**exact_draws(2, chains=4), "weight": np.ones((2, 4, DRAWS))}
    with pytest.raises(UsageError, match="have weights\n  expected: no superchains="):
        samplerbench.judge(draws, model="linear", superchains=2)


def test_the_same_draws_are_judged_once_and_others_are_a_row_of_the_same_campaign(tmp_path):
    for seed, rows in ((1, 1), (1, 1), (2, 2)):
        draws, out = exact_draws(16, seed=seed), tmp_path / "out"
        with samplerbench.judge(draws, model="linear", name=f"s{seed}", out=out) as campaign:
            assert len(campaign.rows()) == rows


def test_a_judgement_that_is_stopped_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(judge, "_arrange", stop)
    (path,) = write_files(tmp_path, exact_draws(1))
    command = ["judge", str(path), "--model", "linear", "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", ["samplerbench", *command])
    assert main(command) == 130
    assert re.search("stopped with .*\n  go on with: samplerbench judge", capsys.readouterr().err)


def test_a_trial_that_is_run_here_keeps_its_name():
    assert small().outside_digest == "" and small(outside_digest="1").id != small().id


@pytest.mark.process
@pytest.mark.slow
def test_draws_of_a_program_in_a_file_are_judged_by_its_inspection(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpyro, numpyro.distributions as dist\n"
        "data = {'y': 2.0}\n"
        "def program(y):\n"
        "    b = numpyro.sample('b', dist.Normal(0, 1))\n"
        "    numpyro.sample('y', dist.Normal(b, 1), obs=y)\n"
    )
    theta = np.random.default_rng(0).normal(1.0, np.sqrt(0.5), (256, DRAWS))
    options = {"model": f"{tmp_path}/mine.py:program", "env": "current", "out": tmp_path / "out"}
    with samplerbench.judge({"theta": theta}, names={"b": "theta"}, **options) as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["answer"]) == ("honest", "quadrature")


@pytest.mark.slow
def test_a_report_says_honest_without_a_clock_and_names_rows_by_what_is_known(tmp_path):
    for seed in (1, 2):
        draws, name = exact_draws(256 // seed, chains=seed, seed=seed), f"s{seed}"
        with samplerbench.judge(draws, model="linear", name=name, out=tmp_path / "out") as campaign:
            rows = campaign.rows()
    assert rows[0]["verdict"] == "honest"
    sentence = "Shown honest: s1, without a clock."
    assert summary.summarise(rows[:1], 1) == sentence
    assert "sampler with a clock shown honest: " in summary.summarise(rows, 2)
    assert not any("None" in note for note in notes.make_notes(rows, ["verdict"]))


def test_a_name_that_is_there_with_other_draws_is_refused_and_nothing_changes(tmp_path):
    options = {"model": "linear", "name": "mine", "out": tmp_path / "c"}
    for _ in range(2):  # the same draws once more are the same row
        samplerbench.judge(exact_draws(16), **options).close()
    with pytest.raises(UsageError, match=r"(?s)row 'mine' with other draws.*another name="):
        samplerbench.judge(exact_draws(16, seed=1), margin={"bias": 0.5}, **options)
    with samplerbench.load(tmp_path / "c") as campaign:
        (row,) = campaign.rows()
    assert (row["sampler"], row["margins"]) == ("mine", str(DEFAULT))


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


def test_every_command_is_kept_once_also_one_that_begins_another(tmp_path):
    store = Store.create(tmp_path / "c")
    store.set_fact("command", ["samplerbench", "run", "--out", "c d"])  # as an older version
    for command in ("judge a.csv --name x", "judge a.csv", "judge a.csv --name x"):
        judge._remember(store, command)
    kept = "samplerbench run --out 'c d' && judge a.csv --name x && judge a.csv"
    assert store.fact("command") == kept
    store.close()


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


ONE = {"m": np.zeros((1, 1, 20)), "c": np.zeros((1, 1, 20))}


@pytest.mark.parametrize(
    "options",
    [
        {"name": 3},
        {"name": np.arange(3)},
        {"names": 3},
        {"names": [None]},
        {"reference_names": np.arange(3)},
        {"reference_names": "m=x"},
        {"chains_per_replicate": "two"},
        {"chains_per_replicate": True},
        {"chains_as_replicates": "yes"},
        {"failures": True},
        {"superchains": [2]},
        {"model": np.arange(3)},
        {"out": np.arange(3)},
        {"out": "a\0b"},
        {"reference": "a\0b"},
    ],
    ids=str,
)
def test_options_of_a_wrong_type_are_refused_by_name(options):
    (name,) = options
    with pytest.raises(UsageError, match=f"{name.split('_')[0]}.*\n  expected: "):
        samplerbench.judge(ONE, **{"model": "linear", **options})


def test_no_draws_are_refused_as_such():
    with pytest.raises(UsageError, match="draws 'given' can't be judged"):
        samplerbench.judge(None, model="linear")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chain.h5", "numpy.savez"),
        ("results.pkl", "a pickle runs code"),
        ("fit.RDS", "posterior::as_draws_df"),
    ],
)
def test_files_of_other_kinds_are_refused_with_how_to_write_one_that_is_read(name, words, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match=f"(?s)its ending is not known.*next: .*{words}"):
        samplerbench.judge(tmp_path / name, model="linear")


def test_a_bare_dataset_with_chain_and_draw_is_read(tmp_path):
    xarray = pytest.importorskip("xarray")
    rng = np.random.default_rng(0)
    sites = {name: rng.normal(size=(2, 20)) for name in "mc"}
    axes = ("draw", "chain")
    dataset = xarray.Dataset({name: (axes, values.T) for name, values in sites.items()})
    dataset.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    ((_, arrays),) = read_draws(tmp_path / "a.nc")
    assert all((arrays[name] == values).all() for name, values in sites.items())
