"""Refusals of option values that make no model."""

from __future__ import annotations


def require(fits: bool, name: str, value: object, expected: str) -> None:
    """Raise ValueError unless ``fits``; the text names the option, its value, what is expected."""
    if not fits:
        raise ValueError(f"{name}={value!r} does not fit\n  expected: {expected}")


def whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from ``low`` to ``high``."""
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    require(fits, name, value, f"a whole number from {low} to {high:,}")


def between(name: str, value: float, low: float, high: float) -> None:
    """Refuse what does not lie from ``low`` to ``high``, NaN included."""
    require(low <= value <= high, name, value, f"a number from {low:g} to {high:g}")


def seed(value: object) -> None:
    """Refuse what can't be a ``data_seed`` of NumPy's legacy generator.

    That one gives the same numbers in every release of NumPy, so that a worker on another stack and
    the coordinator have the same data.
    """
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    require(fits, "data_seed", value, "a whole number from 0 to 2**32 - 1")
