"""File formats of draws and moments: each reader gives arrays by site.

Four kinds of file, by the ending of their names:

- ``.npz``: arrays by site, [draw, *event] or [chain, draw, *event]; or moments, ``<site>_mean``
  and ``<site>_sd``, with ``<site>_mean_se`` and ``<site>_sd_se`` where they are known;
- ``.csv``: one column a component ("m", "beta[0]", "L[0,1]"), one row a draw; a column ``chain``
  numbers the chains. Indices may count from 1, as in R; CmdStan's files ("L.1.2", comments, saved
  warm-up, which is left out) are read as they are;
- ``.nc``: ArviZ's NetCDF, its posterior group;
- ``.json`` or ``.json.zip``: posteriordb's reference draws, a list of chains, each a dict from
  "theta[1]" (counted from 1) to its draws.

Statistics of the sampler end in two underscores, as Stan has them: ``lp__``, ``divergent__``.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.models.loading.data_files import read_npz
from samplerbench.user_files import (
    open_archive,
    parse_json,
    read_limited,
    require_regular,
)

Array = np.ndarray
Place = tuple[int, ...]  # indices of a component
Reader = Callable[[Path], dict[str, Array]]

KINDS = (
    "expected: .npz (arrays by site), .csv (a column a component), .nc (ArviZ) or .json[.zip] "
    "(posteriordb)"
)


def file_error(path: object, reason: str) -> UsageError:
    """The error for a file of draws or moments that can't be used."""
    return UsageError(f"{str(path)!r} can't be used: {reason}\n  {KINDS}")


def choose_reader(path: Path) -> Reader:
    """What reads ``path``: it gives arrays by site, [draw, ...] or [chain, draw, ...]."""
    for ending, reader in READERS.items():
        if path.name.endswith(ending):
            return reader
    raise UsageError(f"{str(path)!r} has no known ending\n  {KINDS}")


def is_statistic(name: str) -> bool:
    """Whether an array is the sampler's own, and no site."""
    return name.endswith("__")


def read_sites(path: Path) -> dict[str, Array]:
    """The arrays in ``path`` without the sampler's statistics. Raises UsageError."""
    arrays = choose_reader(path)(path)
    return {name: array for name, array in arrays.items() if not is_statistic(name)}


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        sites = read_npz(path)
    except (OSError, ValueError) as error:
        raise file_error(path, str(error)) from error
    for name, array in sites.items():
        if array.dtype.kind not in "biuf":
            raise file_error(path, f"array {name!r} holds {array.dtype}, no numbers")
    return sites


def _read_csv(path: Path) -> dict[str, Array]:
    import pandas

    try:
        require_regular(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)  # cells would be lost
            table = pandas.read_csv(path, comment="#", skipinitialspace=True, index_col=False)
        table = table.iloc[_count_warmup(path) :]
    except (OSError, ValueError, ArithmeticError, MemoryError, Warning) as error:
        raise file_error(path, str(error).strip()) from error
    for name in table:
        if not pandas.api.types.is_numeric_dtype(table[name]):
            raise file_error(path, f"column {name!r} holds {table[name].dtype}, no numbers")
    return arrange_columns(path, {str(name): table[name].to_numpy() for name in table})


def _count_warmup(path: Path) -> int:
    """How many rows of saved warm-up come first, by the comments on top of a file of Stan's."""
    with open(path, encoding="utf-8", errors="replace") as file:
        comments = "".join(itertools.takewhile(lambda line: line.startswith("#"), file))
    said = dict(re.findall(r"^#\s*(\w+)\s*=\s*(\S+)", comments, re.MULTILINE))
    if said.get("save_warmup") not in ("1", "true"):
        return 0
    warmup = said.get("num_warmup") or said.get("warmup", "0")  # as CmdStan, as RStan calls it
    return math.ceil(int(warmup) / int(said.get("thin", 1)))


def arrange_columns(path: Path, columns: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays by site from the columns of a table, a row a draw; by chain where these have numbers.

    Indices count from 1 where none is 0. Raises UsageError.
    """
    columns = dict(columns)
    chain = next((columns.pop(n) for n in ("chain", ".chain") if n in columns), None)
    columns = {n: v for n, v in columns.items() if n not in ("draw", ".draw", ".iteration")}
    if not columns or not len(next(iter(columns.values()))):
        raise file_error(path, "it holds no draws")
    if chain is not None:
        parts = [np.flatnonzero(chain == number) for number in np.unique(chain)]
        _check_lengths(path, [len(part) for part in parts])
        columns = {n: np.stack([v[part] for part in parts]) for n, v in columns.items()}
    if any(is_statistic(name) for name in columns):  # of Stan: theta.1.2
        columns = {re.sub(r"((?:\.\d+)+)$", _bracket, name): v for name, v in columns.items()}
    zero = any(re.search(r"\[(.*,)?\s*0\s*(,.*)?\]$", name) for name in columns)
    return _stack_sites(path, columns, first=0 if zero else 1)


def _bracket(match: re.Match[str]) -> str:
    return f"[{match[1][1:].replace('.', ',')}]"


def _read_netcdf(path: Path) -> dict[str, Array]:
    try:
        import h5py  # xarray takes a fifth of a second to open a file

        require_regular(path)
        with h5py.File(path, "r") as file:
            posterior = file["posterior"]
            sites, held = _by_chain(posterior), ", ".join(posterior)
            stats = {name: np.asarray(value) for name, value in posterior.attrs.items()}
            stats.update(_by_chain(file["sample_stats"]) if "sample_stats" in file else {})
    except ImportError as error:
        raise file_error(path, f"{error}: pip install 'samplerbench[arviz]'") from error
    except (OSError, KeyError) as error:
        raise file_error(path, str(error).strip("'\"")) from error
    if not sites:
        raise file_error(path, f"its posterior holds {held or 'nothing'}, with no chain and draw")
    return {**{f"{n}__": a for n, a in stats.items() if a.dtype.kind in "biuf"}, **sites}


def _by_chain(group: Any) -> dict[str, Array]:
    """The variables of a group that have chains and draws, these axes first."""
    arrays = {}
    for name, variable in group.items():
        axes = [dim[0].name.rpartition("/")[2] if len(dim) else "" for dim in variable.dims]
        if {"chain", "draw"} <= set(axes) and variable.dtype.kind in "biuf":
            lead = (axes.index("chain"), axes.index("draw"))
            arrays[name] = np.moveaxis(variable[...], lead, (0, 1))
    return arrays


def _read_json(path: Path) -> dict[str, Array]:
    try:
        chains = parse_json(_read_json_bytes(path))
        columns = {
            name: np.array([chain[name] for chain in chains], dtype=np.float64)
            for name in chains[0]
        }
    except (OSError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}; a list of chains of equal length is wanted"
        raise file_error(path, reason) from error
    if any(values.ndim != 2 or not values.size for values in columns.values()) or not columns:
        raise file_error(path, "it is not a list of chains, each a dict of lists of draws")
    return _stack_sites(path, columns, first=1)


def _read_json_bytes(path: Path) -> bytes:
    if path.suffix != ".zip":
        return read_limited(path)
    with open_archive(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith(".json")]
        if len(inside) != 1:
            raise ValueError(f"{len(inside)} files of JSON are in it, one was expected")
        return archive.read(inside[0])


def _check_lengths(path: Path, lengths: list[int]) -> None:
    if len(set(lengths)) > 1:
        raise file_error(path, f"chains of {', '.join(map(str, lengths))} draws; equal ones fit")


def _stack_sites(path: Path, columns: Mapping[str, Array], first: int) -> dict[str, Array]:
    """Arrays [..., *event] from columns of components, whose indices count from ``first``."""
    components: dict[str, dict[Place, Array]] = {}
    for name, values in columns.items():
        match = re.fullmatch(r"\s*(.+?)\s*(?:\[(\d{1,18}(?:\s*,\s*\d{1,18})*)\])?\s*", name)
        site, index = match.groups() if match else (name, None)
        place = tuple(int(i) - first for i in index.split(",")) if index else ()
        components.setdefault(site, {})[place] = values
    sites = {}
    for site, by_place in components.items():
        if len({len(place) for place in by_place}) > 1:
            raise file_error(path, f"components of {site!r} have unlike numbers of indices")
        places = sorted(by_place)
        shape = tuple(max(indices) + 1 for indices in zip(*places, strict=True))
        if (lacking := _find_lacking(places, shape)) is not None:
            index = ",".join(str(i + first) for i in lacking)
            raise file_error(path, f"{site}[{index}] is not there; indices count from {first}")
        whole = np.stack([by_place[place] for place in places], axis=-1)
        sites[site] = whole.reshape(*whole.shape[:-1], *shape)
    return sites


def _find_lacking(places: Sequence[Place], shape: Place) -> Place | None:
    """The first place of an array of this shape that is not among the sorted ``places``.

    The shape is what a file claims: its places are never counted up.
    """
    expected = [0] * len(shape)
    for place in places:
        if place != tuple(expected):
            return tuple(expected)
        for axis in reversed(range(len(shape))):
            expected[axis] = (expected[axis] + 1) % shape[axis]
            if expected[axis]:
                break
    return None if len(places) == math.prod(shape) else tuple(expected)


READERS: dict[str, Reader] = {
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".nc": _read_netcdf,
    ".json": _read_json,
    ".json.zip": _read_json,
}
