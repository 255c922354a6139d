"""Files of draws: an .npz of plain arrays, no pickle; the first axis is the replicate."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from samplerbench.components import component_draws, component_names
from samplerbench.models.base import Sites
from samplerbench.samplers.base import Draws

Names = tuple[str, ...]
NUMERIC = tuple("biuf")  # kinds of NumPy's types
NUMBERS = (
    *("ess", "log_z", "log_z_err", "log_z_err_simulated"),
    *("gradients", "tuning_gradients", "likelihoods", "divergences", "accept_prob"),
    *("cut_short", "walkers"),
)


def save_draws(path: Path, groups: dict[str, list[Draws]], truths: Sequence[Sites] = ()) -> str:
    """Write each group of runs; runs of unequal length are padded (weights -inf, sites 0).

    Gives the SHA-256 of the file. Raises ValueError for what are no draws.

    ``truths`` are the parameters that made each replicate's data, where they were simulated.
    """
    for runs in groups.values():
        refuse_unfit(runs)
    arrays: dict[str, np.ndarray] = {}
    for name in truths[0] if truths else ():
        arrays[f"truth/site/{name}"] = np.stack([truth[name] for truth in truths])
    for group, runs in groups.items():
        for name in runs[0].sites:
            arrays[f"{group}/site/{name}"] = _stack([run.sites[name] for run in runs], 0)
        for name in runs[0].stats:
            arrays[f"{group}/stat/{name}"] = _stack([run.stats[name] for run in runs], 0)
        if runs[0].log_weights is not None:
            weights: list[Any] = [run.log_weights for run in runs]
            arrays[f"{group}/log_weights"] = _stack(weights, -np.inf)
        for name in NUMBERS:
            values = [getattr(run, name) for run in runs]
            if any(value is not None for value in values):
                numbers = [np.nan if value is None else value for value in values]
                arrays[f"{group}/{name}"] = np.array(numbers, np.float64)
        if runs[0].termination is not None:
            arrays[f"{group}/termination"] = np.array([run.termination or "" for run in runs])
    if unfit := [name for name, array in arrays.items() if array.dtype.hasobject]:
        raise ValueError(f"{unfit[0]!r} of the draws holds objects; expected: numbers or words")
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refuse_unfit(runs: Sequence[Draws]) -> None:
    """Raise ValueError for sites that are no numbers, empty, or of other shapes in another run."""
    first = {name: _get_shape(x) for name, x in runs[0].sites.items()}
    if not first:
        raise ValueError("the sampler gave no sites; expected: name -> [chain, draw, *event]")
    for at, run in enumerate(runs):
        if run.sites.keys() != first.keys():
            raise ValueError(f"run {at} has sites {sorted(run.sites)}, run 0 {sorted(first)}")
        for name, x in run.sites.items():
            kind, shape, like = getattr(x, "dtype", type(x)), _get_shape(x), first[name]
            where = f"draws of site {name!r} in run {at} are of type {kind} and shape {shape}"
            if getattr(kind, "kind", "") not in NUMERIC or len(shape) < 2 or 0 in shape[:2]:
                raise ValueError(f"{where}; expected: numbers [chain, draw, *event]")
            if (shape[:1], shape[2:]) != (like[:1], like[2:]):
                raise ValueError(f"{where}; in run 0 of shape {like}")


def _get_shape(x: Any) -> tuple[int, ...]:
    """The shape of an array; of what is none, that of a scalar."""
    return tuple(getattr(x, "shape", ()))


def make_nan_draws(like: Draws) -> Draws:
    """NaN in the shape of ``like``: the draws of a run that did not finish."""
    sites = {
        name: np.full(x.shape, np.nan, _choose_float_type(x)) for name, x in like.sites.items()
    }
    stats = {name: np.zeros_like(x) for name, x in like.stats.items()}
    weights = None if like.log_weights is None else np.full_like(like.log_weights, -np.inf)
    return Draws(sites, log_weights=weights, stats=stats, termination=like.termination and "")


def _choose_float_type(x: np.ndarray) -> Any:
    return x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64


def _stack(arrays: list[np.ndarray], fill: float) -> np.ndarray:
    longest = max(array.shape[1] for array in arrays)
    if all(array.shape[1] == longest for array in arrays):
        return np.stack(arrays)
    shape = (len(arrays), arrays[0].shape[0], longest, *arrays[0].shape[2:])
    stack = np.full(shape, fill, arrays[0].dtype)
    for row, array in zip(stack, arrays):  # noqa: B905 (strict= needs Python 3.10)
        row[:, : array.shape[1]] = array
    return stack


class DrawsFile:
    """One group of a file of draws, read array by array so that memory stays bounded."""

    def __init__(self, path: Path, group: str = "replicates") -> None:
        self._arrays = np.load(path, allow_pickle=False)
        self._group = group

    def __enter__(self) -> DrawsFile:
        return self

    def __exit__(self, *_: Any) -> None:
        self._arrays.close()

    def _names(self, kind: str) -> list[str]:
        prefix = f"{self._group}/{kind}/"
        return [key[len(prefix) :] for key in self._arrays.files if key.startswith(prefix)]

    def sites(self) -> dict[str, np.ndarray]:
        """Draws of each site: name -> [replicate, chain, draw, *event]."""
        return {n: self._arrays[f"{self._group}/site/{n}"] for n in self._names("site")}

    def stats(self) -> dict[str, np.ndarray]:
        """Statistics of each draw: name -> [replicate, chain, draw]."""
        return {n: self._arrays[f"{self._group}/stat/{n}"] for n in self._names("stat")}

    def truths(self) -> dict[str, np.ndarray]:
        """Parameters that made each replicate's data, site -> [replicate, *event]; {} as a rule."""
        prefix = "truth/site/"
        names = [key for key in self._arrays.files if key.startswith(prefix)]
        return {key[len(prefix) :]: self._arrays[key] for key in names}

    def get(self, name: str) -> Any:
        """``log_weights`` [replicate, chain, draw], a number [replicate], ...; or None."""
        key = f"{self._group}/{name}"
        return self._arrays[key] if key in self._arrays.files else None

    def component_names(self, sites: Container[str] | None = None) -> tuple[Names, Names]:
        """Names of all components, those of ``sites`` alone where given, and the site of each."""
        wanted = [n for n in self._names("site") if sites is None or n in sites]
        shapes = {n: self._read_shape(f"{self._group}/site/{n}")[3:] for n in wanted}
        pairs = [(name, n) for n, event in shapes.items() for name in component_names(n, event)]
        return tuple(name for name, _ in pairs), tuple(site for _, site in pairs)

    def _read_shape(self, key: str) -> tuple[int, ...]:
        """An array's shape, from its header alone."""
        with self._arrays.zip.open(f"{key}.npy") as file:
            first = npy.read_magic(file) == (1, 0)
            return (npy.read_array_header_1_0 if first else npy.read_array_header_2_0)(file)[0]

    def components(self, names: tuple[str, ...]) -> np.ndarray:
        """Scalars called ``names`` ("m", "L[0,1]") -> [replicate, chain, draw, component].

        Raises KeyError where the draws hold no such site.
        """
        return component_draws(self.sites(), names, lead=3)
