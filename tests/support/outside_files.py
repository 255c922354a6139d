"""Files of draws as other programs write them, of exact draws of the model ``linear``."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import numpy as np
import pytest

from samplerbench.models.base import build

EXACT = build("linear", {}).exact()
DRAWS = 100
GOOD = {"m": np.zeros(9), "c": np.ones(9)}  # a replicate that is read, of nine draws
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
