"""Numbers as text, to the digits that their intervals support."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

DIGITS = 3  # significant digits at most: times are not known better
SUM_ROUNDING = 1e-12  # of a number, below which a half-width is a sum's rounding
#: unit of a column -> (from which size on, factor, the unit that is shown), the largest first
SCALES = {
    "s": ((1e4, 1 / 3600, "h"), (1.0, 1.0, "s"), (1e-4, 1e3, "ms"), (0.0, 1e6, "µs")),
    "MB": ((1e3, 1e-3, "GB"), (0.0, 1.0, "MB")),
}


def is_number(value: Any) -> bool:
    """Whether it is a number, which True is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def format_number(value: Any) -> str:
    """A number without an interval: 3 significant digits, counts below 10,000 whole."""
    if value is None:
        return "-"
    if not is_number(value) or not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if isinstance(value, int) and abs(value) < 10_000:
        return str(value)
    place = _place(value)
    return _shown(value, place - DIGITS + 1, place)


def choose_scale(value: float, unit: str) -> tuple[float, str]:
    """The factor and the unit that show ``value`` in few digits: seconds as ms, MB as GB."""
    for least, factor, shown in SCALES.get(unit, ()):
        if value and math.isfinite(value) and abs(value) >= least:
            return factor, shown
    return 1.0, unit if unit in SCALES else ""


def format_in_unit(value: float, unit: str = "s") -> str:
    """``33.0 ms`` of 0.033 seconds."""
    factor, shown = choose_scale(value, unit)
    return f"{format_number(value if factor == 1 else factor * value)} {shown}".rstrip()


def format_rounded(value: float, lo: float, hi: float) -> str:
    """``value`` to the digits that the interval from ``lo`` to ``hi`` supports: 1 to 3 of them."""
    return format_all_rounded((value,), lo, hi)[0]


def format_all_rounded(
    values: Sequence[float], lo: float, hi: float, bound: float = math.nan
) -> list[str]:
    """Several numbers that share an interval, as its own ends do, each to its 1 to 3 digits.

    Or to so many more that none is rounded onto ``bound`` or across it.
    """
    half = (hi - lo) / 2
    if not 0 < half < math.inf:
        return [format_number(value) for value in values]
    last, texts = _last_digit(half), []
    for value in values:
        if value == 0 or not math.isfinite(value):
            texts.append(format_number(value))
            continue
        place = _place(value)
        digit = min(max(last, place - DIGITS + 1), place)
        while not _keeps_side(round(value, -digit), value, bound):
            digit -= 1
        texts.append(_shown(value, digit, place))
    return texts


def format_beside(value: float, *bounds: float, form: str = ".2f") -> str:
    """``value`` as ``form`` has it, with so many more digits that it stays on its side of bounds.

    So ``2.04 %`` beside a bound of ``2 %``, which two digits would put it on.
    """
    digits, kind = int(form[1:-1]), form[-1]
    texts = (f"{value:.{count}{kind}}" for count in itertools.count(digits))
    return next(
        text for text in texts if all(_keeps_side(float(text), value, bound) for bound in bounds)
    )


def _keeps_side(rounded: float, value: float, bound: float) -> bool:
    return (rounded > bound) == (value > bound) and (rounded < bound) == (value < bound)


def format_with_interval(
    value: float, lo: float | None, hi: float | None, bound: float = math.nan
) -> str:
    """``5.0 (3.9 to 6.2)``; the number alone where it has no interval.

    None is rounded onto ``bound`` or across it.
    """
    if lo is None or hi is None:
        return format_number(value)
    text, least, most = format_all_rounded((value, lo, hi), lo, hi, bound)
    return f"{text} ({least} to {most})"


def format_column(row: Mapping[str, Any], name: str) -> str:
    """The same of the column ``name`` of a row, whose ends are columns of their own."""
    return format_with_interval(row[name], row.get(f"{name}_lo"), row.get(f"{name}_hi"))


def format_percents(*shares: float, bound: float = math.nan) -> str:
    """Ends of an interval of a share, ``0.058 to 3.2 %``: two digits each, more beside a bound.

    What is less than all is not rounded onto 100 %.
    """
    bounds = (100 * bound, 100.0)
    percents = [float(format_beside(100 * share, *bounds, form=".2g")) for share in shares]
    return f"{' to '.join(f'{percent:.12g}' for percent in percents)} %"


def format_with_half_width(value: float, half: float) -> tuple[str, str]:
    """``value`` to the digit that its interval supports, and the half-width to the same."""
    if half <= SUM_ROUNDING * abs(value) or not math.isfinite(half) or not math.isfinite(value):
        return format_number(value), ""
    last = _last_digit(half)
    if max(abs(value), half) >= 1e4 or last < -4:
        return format_number(value), format_number(half)
    digits = max(0, -last)
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not float(text) else text, f"{half:.{digits}f}"


def _place(value: float) -> int:
    """Power of ten of the first digit."""
    return math.floor(math.log10(abs(value)))


def _last_digit(half: float) -> int:
    """Power of ten of the last digit worth printing: two digits of a half-width below 3."""
    place = _place(half)
    return place - (half / 10.0**place < 3)


def _shown(value: float, last: int, place: int) -> str:
    """``value``, whose first digit is at 10**place, rounded at 10**last, in few characters."""
    whole = round(value, -last)
    if abs(whole) >= 10.0 ** (place + 1):  # 9.996 has become 10.00
        last += last < place + 2 - DIGITS
    if abs(whole) >= 1e13:  # more than 10,000 G
        return f"{value:.{max(0, _place(whole) - last)}e}"
    if abs(whole) >= 10_000:
        power = min(3, _place(whole) // 3)
        return f"{whole / 1000**power:.{max(0, 3 * power - last)}f}{'kMG'[power - 1]}"
    if whole and last < -5:
        return f"{value:.{max(0, _place(whole) - last)}e}"
    return f"{whole:.{max(0, -last)}f}"
