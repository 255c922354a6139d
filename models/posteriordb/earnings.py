"""Regressions of earnings on height and sex, flat priors. Gelman and Hill (2007), chapter 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data
from samplerbench.models.posteriordb.regressions import add_regression, standardise

EARN = "earn height male"


def _earn_height(d: Data) -> tuple[Any, ...]:
    return d["earn"], d["height"]


def _log10(d: Data) -> tuple[Any, ...]:
    return np.log10(d["earn"]), d["height"]


def _log(d: Data) -> tuple[Any, ...]:
    return np.log(d["earn"]), d["height"]


def _log_male(d: Data) -> tuple[Any, ...]:
    return (*_log(d), d["male"])


def _log_interaction(d: Data) -> tuple[Any, ...]:
    return (*_log_male(d), d["height"] * d["male"])


def _log_interaction_z(d: Data) -> tuple[Any, ...]:
    height = standardise(d["height"])
    return np.log(d["earn"]), height, d["male"], height * d["male"]


def _log_log_male(d: Data) -> tuple[Any, ...]:
    return np.log(d["earn"]), np.log(d["height"]), d["male"]


add_regression("earn_height", "earnings", "earn height", _earn_height, "earn ~ height")
add_regression("log10earn_height", "earnings", "earn height", _log10, "log10(earn) ~ height")
add_regression("logearn_height", "earnings", "earn height", _log, "log(earn) ~ height")
add_regression("logearn_height_male", "earnings", EARN, _log_male, "log(earn) ~ height + male")
add_regression(
    "logearn_interaction", "earnings", EARN, _log_interaction, "log(earn) ~ height * male"
)
add_regression(
    "logearn_interaction_z",
    "earnings",
    EARN,
    _log_interaction_z,
    "log(earn) ~ height * male, height standardised",
)
add_regression(
    "logearn_logheight_male", "earnings", EARN, _log_log_male, "log(earn) ~ log(height) + male"
)
