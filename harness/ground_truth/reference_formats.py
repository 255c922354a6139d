"""File formats of draws and moments: each reader gives arrays by site.

Four kinds of file, by the ending of their names:

- ``.npz``: arrays by site, [draw, *event] or [chain, draw, *event]; or moments, ``<site>_mean``
  and ``<site>_sd``, with ``<site>_mean_se`` and ``<site>_sd_se`` where they are known;
- ``.csv``: one column a component ("m", "beta[0]", "L[0,1]"), one row a draw; a column ``chain``
  numbers the chains, ``draw`` their draws. Indices may count from 1, as in R; CmdStan's files
  ("L.1.2", comments, saved warm-up, which is left out) are read as they are, ``.csv.gz`` as well;
- ``.nc``: ArviZ's NetCDF, its posterior group, or a Dataset of xarray's with chain and draw;
- ``.json`` or ``.json.zip``: posteriordb's reference draws, a list of chains, each a dict from
  "theta[1]" (counted from 1) to its draws.

Statistics of the sampler end in two underscores, as Stan has them: ``lp__``, ``divergent__``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth.draws_columns import (
    KINDS,
    Columns,
    check_lengths,
    explain,
    file_error,
    is_statistic,
    lost_file_error,
    stack_sites,
)
from samplerbench.harness.ground_truth.draws_csv import read_csv
from samplerbench.models.loading.data_files import read_npz
from samplerbench.user_files import parse_json, read_json_bytes, require_regular

Array = np.ndarray
Reader = Callable[[Path], dict[str, Array]]


def choose_reader(path: Path) -> Reader:
    """What reads ``path``: it gives arrays by site, [draw, ...] or [chain, draw, ...]."""
    for ending, reader in READERS.items():
        if path.name.lower().endswith(ending):
            return reader
    raise UsageError(f"{str(path)!r} has no known ending\n  {KINDS}")


def read_sites(path: Path) -> dict[str, Array]:
    """The arrays in ``path`` without the sampler's statistics. Raises UsageError."""
    arrays = choose_reader(path)(path)
    sites = {name: array for name, array in arrays.items() if not is_statistic(name)}
    if isinstance(arrays, Columns):
        return Columns(sites, arrays.first, arrays.has_chains)
    return sites


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        sites = read_npz(path)
    except FileNotFoundError as error:
        raise lost_file_error(path, error) from error
    except (OSError, ValueError) as error:
        raise file_error(path, str(error)) from error
    for name, array in sites.items():
        if array.dtype.kind not in "biuf":
            raise file_error(path, f"array {name!r} holds {array.dtype}, no numbers")
    return sites


def _read_netcdf(path: Path) -> dict[str, Array]:
    try:
        import h5py  # xarray takes a fifth of a second to open a file

        require_regular(path)
        with h5py.File(path, "r") as file:
            if "posterior" not in file and not _by_chain(file):
                raise file_error(path, f"it has no group 'posterior', but {', '.join(file)}")
            posterior = file["posterior"] if "posterior" in file else file  # of a bare Dataset
            sites, held = _by_chain(posterior), ", ".join(posterior)
            stats = {name: np.asarray(value) for name, value in posterior.attrs.items()}
            stats.update(_by_chain(file["sample_stats"]) if "sample_stats" in file else {})
    except ImportError as error:
        raise file_error(path, f"{error}: pip install 'samplerbench[arviz]'") from error
    except FileNotFoundError as error:
        raise lost_file_error(path, error) from error
    except UsageError:
        raise
    except (OSError, KeyError) as error:
        reason = explain(error).strip("'\"")
        if path.is_file():
            reason = f"it is no NetCDF of version 4 (engine='h5netcdf'), or is cut short: {reason}"
        raise file_error(path, reason) from error
    if not sites:
        raise file_error(path, f"its posterior holds {held or 'nothing'}, with no chain and draw")
    return {**{f"{n}__": a for n, a in stats.items() if a.dtype.kind in "biuf"}, **sites}


def _by_chain(group: Any) -> dict[str, Array]:
    """The variables of a group that have chains and draws, these axes first."""
    arrays = {}
    for name, variable in group.items():
        if not hasattr(variable, "dims"):  # a group within the group
            continue
        axes = [dim[0].name.rpartition("/")[2] if len(dim) else "" for dim in variable.dims]
        if {"chain", "draw"} <= set(axes) and variable.dtype.kind in "biuf":
            arrays[name] = _order_axes(_unpack(variable), variable, axes, name)
    return arrays


def _order_axes(values: Array, variable: Any, axes: list[str], name: str) -> Array:
    """The array with chains, draws and ArviZ's own axes in the order that their numbers give.

    An axis "theta_dim_0" counts the places of theta; names and labels of others are the user's.
    """
    places = {
        axis: int(found[1])
        for axis in axes
        if (found := re.fullmatch(rf"{re.escape(name)}_dim_(\d+)", axis))
    }
    for i, axis in enumerate(axes):
        if axis in ("chain", "draw") or axis in places:
            numbers = variable.dims[i][0][...]
            if numbers.dtype.kind in "iu" and len(np.unique(numbers)) == len(numbers):
                values = np.take(values, np.argsort(numbers), axis=i)
    rest = [axis for axis in axes if axis not in ("chain", "draw")]
    if len(places) == len(rest):
        rest.sort(key=places.__getitem__)
    return values.transpose([axes.index(axis) for axis in ("chain", "draw", *rest)])


def _unpack(variable: Any) -> Array:
    """The values of a variable, also of one packed into whole numbers as NetCDF's users agreed."""
    values, attributes = variable[...], variable.attrs
    missing = values == attributes.get("_FillValue", np.nan)
    if {"scale_factor", "add_offset"} & attributes.keys():
        values = values * attributes.get("scale_factor", 1) + attributes.get("add_offset", 0)
    return np.where(missing, np.nan, values) if missing.any() else values


def _read_json(path: Path) -> dict[str, Array]:
    try:
        chains = parse_json(read_json_bytes(path))
        _refuse_other_json(path, chains)
        check_lengths(path, [len(draws) for chain in chains for draws in chain.values()])
        columns = {
            name: np.array([chain[name] for chain in chains], dtype=np.float64)
            for name in chains[0]
        }
    except UsageError:
        raise
    except FileNotFoundError as error:
        raise lost_file_error(path, error) from error
    except KeyError as error:
        raise file_error(path, f"a chain lacks {error}, which the first one has") from error
    except (OSError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"{explain(error)}; a list of chains of equal length is wanted"
        raise file_error(path, reason) from error
    if any(values.ndim != 2 or not values.size for values in columns.values()) or not columns:
        raise file_error(path, "it is not a list of chains, each a dict of lists of draws")
    return Columns(stack_sites(path, columns, first=1), first=1, has_chains=True)


def _refuse_other_json(path: Path, chains: Any) -> None:
    is_list = isinstance(chains, list) and all(isinstance(chain, dict) for chain in chains)
    if not is_list or not all(isinstance(x, list) for chain in chains for x in chain.values()):
        raise file_error(path, "it is not a list of chains, each a dict of lists of draws")


READERS: dict[str, Reader] = {
    ".npz": _read_npz,
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".nc": _read_netcdf,
    ".json": _read_json,
    ".json.zip": _read_json,
}
