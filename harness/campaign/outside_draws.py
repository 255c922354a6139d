"""Draws that other programs made: read from files or arrays, checked, and cut into replicates.

Beside the model's sites a file may hold, where no site has that name, ``weight`` or ``log_weight``
of each draw, and the numbers ``log_z``, ``log_z_err`` and ``ess`` (of weighted draws). Without
``ess`` weighted draws claim Kish's; draws of equal weight claim what ArviZ computes of them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables import read_table
from samplerbench.harness.draws_file import make_nan_draws
from samplerbench.harness.ground_truth import reference_formats
from samplerbench.harness.ground_truth.draws_columns import (
    WEIGHTS,
    arrange_columns,
    is_statistic,
    names_weights,
)
from samplerbench.harness.ground_truth.reference_files import Shapes, fit_sites
from samplerbench.harness.ground_truth.reference_formats import READERS
from samplerbench.harness.statistics.weighted import kish_ess
from samplerbench.samplers.base import Draws
from samplerbench.text import format_count

Array = np.ndarray
Arrays = dict[str, Array]
Runs = Sequence[tuple[str, Draws]]  # each with what it is called: its file

NUMBERS_EXPECTED = "an array of numbers [replicate, chain, draw, *event]"
LEAST_DRAWS = 4  # of a chain: fewer have no ESS
NUMBERS = ("log_z", "log_z_err", "ess")
POSITIVE = ("log_z_err", "ess")  # those of them that are above 0
#: statistics that Stan, ArviZ and others count divergences and acceptance by
DIVERGENT = ("divergent", "diverging")
ACCEPTANCE = ("accept_stat", "acceptance_rate")
#: kinds of table that are no draws' own format, as the data of a program
TABLES = [
    kind
    for kind in read_table.READERS
    if kind not in (".npz", ".csv", ".csv.gz", ".json", ".jsonl")
]


def draws_error(where: object, reason: str, expected: str) -> UsageError:
    """The error for draws that can't be judged."""
    return UsageError(f"draws {str(where)!r} can't be judged: {reason}\n  expected: {expected}")


@dataclass(frozen=True)
class Layout:
    """How draws are to be read: names, and what a replicate is."""

    names: Mapping[str, str]  # the model's site -> what the draws call it, where that is another
    chains_per_replicate: int | None = None  # files of one chain each; None: a replicate a file
    chains_as_replicates: bool = False
    failures: int = 0  # runs that left no draws

    def __post_init__(self) -> None:
        if self.chains_per_replicate is not None and (
            self.chains_as_replicates or self.chains_per_replicate < 1
        ):
            raise UsageError(
                f"chains_per_replicate={self.chains_per_replicate}, "
                f"chains_as_replicates={self.chains_as_replicates}\n"
                "  expected: one of the two; of the first, a whole number from 1 on"
            )
        if not isinstance(self.failures, int) or self.failures < 0:
            raise UsageError(f"failures={self.failures!r}\n  expected: a whole number from 0 on")


# -- reading ---------------------------------------------------------------------------------------


def read_draws(draws: Any) -> list[tuple[str, Arrays]]:
    """Arrays by name of each file, or of each replicate of arrays; with where they are from.

    Raises UsageError for what can't be read.
    """
    if isinstance(draws, Mapping):
        return _split_arrays(draws)
    if isinstance(draws, (str, PathLike)):
        draws = [draws]
    has_paths = isinstance(draws, Iterable) and not hasattr(draws, "shape")
    paths = list(draws) if has_paths else []
    if not has_paths or not all(isinstance(path, (str, PathLike)) for path in paths):
        reason = f"those of type {type(draws).__name__!r} have no names"
        expected = "{site: [replicate, chain, draw, ...]}, or paths of files"
        raise draws_error("given", reason, expected)
    if not paths:
        raise draws_error("files", "there are none", "one file a replicate")
    return [(str(path), _read_arrays(Path(os.path.expanduser(path)))) for path in paths]


def digest_draws(given: Sequence[tuple[str, Arrays]], layout: Layout) -> str:
    """16 hex digits over the arrays as they are given, and over how they are read."""
    digest = hashlib.sha256(repr(layout).encode())
    for _, arrays in given:
        for name, array in sorted(arrays.items()):
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def arrange_runs(
    given: Sequence[tuple[str, Arrays]], layout: Layout, shapes: Shapes | None
) -> Runs:
    """The replicates, of the sites in ``shapes``. Raises UsageError for what does not fit."""
    runs = [(where, make_run(where, arrays, shapes, layout.names)) for where, arrays in given]
    kept = cut_replicates(runs, layout.chains_per_replicate, layout.chains_as_replicates)
    lost = [(f"failed run {i}", make_nan_draws(kept[0][1])) for i in range(layout.failures)]
    return [*kept, *lost]


def _read_arrays(path: Path) -> dict[str, Array]:
    if path.is_dir():
        expected = f"files of draws, one a replicate, as {path / '*.csv'}"
        raise draws_error(path, "it is a folder", expected)
    kind = read_table.find_kind(path)
    if any(path.name.lower().endswith(ending) for ending in READERS):
        return reference_formats.choose_reader(path)(path)
    if kind not in TABLES:
        known = ", ".join([*READERS, *TABLES])
        raise draws_error(path, "its ending is not known", f"one of {known}")
    table = read_table.read_table(path, {})
    columns = table.columns
    if table.looks_headless:
        reason = f"its first line looks like numbers: {', '.join(list(columns)[:4])}"
        raise draws_error(path, reason, "names on top of the columns, as weight, m, c")
    for name, column in columns.items():
        if column.holds_words:
            expected = "numbers in every column, one row a draw and one column a component"
            raise draws_error(path, f"column {name!r} holds words", expected)
    return arrange_columns(path, {n: c.values for n, c in columns.items()})


def _split_arrays(arrays: Mapping[str, Any]) -> list[tuple[str, Arrays]]:
    """Arrays whose first axis is the replicate, by replicate."""
    given = {name: _read_array(name, array) for name, array in arrays.items()}
    sizes = {array.shape[0] if array.ndim else 0 for array in given.values()}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in given.items())
        raise draws_error(
            "arrays",
            f"they share no number of replicates: {shapes or '(none)'}",
            "{site: [replicate, chain, draw, ...]}, and log_z as [replicate]",
        )
    return [
        (f"replicate {i}", {name: array[i] for name, array in given.items()})
        for i in range(sizes.pop())
    ]


def _read_array(name: str, array: Any) -> Array:
    """The numbers of one array, NaN where a mask hides them. Raises UsageError."""
    try:
        values = np.ma.asarray(array)
    except ValueError as error:  # lists of unequal lengths
        raise draws_error(name, str(error), NUMBERS_EXPECTED) from error
    if values.dtype.kind not in "biuf":
        raise draws_error(name, f"it holds {values.dtype}, no numbers", NUMBERS_EXPECTED)
    hidden = np.ma.getmaskarray(values)
    return np.where(hidden, np.nan, values.data) if hidden.any() else values.data


# -- one file --------------------------------------------------------------------------------------


def make_run(
    where: str, arrays: Mapping[str, Array], shapes: Shapes | None, names: Mapping[str, str]
) -> Draws:
    """The draws in one file, under the names of the model's sites. Raises UsageError."""
    beside = {*WEIGHTS, *NUMBERS}.difference(shapes or ())
    called = {name: other for name, other in names.items() if name in beside and other in arrays}
    names = {name: other for name, other in names.items() if name not in called}
    taken = {*(shapes or ()), *names.values(), *called.values()}
    rest = {name: array for name, array in arrays.items() if name not in taken}
    extra = {n: a for n, a in rest.items() if n in beside or is_statistic(n)}
    kept = {n: a for n, a in arrays.items() if n not in extra and n not in called.values()}
    sites = fit_sites(Path(where), kept, shapes, names)
    _refuse_unusable(where, sites)
    extra = {name.removesuffix("__"): array for name, array in extra.items()}
    extra.update({name: arrays[other] for name, other in called.items()})
    _refuse_like_weights(where, {*rest} | {*extra})
    log_weights = _read_log_weights(where, extra, next(iter(sites.values())).shape[:2])
    log_z, log_z_err, ess = (_read_number(where, name, extra.get(name)) for name in NUMBERS)
    if log_weights is not None and ess is None:
        ess = float(kish_ess(log_weights[None])[0])
    divergent = next((extra[name] for name in DIVERGENT if name in extra), None)
    acceptance = next((extra[name] for name in ACCEPTANCE if name in extra), None)
    return Draws(
        sites,
        log_weights,
        None if log_weights is None else ess,  # ArviZ says it of draws of equal weight
        log_z,
        log_z_err,
        divergences=None if divergent is None else int(divergent.sum()),
        accept_prob=None if acceptance is None else float(acceptance.mean()),
    )


def _refuse_unusable(where: str, sites: Mapping[str, Array]) -> None:
    """Raise UsageError for draws that are not finite, and for hardly any."""
    for site, x in sites.items():
        bad = ~np.isfinite(x)
        if bad.any():
            chain, draw = np.argwhere(bad)[0][:2]
            reason = (
                f"{bad.sum()} of {x.size:,} values of {site!r} are not finite, the first in draw "
                f"{draw} of chain {chain}"
            )
            expected = "finite numbers; a run that failed is left out, and counted by --failures N"
            raise draws_error(where, reason, expected)
        if x.shape[1] < LEAST_DRAWS:
            reason = f"{site!r} has {format_count(x.shape[1], 'draw')} a chain"
            raise draws_error(where, reason, f"at least {LEAST_DRAWS} draws a chain")


def _refuse_like_weights(where: str, names: Iterable[str]) -> None:
    """Raise UsageError for weights by a name that is not known: left out, all draws count alike."""
    for name in sorted(names):
        if name not in WEIGHTS and names_weights(name):
            kind = "log_weight" if name.lower().startswith("l") else "weight"
            reason = f"it has {name!r}, which weights are called by"
            raise draws_error(where, reason, f"--names {kind}={name}; or a file without it")


def _read_log_weights(
    where: str, extra: Mapping[str, Array], shape: tuple[int, ...]
) -> Array | None:
    """Natural-log weights [chain, draw]; None where all draws count alike."""
    names = [name for name in WEIGHTS if name in extra]
    if not names:
        return None
    if len(names) > 1:
        raise draws_error(where, f"it has {' and '.join(map(repr, names))}", "one of them")
    (name,) = names
    weights = np.atleast_2d(extra[name]).astype(np.float64)
    expected = "a weight of 0 or more for each draw, with a finite sum above 0; or its log"
    if weights.shape != shape:
        reason = f"{name!r} has shape {extra[name].shape}, the draws are {shape}"
        raise draws_error(where, f"{reason} [chain, draw]", expected)
    is_log = name.startswith("log")
    bad = np.isnan(weights) | (weights == np.inf) | (not is_log and weights < 0)
    if bad.any():
        reason = f"{bad.sum()} of {weights.size:,} in {name!r} are no weights"
        raise draws_error(where, f"{reason}, the first {weights[bad][0]}", expected)
    with np.errstate(divide="ignore"):  # the log of 0 is -inf: a draw that does not count
        log_weights = weights if is_log else np.log(weights)
    if np.isneginf(log_weights).all():
        raise draws_error(where, f"all weights in {name!r} are 0", expected)
    return log_weights


def _read_number(where: str, name: str, array: Array | None) -> float | None:
    """One number of a run, which a table repeats in every row."""
    if array is None:
        return None
    values = np.unique(array)
    above = " above 0" if name in POSITIVE else ""
    if len(values) != 1 or not np.isfinite(values[0]) or (above and values[0] <= 0):
        shown = ", ".join(map(str, values[:3])) or "none"
        reason = f"{name!r} holds {shown}{', ...' if len(values) > 3 else ''}"
        raise draws_error(where, reason, f"one finite number{above}, in every row of a table")
    return float(values[0])


# -- replicates ------------------------------------------------------------------------------------


def cut_replicates(runs: Runs, chains_each: int | None, by_chain: bool) -> Runs:
    """The replicates: one a file, one for every ``chains_each`` files, or one a chain.

    Raises UsageError where they are not alike.
    """
    weighted = next((name for name, run in runs if run.log_weights is not None), None)
    if weighted and (by_chain or chains_each):
        expected = "one file a replicate: weights of several runs have no common scale"
        raise draws_error(weighted, "its draws have weights", expected)
    if by_chain:
        runs = [(f"{name}, chain {i}", each) for name, run in runs for i, each in _split(run)]
    elif chains_each:
        runs = list(_join_files(runs, chains_each))
    _refuse_unlike(runs)
    return runs


def _split(run: Draws) -> Iterator[tuple[int, Draws]]:
    """Each chain as a run of its own; what is counted over all of them is left out."""
    for i in range(count_chains(run)):
        yield i, Draws({name: values[i : i + 1] for name, values in run.sites.items()})


def _join_files(runs: Runs, count: int) -> Iterator[tuple[str, Draws]]:
    """Every ``count`` files, in their order, as the chains of one replicate."""
    if len(runs) % count:
        raise UsageError(
            f"{format_count(len(runs), 'file')} can't be cut into replicates of {count} chains\n"
            f"  expected: a multiple of {count} files, the chains of a replicate after one another"
        )
    for name, run in runs:
        if count_chains(run) > 1:
            raise draws_error(
                name, f"it holds {format_count(count_chains(run), 'chain')}", "files of one chain"
            )
    for first in range(0, len(runs), count):
        group = runs[first : first + count]
        _refuse_unlike(group)
        _refuse_same_chain(group)
        yield " ".join(name for name, _ in group), _join([run for _, run in group])


def _refuse_same_chain(group: Runs) -> None:
    """Raise UsageError where two files of one replicate hold the same draws."""
    seen: dict[tuple[bytes, ...], str] = {}
    for name, run in group:
        key = tuple(values.tobytes() for _, values in sorted(run.sites.items()))
        if key in seen:
            reason = f"its draws are those of {seen[key]!r}"
            raise draws_error(name, reason, "another chain of the replicate in each file")
        seen[key] = name


def _join(runs: Sequence[Draws]) -> Draws:
    sites = {name: np.concatenate([run.sites[name] for run in runs]) for name in runs[0].sites}
    divergences = [run.divergences for run in runs if run.divergences is not None]
    return Draws(sites, divergences=sum(divergences) if divergences else None)


def count_chains(run: Draws) -> int:
    """The chains of a run."""
    return next(iter(run.sites.values())).shape[0]


def count_draws(run: Draws) -> int:
    """The draws of each of its chains."""
    return next(iter(run.sites.values())).shape[1]


def _refuse_unlike(runs: Runs) -> None:
    """Raise UsageError unless all have as many chains and draws, and all weights and log Z."""
    kinds: dict[str, Callable[[Draws], Any]] = {
        "chains": count_chains,
        "draws a chain": count_draws,
        "weights": lambda run: _say(run.log_weights),
        "log_z": lambda run: _say(run.log_z),
        "log_z_err": lambda run: _say(run.log_z_err),
    }
    if all(run.log_weights is not None for _, run in runs):
        del kinds["draws a chain"]  # nested sampling stops by itself
    first, model = runs[0]
    for what, measure in kinds.items():
        for name, run in runs:
            if measure(run) != measure(model):
                expected = f"{measure(model)} in every file, as in {first!r}"
                if measure is count_draws and count_chains(run) == 1:
                    expected += "; or weight=1 beside each draw, where draws are independent"
                raise draws_error(name, f"{what}: {measure(run)}", expected)


def _say(value: Any) -> str:
    return "none" if value is None else "given"
