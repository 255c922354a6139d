"""File formats of reference draws and moments: each reader gives arrays by site.

Four kinds of file, by the ending of their names:

- ``.npz``: arrays by site, [draw, *event] or [chain, draw, *event]; or moments, ``<site>_mean``
  and ``<site>_sd``, with ``<site>_mean_se`` and ``<site>_sd_se`` where they are known;
- ``.csv``: one column a component ("m", "beta[0]", "L[0,1]"), one row a draw; a column ``chain``
  numbers the chains, and Stan's own columns (``lp__``) are left out;
- ``.nc``: ArviZ's NetCDF, its posterior group;
- ``.json`` or ``.json.zip``: posteriordb's reference draws, a list of chains, each a dict from
  "theta[1]" (counted from 1) to its draws.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError

Array = np.ndarray
Reader = Callable[[Path], dict[str, Array]]

KINDS = (
    "expected: .npz (arrays by site), .csv (a column a component), .nc (ArviZ) or .json[.zip] "
    "(posteriordb)"
)


def reference_error(path: object, reason: str) -> UsageError:
    """The error for a reference that can't be used."""
    return UsageError(f"reference {str(path)!r} can't be used: {reason}\n  {KINDS}")


def choose_reader(path: Path) -> Reader:
    """What reads ``path``: it gives arrays by site, [draw, ...] or [chain, draw, ...]."""
    readers = {
        ".npz": _read_npz,
        ".csv": _read_csv,
        ".nc": _read_netcdf,
        ".json": _read_json,
        ".json.zip": _read_json,
    }
    for ending, reader in readers.items():
        if path.name.endswith(ending):
            return reader
    raise UsageError(f"reference {str(path)!r} has no known ending\n  {KINDS}")


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as arrays:
            sites = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise reference_error(path, str(error)) from error
    for name, array in sites.items():
        if array.dtype.kind not in "biuf":
            raise reference_error(path, f"array {name!r} holds {array.dtype}, no numbers")
    return sites


def _read_csv(path: Path) -> dict[str, Array]:
    import pandas

    try:
        table = pandas.read_csv(path, comment="#", skipinitialspace=True, index_col=False)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise reference_error(path, str(error).strip()) from error
    table = table[[name for name in table if not str(name).endswith("__")]]
    for name in table:
        if not pandas.api.types.is_numeric_dtype(table[name]):
            raise reference_error(path, f"column {name!r} holds {table[name].dtype}, no numbers")
    chain = next((table.pop(n).to_numpy() for n in ("chain", ".chain") if n in table), None)
    table = table.drop(columns=["draw", ".draw", ".iteration"], errors="ignore")
    if not len(table) or not len(table.columns):
        raise reference_error(path, "it holds no draws")
    columns = {str(name): table[name].to_numpy() for name in table}
    if chain is not None:
        parts = [np.flatnonzero(chain == number) for number in np.unique(chain)]
        _check_lengths(path, [len(part) for part in parts])
        columns = {n: np.stack([v[part] for part in parts]) for n, v in columns.items()}
    return _stack_sites(path, columns, first=0)


def _read_netcdf(path: Path) -> dict[str, Array]:
    import xarray

    try:
        with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as data:
            data = data.load()
    except (OSError, ValueError, KeyError) as error:
        raise reference_error(path, str(error).strip("'\"")) from error
    if not {"chain", "draw"} <= set(data.dims):
        raise reference_error(
            path, f"its posterior has dimensions {', '.join(map(str, data.dims))}"
        )
    return {
        str(name): array.transpose("chain", "draw", ...).to_numpy()
        for name, array in data.data_vars.items()
        if {"chain", "draw"} <= set(array.dims)
    }


def _read_json(path: Path) -> dict[str, Array]:
    try:
        chains = json.loads(_read_json_bytes(path))
        columns = {
            name: np.array([chain[name] for chain in chains], dtype=np.float64)
            for name in chains[0]
        }
    except (OSError, KeyError, TypeError, IndexError, ValueError, zipfile.BadZipFile) as error:
        reason = f"{type(error).__name__}: {error}; a list of chains of equal length is wanted"
        raise reference_error(path, reason) from error
    if any(values.ndim != 2 for values in columns.values()) or not columns:
        raise reference_error(path, "it is not a list of chains, each a dict of lists of draws")
    return _stack_sites(path, columns, first=1)


def _read_json_bytes(path: Path) -> bytes:
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith(".json")))


def _check_lengths(path: Path, lengths: list[int]) -> None:
    if len(set(lengths)) > 1:
        raise reference_error(
            path, f"chains of {', '.join(map(str, lengths))} draws; equal ones fit"
        )


def _stack_sites(path: Path, columns: Mapping[str, Array], first: int) -> dict[str, Array]:
    """Arrays [..., *event] from columns of components, whose indices count from ``first``."""
    components: dict[str, dict[tuple[int, ...], Array]] = {}
    for name, values in columns.items():
        match = re.fullmatch(r"\s*(.+?)\s*(?:\[([\d,\s]+)\])?\s*", name)
        site, index = match.groups() if match else (name, None)
        place = tuple(int(i) - first for i in index.split(",")) if index else ()
        components.setdefault(site, {})[place] = values
    sites = {}
    for site, by_place in components.items():
        shape = tuple(np.max(list(by_place), axis=0) + 1) if () not in by_place else ()
        places = list(np.ndindex(*map(int, shape)))
        if sorted(by_place) != places:
            lacking = next(iter(place for place in places if place not in by_place), ())
            index = ",".join(str(i + first) for i in lacking)
            raise reference_error(path, f"{site}[{index}] is not there; indices count from {first}")
        whole = np.stack([by_place[place] for place in places], axis=-1)
        sites[site] = whole.reshape(*whole.shape[:-1], *map(int, shape))
    return sites


READERS: dict[str, Reader] = {
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".nc": _read_netcdf,
    ".json": _read_json,
    ".json.zip": _read_json,
}
