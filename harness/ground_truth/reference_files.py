"""An answer from a file: somebody's reference draws, or their moments with standard errors.

Four kinds of file, told apart by their names:

- ``.npz``: arrays by site, [draw, *event] or [chain, draw, *event]; or moments, ``<site>_mean``
  and ``<site>_sd``, with ``<site>_mean_se`` and ``<site>_sd_se`` where they are known;
- ``.csv``: one column a component ("m", "beta[0]", "L[0,1]"), one row a draw; a column ``chain``
  tells chains apart, and Stan's own columns (``lp__``) are left out;
- ``.nc``: ArviZ's NetCDF, its posterior group;
- ``.json`` or ``.json.zip``: posteriordb's reference draws, a list of chains, each a dict from
  "theta[1]" (counted from 1) to its draws.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import all_component_names, component_names
from samplerbench.errors import UsageError
from samplerbench.harness.statistics import ess_rhat
from samplerbench.models.base import Exact, Sites

Array = np.ndarray
Shapes = Mapping[str, tuple[int, ...]]  # latent site -> shape

EXPECTED = (
    "expected: .npz (arrays by site), .csv (a column a component), .nc (ArviZ) or .json[.zip] "
    "(posteriordb)"
)
MOMENTS = ("_mean", "_sd", "_mean_se", "_sd_se")


def check(name: str) -> tuple[str, str]:
    """Refuse a file that can't be a reference -> (full path, digest). Raises UsageError."""
    path = Path(name).expanduser().resolve()
    _reader(path)
    try:
        return str(path), hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def from_file(path: Path, shapes: Shapes | None = None) -> Exact:
    """The answer in ``path``; components are named from 0, as "theta[0]".

    ``shapes`` of a model's latent sites: the answer then has these and no others, in this order.
    Standard errors of draws are their MCSE (Vehtari et al. 2021, as ArviZ computes them). Raises
    UsageError for a file that can't be read and for one that does not fit.
    """
    arrays = _reader(path)(path)
    if _holds_moments(arrays):
        return _of_moments(path, arrays, shapes)
    sites = _by_chain(path, arrays, shapes)
    return of_draws(sites, f"reference draws ({path.name})", str(path))


def of_draws(sites: Sites, source: str, where: str) -> Exact:
    """The answer that ``sites``, [chain, draw, *event] each, stand for. Raises UsageError.

    Components that are fixed, as those above the diagonal of a Cholesky factor, are no part of it.
    """
    every = all_component_names({name: values[None] for name, values in sites.items()})
    whole = np.concatenate([v.reshape(*v.shape[:2], -1) for v in sites.values()], axis=2)
    whole = whole.astype(np.float64)
    free = varying(every, whole.reshape(-1, len(every)))
    names, x = tuple(np.array(every)[free].tolist()), whole[:, :, free]
    finite = np.isfinite(x).all(axis=(0, 1))
    if not finite.all():
        raise _unreadable(where, f"draws of {names[int(np.argmin(finite))]!r} are not all finite")
    claims = ess_rhat.claims(x[None], ranks=False)
    second, second_se, _ = ess_rhat.series_mean(x[None], lambda p: np.square(p - x.mean((0, 1))))
    known = np.isfinite(claims.mcse_mean[0]) & np.isfinite(second_se[0])
    if not known.all():
        raise _unreadable(where, f"draws of {names[int(np.argmin(known))]!r} are constant, or fewer"
                          " than 4 a chain")  # fmt: skip
    flat = x.reshape(-1, len(names))
    return Exact(
        names,
        mean=flat.mean(axis=0),
        covariance=np.atleast_2d(np.cov(flat, rowvar=False)),
        quantile=lambda p: np.quantile(flat, p, axis=0),
        draw=drawer(names, flat),
        source=source,
        mean_se=claims.mcse_mean[0],
        sd_se=second_se[0] / (2 * np.sqrt(second[0])),  # d sd = d sd^2 / (2 sd)
    )


def varying(names: tuple[str, ...], x: Array) -> Array:
    """[component] bool: not fixed; fixed is the same in all of ``x[draw, component]`` while
    another component of its site varies.
    """
    fixed = (x == x[:1]).all(axis=0)
    site = np.array([name.partition("[")[0] for name in names])
    return ~(fixed & np.isin(site, site[~fixed]))


def drawer(names: tuple[str, ...], bank: Array) -> Callable[[np.random.Generator, int], Sites]:
    """Independent draws with replacement from ``bank[draw, component]``, by site.

    A component that is not among ``names`` is 0.
    """
    places: dict[str, dict[tuple[int, ...], int]] = {}
    for i, name in enumerate(names):
        site, _, index = name.partition("[")
        place = tuple(int(part) for part in index.rstrip("]").split(",")) if index else ()
        places.setdefault(site, {})[place] = i

    def draw(rng: np.random.Generator, count: int) -> Sites:
        taken = bank[rng.integers(len(bank), size=count)]
        found = {}
        for site, columns in places.items():
            shape = np.max(list(columns), axis=0).astype(int) + 1
            found[site] = np.zeros((count, *shape))
            for place, column in columns.items():
                found[site][(slice(None), *place)] = taken[:, column]
        return found

    return draw


def _unreadable(path: object, why: str) -> UsageError:
    return UsageError(f"reference {str(path)!r} can't be used: {why}\n  {EXPECTED}")


# -- reading ---------------------------------------------------------------------------------------


def _reader(path: Path) -> Callable[[Path], dict[str, Array]]:
    """What reads ``path``: it gives arrays by site, [draw, ...] or [chain, draw, ...]."""
    readers = {".npz": _npz, ".csv": _csv, ".nc": _netcdf, ".json": _json, ".json.zip": _json}
    for ending, reader in readers.items():
        if path.name.endswith(ending):
            return reader
    raise UsageError(f"reference {str(path)!r} has no known ending\n  {EXPECTED}")


def _npz(path: Path) -> dict[str, Array]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise _unreadable(path, str(error)) from error
    for name, array in found.items():
        if array.dtype.kind not in "biuf":
            raise _unreadable(path, f"array {name!r} holds {array.dtype}, no numbers")
    return found


def _csv(path: Path) -> dict[str, Array]:
    import pandas

    try:
        table = pandas.read_csv(path, comment="#", skipinitialspace=True, index_col=False)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise _unreadable(path, str(error).strip()) from error
    table = table[[name for name in table if not str(name).endswith("__")]]
    for name in table:
        if not pandas.api.types.is_numeric_dtype(table[name]):
            raise _unreadable(path, f"column {name!r} holds {table[name].dtype}, no numbers")
    chain = next((table.pop(n).to_numpy() for n in ("chain", ".chain") if n in table), None)
    table = table.drop(columns=["draw", ".draw", ".iteration"], errors="ignore")
    if not len(table) or not len(table.columns):
        raise _unreadable(path, "it holds no draws")
    columns = {str(name): table[name].to_numpy() for name in table}
    if chain is not None:
        parts = [np.flatnonzero(chain == one) for one in np.unique(chain)]
        _same_length(path, [len(part) for part in parts])
        columns = {n: np.stack([v[part] for part in parts]) for n, v in columns.items()}
    return _sites(path, columns, first=0)


def _netcdf(path: Path) -> dict[str, Array]:
    import xarray

    try:
        with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as data:
            data = data.load()
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, str(error).strip("'\"")) from error
    if not {"chain", "draw"} <= set(data.dims):
        raise _unreadable(path, f"its posterior has dimensions {', '.join(map(str, data.dims))}")
    return {
        str(name): array.transpose("chain", "draw", ...).to_numpy()
        for name, array in data.data_vars.items()
        if {"chain", "draw"} <= set(array.dims)
    }


def _json(path: Path) -> dict[str, Array]:
    try:
        chains = json.loads(_text(path))
        columns = {
            name: np.array([chain[name] for chain in chains], dtype=np.float64)
            for name in chains[0]
        }
    except (OSError, KeyError, TypeError, IndexError, ValueError, zipfile.BadZipFile) as error:
        why = f"{type(error).__name__}: {error}; a list of chains of equal length is wanted"
        raise _unreadable(path, why) from error
    if any(values.ndim != 2 for values in columns.values()) or not columns:
        raise _unreadable(path, "it is not a list of chains, each a dict of lists of draws")
    return _sites(path, columns, first=1)


def _text(path: Path) -> bytes:
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith(".json")))


def _same_length(path: Path, lengths: list[int]) -> None:
    if len(set(lengths)) > 1:
        raise _unreadable(path, f"chains of {', '.join(map(str, lengths))} draws; equal ones fit")


def _sites(path: Path, columns: Mapping[str, Array], first: int) -> dict[str, Array]:
    """Arrays [..., *event] from columns of components, whose indices count from ``first``."""
    placed: dict[str, dict[tuple[int, ...], Array]] = {}
    for name, values in columns.items():
        parts = re.fullmatch(r"\s*(.+?)\s*(?:\[([\d,\s]+)\])?\s*", name)
        site, index = parts.groups() if parts else (name, None)
        place = tuple(int(i) - first for i in index.split(",")) if index else ()
        placed.setdefault(site, {})[place] = values
    found = {}
    for site, parts_of in placed.items():
        shape = tuple(np.max(list(parts_of), axis=0) + 1) if () not in parts_of else ()
        wanted = list(np.ndindex(*map(int, shape)))
        if sorted(parts_of) != wanted:
            lacks = next(iter(place for place in wanted if place not in parts_of), ())
            at = ",".join(str(i + first) for i in lacks)
            raise _unreadable(path, f"{site}[{at}] is not there; indices count from {first}")
        whole = np.stack([parts_of[place] for place in wanted], axis=-1)
        found[site] = whole.reshape(*whole.shape[:-1], *map(int, shape))
    return found


# -- fitting to a model ----------------------------------------------------------------------------


def _holds_moments(arrays: Mapping[str, Array]) -> bool:
    return any(n.endswith("_mean") and f"{n[: -len('_mean')]}_sd" in arrays for n in arrays)


def _by_chain(path: Path, arrays: Mapping[str, Array], shapes: Shapes | None) -> Sites:
    """Each site as [chain, draw, *event], those of the model alone where it is given."""
    if shapes is None:
        lead = _leading(path, list(arrays.values()))
        return {name: array if lead == 2 else array[None] for name, array in arrays.items()}
    found = {}
    for site, shape in _required(path, list(arrays), shapes).items():
        array = arrays[site]
        lead = array.ndim - len(shape)
        if lead not in (1, 2) or array.shape[lead:] != shape:
            wanted = "".join(f", {n}" for n in shape)
            raise _unreadable(
                path,
                f"site {site!r} has shape {array.shape}; this model's is [draw{wanted}] or "
                f"[chain, draw{wanted}]",
            )
        found[site] = array if lead == 2 else array[None]
    if len({array.shape[:2] for array in found.values()}) > 1:
        sizes = ", ".join(f"{name} {array.shape[:2]}" for name, array in found.items())
        raise _unreadable(path, f"sites have unlike numbers of chains and draws: {sizes}")
    return found


def _leading(path: Path, arrays: list[Array]) -> int:
    """How many axes lead, 2 for [chain, draw]: from arrays alone, where no model says."""
    for lead in (2, 1):
        sizes = {array.shape[:lead] for array in arrays if array.ndim >= lead}
        if len(sizes) == 1 and all(array.ndim >= lead for array in arrays):
            return lead
    raise _unreadable(path, "its arrays share no number of draws")


def _required(path: Path, names: list[str], shapes: Shapes) -> Shapes:
    lacking = [site for site in shapes if site not in names]
    if lacking:
        raise _unreadable(
            path,
            f"it lacks {', '.join(map(repr, lacking))} of this model's parameters "
            f"{', '.join(shapes)}; it holds {', '.join(sorted(names)) or '(nothing)'}",
        )
    return shapes


def _of_moments(path: Path, arrays: Mapping[str, Array], shapes: Shapes | None) -> Exact:
    sites = [name[: -len("_mean")] for name in arrays if name.endswith("_mean")]
    if shapes is not None:
        sites = list(_required(path, sites, shapes))
    columns: dict[str, list[Array]] = {ending: [] for ending in MOMENTS}
    names: list[str] = []
    for site in sites:
        shape = shapes[site] if shapes is not None else arrays[f"{site}_mean"].shape
        names += component_names(site, shape)
        for ending in MOMENTS:
            array = _moment(path, arrays, site + ending, shape, needed=not ending.endswith("se"))
            columns[ending].append(array)
    mean, sd, mean_se, sd_se = (np.concatenate(columns[ending]) for ending in MOMENTS)
    if not (np.isfinite(mean).all() and (sd > 0).all()):
        raise _unreadable(path, "a mean is not finite, or an sd not above 0")
    return Exact(
        tuple(names), mean, np.diag(np.square(sd)), None, None, None,
        f"reference moments ({path.name})", mean_se, sd_se,
    )  # fmt: skip


def _moment(
    path: Path, arrays: Mapping[str, Any], name: str, shape: tuple[int, ...], needed: bool
) -> Array:
    """One moment of a site, flat; a standard error that is not given is 0: taken as exact."""
    array = np.asarray(arrays.get(name, np.nan if needed else np.zeros(shape)), np.float64)
    if array.shape != shape:
        raise _unreadable(path, f"{name!r} has shape {array.shape}; this model's is {shape}"
                          if name in arrays else f"there is no array {name!r}")  # fmt: skip
    return array.reshape(-1)
