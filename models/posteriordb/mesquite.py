"""Regressions of the weight of mesquite bushes, flat priors. Gelman and Hill (2007), chapter 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data
from samplerbench.models.posteriordb.regressions import add_regression

CANOPY = "weight diam1 diam2 canopy_height"


def _sizes(d: Data) -> tuple[Any, Any, Any]:
    """Logarithms of the canopy's volume, area and shape."""
    area = d["diam1"] * d["diam2"]
    return np.log(area * d["canopy_height"]), np.log(area), np.log(d["diam1"] / d["diam2"])


def _mesquite(d: Data) -> tuple[Any, ...]:
    names = ("weight", "diam1", "diam2", "canopy_height", "total_height", "density", "group")
    return tuple(d[name] for name in names)


def _logmesquite(d: Data) -> tuple[Any, ...]:
    *logged, group = _mesquite(d)
    return (*(np.log(value) for value in logged), group)


def _volume(d: Data) -> tuple[Any, ...]:
    return np.log(d["weight"]), _sizes(d)[0]


def _logva(d: Data) -> tuple[Any, ...]:
    return (np.log(d["weight"]), *_sizes(d)[:2], d["group"])


def _logvash(d: Data) -> tuple[Any, ...]:
    return (np.log(d["weight"]), *_sizes(d), np.log(d["total_height"]), d["group"])


def _logvas(d: Data) -> tuple[Any, ...]:
    *first, group = _logvash(d)
    return (*first, np.log(d["density"]), group)


add_regression(
    "mesquite",
    "mesquite",
    f"{CANOPY} total_height density group",
    _mesquite,
    "weight ~ diam1 + diam2 + canopy_height + total_height + density + group",
)
add_regression(
    "logmesquite",
    "mesquite",
    f"{CANOPY} total_height density group",
    _logmesquite,
    "log(weight) ~ logs of both diams, canopy_height, total_height, density, + group",
)
add_regression("logmesquite_logvolume", "mesquite", CANOPY, _volume, "log(weight) ~ log(volume)")
add_regression(
    "logmesquite_logva",
    "mesquite",
    f"{CANOPY} group",
    _logva,
    "log(weight) ~ log(volume) + log(area) + group",
)
add_regression(
    "logmesquite_logvash",
    "mesquite",
    f"{CANOPY} total_height group",
    _logvash,
    "log(weight) ~ logs of volume, area, shape, total_height, + group",
)
add_regression(
    "logmesquite_logvas",
    "mesquite",
    f"{CANOPY} total_height density group",
    _logvas,
    "log(weight) ~ logs of volume, area, shape, total_height, density, + group",
)
