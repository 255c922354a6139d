"""Checks of a settings record: each raises ValueError with the value and what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def require_choices(settings: Any, **choices: Sequence[str]) -> None:
    """Refuse a word that is not among the choices of its setting."""
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise ValueError(f"{name}={value!r} is not known\n  expected: {', '.join(allowed)}")


def require_at_least(settings: Any, least: float, *names: str) -> None:
    """Refuse a number below ``least``; a setting that is None has none."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value >= least:
            raise ValueError(f"{name}={value} is too small\n  expected: at least {least:g}")


def require_positive(settings: Any, *names: str) -> None:
    """Refuse a number that is not above zero; a setting that is None has none."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value > 0:
            raise ValueError(f"{name}={value} makes no run\n  expected: a number above 0")


def require_share(settings: Any, *names: str) -> None:
    """Refuse a number that does not lie between 0 and 1, both excluded."""
    for name in names:
        value = getattr(settings, name)
        if not 0 < value < 1:
            raise ValueError(f"{name}={value} is no share\n  expected: between 0 and 1")
