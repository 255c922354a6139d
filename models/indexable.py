"""Arrays of data that a program may also read at an index that JAX traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class IndexableArray(np.ndarray):
    """A NumPy array that gives its part at a traced index, as of a plate or a loop, to JAX.

    A program written for arrays of JAX reads its data so, ``mu[group[i]]`` or ``x[t]``; one that
    is written for NumPy finds sizes in them, ``int(group.max())``. Data of a file serve both.
    """

    def __getitem__(self, index: Any) -> Any:
        """The part at ``index``: of NumPy, and of JAX where it is traced."""
        try:
            return super().__getitem__(index)
        except TypeError as error:  # what a traced value raises where NumPy asks for a number
            if type(error).__module__.partition(".")[0] not in ("jax", "jaxlib"):
                raise
        import jax.numpy as jnp

        return jnp.asarray(np.asarray(self))[index]

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """A number where NumPy's own arrays give one, as their ``max()`` does."""
        if array.ndim == 0:
            return np.asarray(array)[()]
        return super().__array_wrap__(array, context)


def make_indexable(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data, whose NumPy arrays may be read at a traced index."""
    return {n: v.view(IndexableArray) if type(v) is np.ndarray else v for n, v in data.items()}
