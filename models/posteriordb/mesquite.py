"""Regressions of the weight of mesquite bushes, flat priors. Gelman and Hill (2007), chapter 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.regressions import add_regression

DATA = "mesquite"  # its name in the database


def _sizes(diam1: Any, diam2: Any, canopy_height: Any) -> tuple[Any, Any, Any]:
    """Logarithms of the canopy's volume, area and shape."""
    area = diam1 * diam2
    return np.log(area * canopy_height), np.log(area), np.log(diam1 / diam2)


add_regression(
    "mesquite",
    DATA,
    "weight ~ diam1 + diam2 + canopy_height + total_height + density + group",
    lambda weight, diam1, diam2, canopy_height, total_height, density, group: (
        *(weight, diam1, diam2, canopy_height, total_height, density, group),
    ),
)
add_regression(
    "logmesquite",
    DATA,
    "log(weight) ~ logs of both diams, canopy_height, total_height, density, + group",
    lambda weight, diam1, diam2, canopy_height, total_height, density, group: (
        *np.log((weight, diam1, diam2, canopy_height, total_height, density)),
        group,
    ),
)
add_regression(
    "logmesquite_logvolume",
    DATA,
    "log(weight) ~ log(volume)",
    lambda weight, diam1, diam2, canopy_height: (
        np.log(weight),
        _sizes(diam1, diam2, canopy_height)[0],
    ),
)
add_regression(
    "logmesquite_logva",
    DATA,
    "log(weight) ~ log(volume) + log(area) + group",
    lambda weight, diam1, diam2, canopy_height, group: (
        np.log(weight),
        *_sizes(diam1, diam2, canopy_height)[:2],
        group,
    ),
)
add_regression(
    "logmesquite_logvash",
    DATA,
    "log(weight) ~ logs of volume, area, shape, total_height, + group",
    lambda weight, diam1, diam2, canopy_height, total_height, group: (
        np.log(weight),
        *_sizes(diam1, diam2, canopy_height),
        np.log(total_height),
        group,
    ),
)
add_regression(
    "logmesquite_logvas",
    DATA,
    "log(weight) ~ logs of volume, area, shape, total_height, density, + group",
    lambda weight, diam1, diam2, canopy_height, total_height, density, group: (
        np.log(weight),
        *_sizes(diam1, diam2, canopy_height),
        np.log(total_height),
        np.log(density),
        group,
    ),
)
