"""How much a verdict tolerates: the margins inside which a sampler is shown to be honest.

What accuses tolerates as much of a bias, a width and of log Z. Of a factor of claimed errors it
tolerates three sevenths as much, 1.15 where 1.35 is shown: the one is ruled out only where errors
are larger for certain, the other is shown only where they are smaller for certain.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from dataclasses import dataclass

from samplerbench.errors import UsageError, unknown_name
from samplerbench.options import refuse_twice


@dataclass(frozen=True)
class Margins:
    """Each margin as ``--margin`` sets it."""

    calibration: float = 1.35  # errors over claimed ones, rms
    bias: float = 0.05  # of a mean, in sds
    sd: float = 0.06  # of an sd, relative
    log_z: float = 0.5  # bias of log Z, in claimed errors

    @property
    def accused_calibration(self) -> float:
        """Factor of a claimed error, either way, that is tolerated before a sampler is accused."""
        return 1 + (self.calibration - 1) * 3 / 7

    @property
    def place(self) -> float:
        """Of the share of the draws below the median: 2.5 points where 0.05 sd are tolerated."""
        return self.bias / 2

    @property
    def width(self) -> float:
        """Of the share in a central interval: 2.5 points, as for a Gaussian 6 % of its sd."""
        return self.sd * 5 / 12

    @property
    def tails(self) -> float:
        """Of the share in the central 98 %: 0.75 points, as for a Gaussian 6 % of its sd."""
        return self.sd / 8  # 2 q phi(q) = 0.124 of a relative change of the sd, at q = 2.326

    def __str__(self) -> str:
        return ",".join(f"{f.name}={getattr(self, f.name):g}" for f in dataclasses.fields(self))


DEFAULT = Margins()


def read_margins(texts: Collection[str]) -> Margins:
    """Margins from ``NAME=VALUE`` texts, several in one with commas; raises UsageError."""
    values: dict[str, float] = {}
    for text in ",".join(texts).split(",") if texts else ():
        name, _, number = text.partition("=")
        if name not in DEFAULT.__dataclass_fields__:
            raise unknown_name("margin", name, DEFAULT.__dataclass_fields__)
        refuse_twice(name, values, "margin")
        values[name] = _read_number(name, number)
    return dataclasses.replace(DEFAULT, **values)


def _read_number(name: str, text: str) -> float:
    least = 1.0 if name == "calibration" else 0.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least < value < math.inf:
        raise UsageError(
            f"margin {name}={text}\n  expected: a number above {least:g}, as in"
            f" {name}={getattr(DEFAULT, name):g}"
        )
    return value
