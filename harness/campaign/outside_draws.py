"""Draws that other programs made: read from files or arrays, checked, and cut into replicates."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.outside_replicates import (
    Runs,
    count_chains,
    count_draws,
    cut_replicates,
    refuse_uneven,
)
from samplerbench.harness.campaign.outside_run import draws_error, make_run
from samplerbench.harness.campaign.tables import read_table
from samplerbench.harness.draws_file import is_site_name, make_nan_draws
from samplerbench.harness.ground_truth import reference_formats
from samplerbench.harness.ground_truth.draws_columns import arrange_columns
from samplerbench.harness.ground_truth.model_sites import Shapes
from samplerbench.harness.ground_truth.reference_formats import READERS
from samplerbench.options import is_count
from samplerbench.samplers.base import Draws
from samplerbench.text import tell

Array = np.ndarray
Arrays = dict[str, Array]

NUMBERS_EXPECTED = "an array of numbers [replicate, chain, draw, *event]"
#: kinds of table that are no draws' own format, as the data of a program
TABLES = [
    kind
    for kind in read_table.READERS
    if kind not in (".npz", ".csv", ".csv.gz", ".json", ".jsonl")
]
_NUMPY = "\n  next: numpy.savez('run.npz', m=..., c=...), of arrays [chain, draw, *event] by name"
_R = "\n  next: in R, write.csv(posterior::as_draws_df(fit), 'run.csv', row.names = FALSE)"
#: how to write what is not read, by its ending
ADVICE = {
    **dict.fromkeys((".npy", ".h5", ".hdf5", ".mat"), _NUMPY),
    ".zarr": "\n  next: arviz.from_zarr('run.zarr').to_netcdf('run.nc')",
    **dict.fromkeys((".pkl", ".pickle", ".dill", ".joblib"), f"{_NUMPY}; a pickle runs code"),
    **dict.fromkeys((".rds", ".rda", ".rdata"), _R),
}


@dataclass(frozen=True)
class Layout:
    """How draws are to be read: names, and what a replicate is."""

    names: Mapping[str, str]  # the model's site -> what the draws call it, where that is another
    chains_per_replicate: int | None = None  # files of one chain each; None: a replicate a file
    chains_as_replicates: bool = False
    failures: int = 0  # runs that left no draws
    # groups of chains that started at one point each; a setting of the row, so not in its digest
    superchains: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.chains_as_replicates, (bool, np.bool_)):
            raise UsageError(
                f"chains_as_replicates={self.chains_as_replicates!r}\n  expected: true or false"
            )
        each = self.chains_per_replicate
        if each is not None and (self.chains_as_replicates or not is_count(each, 1)):
            raise UsageError(
                f"chains_per_replicate={each!r}, chains_as_replicates={self.chains_as_replicates}\n"
                "  expected: one of the two; of the first, a whole number from 1 on"
            )
        if not is_count(self.failures, 0):
            raise UsageError(f"failures={self.failures!r}\n  expected: a whole number from 0 on")
        if not is_count(self.superchains, 0) or self.superchains == 1:
            raise UsageError(
                f"superchains={self.superchains!r}\n  expected: a whole number from 2 on; or 0,"
                " where each chain started at a point of its own"
            )


def read_draws(draws: Any) -> list[tuple[str, Arrays]]:
    """Arrays by name of each file, or of each replicate of arrays; with where they are from.

    Raises UsageError for what can't be read, and for a site whose name can't be stored.
    """
    given = _read_given(draws)
    for where, arrays in given:
        for name in arrays:
            if not is_site_name(name):
                raise draws_error(where, f"a site is called {name!r}", "a name in characters")
    return given


def _read_given(draws: Any) -> list[tuple[str, Arrays]]:
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
    refuse_uneven(kept, layout.superchains)
    if not layout.superchains:
        _tell_order(*kept[0])
    lost = [(f"failed run {i}", make_nan_draws(kept[0][1])) for i in range(layout.failures)]
    return [*kept, *lost]


def _tell_order(where: str, run: Draws) -> None:
    """Say how many chains were read where they outnumber their draws, as of axes exchanged."""
    chains, draws = count_chains(run), count_draws(run)
    if chains > draws:
        tell(
            f"{where} is read as {chains} chains of {draws} draws: arrays are [chain, draw, ...],"
            " and those of emcee and of R have draws first"
        )


def _read_arrays(path: Path) -> dict[str, Array]:
    if os.path.isdir(path) and path.suffix != ".zarr":
        expected = f"files of draws, one a replicate, as {path / '*.csv'}"
        raise draws_error(path, "it is a folder", expected)
    kind = read_table.find_kind(path)
    if any(path.name.lower().endswith(ending) for ending in READERS):
        return reference_formats.choose_reader(path)(path)
    if kind not in TABLES:
        known = ", ".join([*READERS, *TABLES])
        advice = ADVICE.get(path.suffix.lower(), "")
        raise draws_error(path, "its ending is not known", f"one of {known}{advice}")
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
