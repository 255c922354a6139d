"""Numbers as text, to the digits that their intervals support."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

DIGITS = 3  # significant digits at most: times are not known better


def is_number(found: Any) -> bool:
    """Whether it is a number, which True is not."""
    return isinstance(found, (int, float)) and not isinstance(found, bool)


def number(found: Any) -> str:
    """A number without an interval: 3 significant digits, counts below 10,000 whole."""
    if found is None:
        return "-"
    if not is_number(found) or not math.isfinite(found):
        return str(found)
    if found == 0:
        return "0"
    if isinstance(found, int) and abs(found) < 10_000:
        return str(found)
    place = _place(found)
    return _shown(found, place - DIGITS + 1, place)


def rounded(found: float, lo: float, hi: float) -> str:
    """``found`` to the digits that the interval from ``lo`` to ``hi`` supports: 1 to 3 of them."""
    return all_rounded((found,), lo, hi)[0]


def all_rounded(all_found: Sequence[float], lo: float, hi: float) -> list[str]:
    """Several numbers that share an interval, as its own ends do, each to its 1 to 3 digits."""
    half = (hi - lo) / 2
    if not 0 < half < math.inf:
        return [number(found) for found in all_found]
    last, made = _last_digit(half), []
    for found in all_found:
        if found == 0 or not math.isfinite(found):
            made.append(number(found))
            continue
        place = _place(found)
        made.append(_shown(found, min(max(last, place - DIGITS + 1), place), place))
    return made


def with_interval(found: float, lo: float | None, hi: float | None) -> str:
    """``5.0 (3.9 to 6.2)``; the number alone where it has no interval."""
    if lo is None or hi is None:
        return number(found)
    text, least, most = all_rounded((found, lo, hi), lo, hi)
    return f"{text} ({least} to {most})"


def with_half(found: float, half: float) -> tuple[str, str]:
    """``found`` to the digit that its interval supports, and the half-width to the same."""
    if half <= 0 or not math.isfinite(half) or not math.isfinite(found):
        return number(found), ""
    last = _last_digit(half)
    if max(abs(found), half) >= 1e4 or last < -4:
        return number(found), number(half)
    digits = max(0, -last)
    return f"{found:.{digits}f}", f"{half:.{digits}f}"


def _place(found: float) -> int:
    """Power of ten of the first digit."""
    return math.floor(math.log10(abs(found)))


def _last_digit(half: float) -> int:
    """Power of ten of the last digit worth printing: two digits of a half-width below 3."""
    place = _place(half)
    return place - (half / 10.0**place < 3)


def _shown(found: float, last: int, place: int) -> str:
    """``found``, whose first digit is at 10**place, rounded at 10**last, in few characters."""
    whole = round(found, -last)
    if abs(whole) >= 10.0 ** (place + 1):  # 9.996 has become 10.00
        last += last < place + 2 - DIGITS
    if abs(whole) >= 10_000:
        power = min(3, _place(whole) // 3)
        return f"{whole / 1000**power:.{max(0, 3 * power - last)}f}{'kMG'[power - 1]}"
    if whole and last < -5:
        return f"{found:.{max(0, _place(whole) - last)}e}"
    return f"{whole:.{max(0, -last)}f}"
