"""Regressions of earnings on height and sex, flat priors. Gelman and Hill (2007), chapter 4."""

from __future__ import annotations

import numpy as np

from samplerbench.models.posteriordb.base import interact
from samplerbench.models.posteriordb.regressions import add_regression, standardise

DATA = "earnings"  # its name in the database

add_regression("earn_height", DATA, "earn ~ height", lambda earn, height: (earn, height))
add_regression(
    "log10earn_height",
    DATA,
    "log10(earn) ~ height",
    lambda earn, height: (np.log10(earn), height),
)
add_regression(
    "logearn_height", DATA, "log(earn) ~ height", lambda earn, height: (np.log(earn), height)
)
add_regression(
    "logearn_height_male",
    DATA,
    "log(earn) ~ height + male",
    lambda earn, height, male: (np.log(earn), height, male),
)
add_regression(
    "logearn_interaction",
    DATA,
    "log(earn) ~ height * male",
    lambda earn, height, male: (np.log(earn), *interact(height, male)),
)
add_regression(
    "logearn_interaction_z",
    DATA,
    "log(earn) ~ height * male, height standardised",
    lambda earn, height, male: (np.log(earn), *interact(standardise(height), male)),
)
add_regression(
    "logearn_logheight_male",
    DATA,
    "log(earn) ~ log(height) + male",
    lambda earn, height, male: (np.log(earn), np.log(height), male),
)
