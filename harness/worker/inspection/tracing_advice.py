"""What to write in place of what JAX can't trace, or NumPyro can't form a density of."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.models.loading.program import list_arguments, takes_any_position
from samplerbench.samplers.support.observed_values import describe_no_array

#: what does in place of Python's and NumPy's own, which want a number where JAX traces an unknown
TRACEABLE = {
    "TracerBoolConversionError": "jnp.where or jax.lax.cond in place of `if` on a parameter",
    "TracerArrayConversionError": "jax.numpy in place of numpy for what depends on a parameter, "
    "and jnp.asarray of what a plate or a loop reads at its index, as data in "
    "numpyro.handlers.condition",
    "TracerIntegerConversionError": "sizes and indices of lists that depend on no parameter",
    "ConcretizationTypeError": "jnp.asarray in place of float() or int() of a parameter",
}

NUMPYRO_SAMPLE = ("numpyro.primitives", "sample")


def advise_tracing(error: BaseException, data: Mapping[str, Any]) -> str:
    """What to do about a program that can't be traced; "" where nothing is known."""
    if type(error).__name__ == "TracerArrayConversionError" and (series := _advise_series(data)):
        return series
    advice = TRACEABLE.get(type(error).__name__, "") or _advise_hidden(error)
    arrays = [name for name, value in data.items() if isinstance(value, np.ndarray) and value.ndim]
    if arrays and type(error).__name__ == "TracerArrayConversionError":
        first = arrays[0]
        advice += (
            f"; NumPy arrays here: {', '.join(arrays)}; {first} = jnp.asarray({first}), in the "
            "program, makes one of JAX"
        )
    return advice or _advise_words(data) or _advise_series(data) or _advise_lists(error, data)


def advise_lacking(model: Model) -> str:
    """What to do where the program lacks data that it may need; "" where nothing is known.

    It has None for what it was not given, or takes what it gets by position.
    """
    parameters, is_open = list_arguments(model.program)
    if not parameters and not is_open and takes_any_position(model.program):
        return "data are handed over by name, and it takes them by position: name its parameters"
    names = [n for n, p in parameters.items() if p.default is None and n not in model.data]
    if not names:
        return ""
    return (
        f"{', '.join(names)}: None, since no data were handed over for it; --data FILE, or 'data' "
        "in the file, a dict by name"
    )


def _advise_series(data: Mapping[str, Any]) -> str:
    """How pandas Series become arrays; "" where there are none."""
    names = [name for name, value in data.items() if _is_series(value)]
    told = f"{', '.join(names)}: pandas Series, which JAX can't trace; .to_numpy() gives arrays"
    return told if names else ""


def _advise_lists(error: BaseException, data: Mapping[str, Any]) -> str:
    """How lists become arrays, where they are no operands; "" where there are none."""
    names = [name for name, value in data.items() if isinstance(value, (list, tuple))]
    if not names or not isinstance(error, TypeError):
        return ""
    kind = type(data[names[0]]).__name__
    return f"{', '.join(names)}: {kind}, no array; numpy.asarray({names[0]}) makes one"


def _is_series(value: Any) -> bool:
    return hasattr(value, "to_numpy") and hasattr(value, "iloc") and value.ndim == 1


def _advise_words(data: Mapping[str, Any]) -> str:
    """How data that hold words are numbered; "" where none do."""
    names = [name for name, value in data.items() if _holds_words(value)]
    if not names:
        return ""
    numbered = f"numpy.unique({names[0]}, return_inverse=True)[1] numbers them"
    return f"{', '.join(names)}: words; {numbered}, and those of a table --codes {' '.join(names)}"


def _holds_words(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return isinstance(next(iter(value), None), str)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return kind in ("O", "U") and any(
        isinstance(cell, str) for cell in np.asarray(value, object).ravel()[:1]
    )


def _advise_hidden(error: BaseException) -> str:
    """What to do about a site that no sampler sees, so that it has no key to be drawn with."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        held = frame.f_locals
        is_site = (frame.f_globals.get("__name__"), frame.f_code.co_name) == NUMPYRO_SAMPLE
        if is_site and isinstance(error, AssertionError) and held.get("rng_key", 0) is None:
            return (
                f"site {held.get('name')!r} is hidden from samplers, as by numpyro.handlers.block: "
                "let them see it, or make it data"
            )
    return ""


def expect_density(error: BaseException, model: Model) -> str:
    """What a program has whose density can be formed, where ``error`` says that it can't."""
    if what := describe_no_array(model):
        return f"arrays of numbers (numpy.asarray); {what}"
    # NumPyro replaces some by errors that advise a reparametrisation
    if any(isinstance(e, NotImplementedError) for e in (error, error.__context__)):
        return "priors whose support NumPyro maps to unbounded numbers"
    return "distributions whose shapes fit what they are observed to be"
