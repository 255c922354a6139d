"""Data for a program of one's own as a worker reads them: an .npz of arrays by name."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.user_files import open_archive

JAX_ENDING = ".jax.npz"  # of data that a program takes as arrays of JAX only


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Arrays by name, of numbers, truth values or words. Raises UsageError."""
    try:
        data = read_npz(path)
    except (OSError, ValueError) as error:
        raise read_error(path, str(error)) from error
    for name, array in data.items():
        if array.dtype.kind not in "biufU" and array.ndim:
            raise read_error(path, f"array {name!r} holds {array.dtype}, no numbers")
    return data


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, no pickles. Raises OSError and ValueError."""
    with open_archive(path), np.load(path, allow_pickle=False) as arrays:
        found: dict[str, Any] = {name: arrays[name] for name in arrays.files}
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy hands over what is none as bytes
            raise ValueError(f"{name!r} in it is no array")
    return found


def read_data(path: Path) -> dict[str, Any]:
    """What the program is called with, by keyword: arrays; single whole numbers stay numbers.

    The ending of the file says whose arrays: NumPy's, or with JAX_ENDING those of JAX.
    """
    data = {
        name: a.item() if a.ndim == 0 and a.dtype.kind in "biuU" else a
        for name, a in read_arrays(path).items()
    }
    return make_jax_arrays(data) if path.name.endswith(JAX_ENDING) else data


def make_jax_arrays(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data with numbers in arrays of JAX, which a traced index reads; dicts by part."""
    import jax.numpy as jnp

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return make_jax_arrays(value)
        is_numbers = isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
        return jnp.asarray(value) if is_numbers else value

    return {name: convert(value) for name, value in data.items()}


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write what ``read_arrays`` reads; names are free, as np.savez has some of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def read_error(name: object, why: str) -> UsageError:
    """The error for a data file that can't be read, and why."""
    return UsageError(
        f"data file {str(name)!r} can't be read: {why}\n  expected: an .npz of arrays by name"
    )
