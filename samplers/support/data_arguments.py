"""Which data of a program are arguments of what is compiled, and which are constants in it.

As constants they are what ``MCMC.run(key, **data)`` hands over: sizes, masks and switches can be
found in them. As arguments they may change without compiling, which a program bears that asks no
values of them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samplerbench.errors import one_line
from samplerbench.models.base import Model, Sites
from samplerbench.samplers.base import Compiled, Draws, Prepared
from samplerbench.samplers.support.latent_sites import trace_sites


@dataclass(frozen=True)
class DataSplit:
    """The data of one program in two parts."""

    arguments: Mapping[str, Any]  # arrays
    constants: Mapping[str, Any]  # as the user gave them
    reason: str = ""  # why an array is among the constants

    def merge(self, arguments: Any) -> dict[str, Any]:
        """What the program is called with, given these arguments."""
        return {**self.constants, **arguments}


def keep_constant(model: Model) -> DataSplit:
    """All data as constants."""
    return DataSplit({}, dict(model.data))


def split_data(model: Model) -> DataSplit:
    """As many arrays as arguments as the program bears; it is traced, nothing is compiled."""
    arrays = {name: value for name, value in model.data.items() if is_array(value)}
    others = {name: value for name, value in model.data.items() if name not in arrays}
    reason = _explain_refusal(model, arrays)
    if not reason:
        return DataSplit(arrays, others)
    borne: dict[str, Any] = {}
    for name, value in arrays.items():
        if not _explain_refusal(model, {**borne, name: value}):
            borne[name] = value
    return DataSplit(borne, {k: v for k, v in model.data.items() if k not in borne}, reason)


def is_array(value: Any) -> bool:
    """Whether ``value`` is an array of numbers, of NumPy or JAX, that JAX takes as an argument.

    A pandas Series, a masked array and keys of ``jax.random.key`` look like one.
    """
    jax = sys.modules.get("jax")
    kinds = (np.ndarray, jax.Array) if jax else (np.ndarray,)
    if not isinstance(value, kinds) or isinstance(value, np.ma.MaskedArray):
        return False
    return isinstance(value.dtype, np.dtype) and value.dtype.kind in "biufc"


def count_bytes(data: Mapping[str, Any]) -> int:
    """The size of the arrays among ``data``."""
    return sum(value.nbytes for value in data.values() if is_array(value))


def _explain_refusal(model: Model, arguments: Mapping[str, Any]) -> str:
    """What the program raises with ``arguments`` abstract; "" where it bears them."""
    import jax

    def read(values: Any) -> None:
        trace_sites(model, {**model.data, **values})

    try:
        jax.eval_shape(read, dict(arguments))
    except Exception as error:  # whatever a user's program raises
        return one_line(error)
    return ""


def prepare_for_data(
    plain: Callable[[int], Draws],
    model: Model,
    compile_split: Callable[[Model, DataSplit], Compiled],
) -> Prepared:
    """``plain`` runs, and those of what ``compile_split`` compiles for a split of the data.

    The compiled mode has all data as constants, and as arguments once it is bound to others.
    """

    def compile_constant(model: Model) -> Compiled:
        return compile_split(model, keep_constant(model))

    def compile_for_data() -> Compiled:
        split = split_data(model)
        return _bind_or_compile(compile_split(model, split), split, model, compile_constant)

    def compile_once() -> Compiled:
        return _add_lazy_binding(compile_constant(model), compile_for_data)

    return Prepared(plain, compile_once, compile_for_data)


def _bind_or_compile(
    bound: Compiled, split: DataSplit, model: Model, compile_constant: Callable[[Model], Compiled]
) -> Compiled:
    """``bound``, whose ``with_data`` compiles anew for data that differ in what is constant."""
    bind = bound.with_data
    assert bind is not None  # of the samplers that split data

    def with_data(other: Sites) -> Compiled:
        if _differ(other, split.constants):
            return compile_constant(model.with_data({**model.data, **other}))
        return bind(other)

    return replace(bound, with_data=with_data, fixed_data=_explain_fixed(split))


def _add_lazy_binding(constant: Compiled, compile_for_data: Callable[[], Compiled]) -> Compiled:
    """``constant``, whose ``with_data`` has data as arguments, compiled when first asked for."""
    compile_once = functools.cache(compile_for_data)

    def with_data(other: Sites) -> Compiled:
        bind = compile_once().with_data
        assert bind is not None  # of ``_bind_or_compile``
        return bind(other)

    return replace(constant, with_data=with_data)


def _explain_fixed(split: DataSplit) -> dict[str, str]:
    """Arrays that are constants, each with the reason."""
    return {name: split.reason for name, value in split.constants.items() if is_array(value)}


def _differ(other: Mapping[str, Any], constants: Mapping[str, Any]) -> bool:
    """Whether ``other`` has another value for one of the constants."""
    pairs = [(other[name], value) for name, value in constants.items() if name in other]
    return any(
        new is not old and not (is_array(old) and np.array_equal(new, old)) for new, old in pairs
    )
