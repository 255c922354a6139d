"""Files of draws: an .npz of plain arrays, no pickle; the first axis is the replicate."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from samplerbench.components import component_draws, component_names
from samplerbench.models.base import Sites
from samplerbench.samplers.base import Draws
from samplerbench.text import format_count

Names = tuple[str, ...]
NUMERIC = tuple("biuf")  # kinds of NumPy's types
NUMBERS = (
    *("ess", "log_z", "log_z_err", "log_z_err_simulated"),
    *("gradients", "tuning_gradients", "likelihoods", "divergences", "accept_prob"),
    *("cut_short", "walkers"),
)


def save_draws(path: Path, groups: dict[str, list[Draws]], truths: Sequence[Sites] = ()) -> str:
    """Write each group of runs; runs of unequal length are padded (weights -inf, sites 0).

    ``truths`` are the parameters that made each replicate's data, where they were simulated. Gives
    the SHA-256 of the file. Raises ValueError for what are no draws.
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


def take_run(run: Any, where: str = "run 0") -> Draws:
    """What a sampler's run gave, in arrays of its own: the sampler may use its memory again.

    Weighted draws without an ESS claim Kish's. Raises ValueError for what are no draws, which says
    ``where``.
    """
    _refuse_run(run, where)
    sites = {name: np.array(x) for name, x in run.sites.items()}
    if run.log_weights is None or run.ess is not None:
        return replace(run, sites=sites)
    weights = np.array(run.log_weights)
    with np.errstate(invalid="ignore"):  # no weight at all makes NaN
        raw = np.exp(weights - weights.max())
        ess = float(raw.sum() ** 2 / np.square(raw).sum())
    return replace(run, sites=sites, log_weights=weights, ess=ess)


def refuse_swapped(run: Draws, chains: int, draws: int) -> None:
    """Raise ValueError where the axes of draws are in the other order, as the budget shows.

    Of weighted draws there are as many as a run makes, whatever the budget says.
    """
    name, x = next(iter(run.sites.items()))
    if run.log_weights is None and x.shape[0] == draws != chains and x.shape[1] != draws:
        raise ValueError(
            f"draws of site {name!r} are of shape {x.shape} where {format_count(chains, 'chain')} "
            f"of {draws} draws are asked for; expected: [chain, draw, *event]"
        )


def describe_size(run: Draws, chains: int, draws: int) -> str:
    """What draws of equal weight are where they are not as many as asked for; else ""."""
    lead = next(iter(run.sites.values())).shape[:2]
    if run.log_weights is not None or lead == (chains, draws):
        return ""
    given, asked = (
        f"{format_count(a, 'chain')} of {format_count(b, 'draw')}"
        for a, b in (lead, (chains, draws))
    )
    return f"a run gave {given}, not the {asked} asked for"


def refuse_unfit(runs: Sequence[Draws]) -> None:
    """Raise ValueError for what are no draws, and for draws of other shapes in another run."""
    for at, run in enumerate(runs):
        _refuse_run(run, f"run {at}")
    first = runs[0]
    for at, run in enumerate(runs):
        if run.sites.keys() != first.sites.keys():
            raise ValueError(f"run {at} has sites {sorted(run.sites)}, run 0 {sorted(first.sites)}")
        for name, x in run.sites.items():
            shape, like = x.shape, first.sites[name].shape
            if shape == like:
                continue
            text = f"{_describe(name, x, f'run {at}')}; in run 0 of shape {like}"
            if (shape[:1], shape[2:]) != (like[:1], like[2:]):
                raise ValueError(text)
            if run.log_weights is None:
                expected = "as many draws in each run, or log_weights beside them"
                raise ValueError(f"{text}; expected: {expected}")
        if (run.log_weights is None) != (first.log_weights is None):
            raise ValueError(f"one of runs {at} and 0 has log_weights; expected: both, or neither")
        if run.stats.keys() != first.stats.keys():
            raise ValueError(f"run {at} has stats {sorted(run.stats)}, run 0 {sorted(first.stats)}")


def _refuse_run(run: Any, where: str) -> None:
    """Raise ValueError for what is no run's draws: its type, its sites, what comes with them."""
    if not isinstance(run, Draws):
        what = f"{where} gave a {type(run).__name__}"
        raise ValueError(f"{what}; expected: samplerbench.samplers.base.Draws")
    if not isinstance(run.sites, Mapping) or not isinstance(run.stats, Mapping):
        what = f"sites and stats are a {type(run.sites).__name__}, a {type(run.stats).__name__}"
        raise ValueError(f"in {where} {what}; expected: dicts, name -> [chain, draw, *event]")
    if not run.sites:
        raise ValueError("the sampler gave no sites; expected: name -> [chain, draw, *event]")
    for name in (*run.sites, *run.stats):
        if not is_site_name(name):
            raise ValueError(
                f"a site in {where} is called {name!r}; expected: a name in characters"
            )
    for name, x in run.sites.items():
        if not _is_numeric(x) or x.ndim < 2 or 0 in x.shape[:2]:
            text = _describe(name, x, where)
            raise ValueError(f"{text}; expected: numbers [chain, draw, *event]")
    lead = next(iter(run.sites.values())).shape[:2]
    beside = {**run.sites, **{f"stats[{name!r}]": x for name, x in run.stats.items()}}
    if run.log_weights is not None:
        beside["log_weights"] = run.log_weights
    for name, x in beside.items():
        if _get_shape(x)[:2] != lead or not _is_numeric(x):
            what = f"draws of site {name!r}" if name in run.sites else name
            text = f"{what} in {_kind(x, where)}"
            raise ValueError(f"{text}; expected: numbers {list(lead)}, [chain, draw], as beside it")
    for name in NUMBERS:
        value = getattr(run, name)
        if value is not None and (np.ndim(value) or np.asarray(value).dtype.kind not in NUMERIC):
            raise ValueError(f"{name} in {where} is {value!r}; expected: a number, or None")
        if value is not None and name != "log_z" and value < 0:
            raise ValueError(f"{name} in {where} is {value!r}; expected: a number from 0 on")
    if run.ess is not None and run.log_weights is None:  # of equal ones ArviZ's is judged
        expected = "none, or log_weights beside it, zeros where all are equal: then it is judged"
        raise ValueError(f"{where} claims an ESS of its own, {run.ess:g}; expected: {expected}")


def is_site_name(name: Any) -> bool:
    """Whether it is a text that a file of arrays can hold as a name, and give back."""
    if not isinstance(name, str) or not name or "\0" in name:
        return False
    return name.encode(errors="replace").decode() == name  # no half of a character


def _describe(name: str, x: Any, where: str) -> str:
    return f"draws of site {name!r} in {_kind(x, where)}"


def _kind(x: Any, where: str) -> str:
    return f"{where} are of type {getattr(x, 'dtype', type(x))} and shape {_get_shape(x)}"


def _is_numeric(x: Any) -> bool:
    """Whether it is an array of numbers; what other libraries call a dtype need not have kinds."""
    return getattr(getattr(x, "dtype", None), "kind", "") in NUMERIC


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
