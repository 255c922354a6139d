"""Linear regressions with a flat prior on the coefficients.

    beta[k] flat on the real numbers (improper)
    sigma   flat on sigma > 0 (improper), or Cauchy(0, 2.5) on sigma > 0
    outcome[n] ~ Normal(sum_k beta[k] X[n, k], sigma)

    log density = -N log sigma - sum_n (outcome[n] - X[n] beta)^2 / (2 sigma^2)
                  [- log(1 + (sigma / 2.5)^2) with the Cauchy prior]

Models differ in outcome and columns. Stan's ``sd`` divides by N - 1. HalfCauchy(2.5) is twice
Cauchy(0, 2.5). The priors are improper, so nested sampling declines them all. Predictors are not
centred in most, which makes coefficients highly correlated: long trajectories for NUTS.
Data: Gelman and Hill (2007), chapters 3 and 4.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import (
    Data,
    Program,
    add,
    centre,
    interact,
    match_rows,
    multiply,
    sample_flat,
    stack_columns,
)

#: of data by their names in the database: the outcome, then the columns after the intercept
Terms = Callable[..., tuple[Any, ...]]


def flat_scale(y: Any, X: Any) -> None:
    """The regression whose sigma has a flat prior."""
    _regression(y, X, sample_flat("sigma", positive=True))


def cauchy_scale(y: Any, X: Any) -> None:
    """The regression whose sigma has a half-Cauchy prior."""
    import numpyro
    import numpyro.distributions as dist

    _regression(y, X, numpyro.sample("sigma", dist.HalfCauchy(2.5)))


def _regression(y: Any, X: Any, sigma: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    beta = sample_flat("beta", (X.shape[1],))
    numpyro.sample("y", dist.Normal(multiply(X, beta), sigma), obs=y)


def add_regression(
    model: str,
    data_sets: str,
    formula: str,
    terms: Terms,
    program: Callable[..., None] = flat_scale,
) -> None:
    """Register the regression ``model`` of ``data_sets``, separated by spaces."""
    keys = tuple(inspect.signature(terms).parameters)

    def adapt(data: Data) -> dict[str, Any]:
        outcome, *predictors = terms(*(data[key] for key in keys))
        return match_rows(np.asarray(outcome, float), stack_columns(1, *predictors))

    prior = "half-Cauchy(2.5)" if program is cauchy_scale else "flat"
    density = f"{formula}, normal errors; beta flat, sigma {prior}"
    served = tuple(f"{data}-{model}" for data in data_sets.split())
    add(Program(model, served, density, ("beta", "sigma"), keys, program, adapt))


def standardise(x: Any, sds: float = 1.0) -> Any:
    """``x`` centred, in units of ``sds`` sample sds."""
    return centre(x) / (sds * np.std(x, ddof=1))


# -- test scores of children: Gelman and Hill, chapter 3 -------------------------------------------

WORK = "kidiq_with_mom_work"

add_regression(
    "kidscore_momhs",
    "kidiq",
    "kid_score ~ mom_hs",
    lambda kid_score, mom_hs: (kid_score, mom_hs),
    cauchy_scale,
)
add_regression(
    "kidscore_momiq",
    "kidiq",
    "kid_score ~ mom_iq",
    lambda kid_score, mom_iq: (kid_score, mom_iq),
    cauchy_scale,
)
add_regression(
    "kidscore_momhsiq",
    "kidiq",
    "kid_score ~ mom_hs + mom_iq",
    lambda kid_score, mom_hs, mom_iq: (kid_score, mom_hs, mom_iq),
    cauchy_scale,
)
add_regression(
    "kidscore_interaction",
    "kidiq",
    "kid_score ~ mom_hs * mom_iq",
    lambda kid_score, mom_hs, mom_iq: (kid_score, *interact(mom_hs, mom_iq)),
    cauchy_scale,
)
add_regression(
    "kidscore_interaction_c",
    WORK,
    "kid_score ~ mom_hs * mom_iq, both centred at their means",
    lambda kid_score, mom_hs, mom_iq: (kid_score, *interact(centre(mom_hs), centre(mom_iq))),
)
add_regression(
    "kidscore_interaction_c2",
    WORK,
    "kid_score ~ (mom_hs - 0.5) * (mom_iq - 100)",
    lambda kid_score, mom_hs, mom_iq: (kid_score, *interact(mom_hs - 0.5, mom_iq - 100)),
)
add_regression(
    "kidscore_interaction_z",
    WORK,
    "kid_score ~ mom_hs * mom_iq, both centred and in units of 2 sd",
    lambda kid_score, mom_hs, mom_iq: (
        kid_score,
        *interact(standardise(mom_hs, 2), standardise(mom_iq, 2)),
    ),
)
add_regression(
    "kidscore_mom_work",
    WORK,
    "kid_score ~ levels 2, 3, 4 of mom_work",
    lambda kid_score, mom_work: (kid_score, *(mom_work == level for level in (2, 3, 4))),
)


# -- voters and viewers ----------------------------------------------------------------------------

YEARS = (1972, 1976, 1980, 1984, 1988, 1992, 1996, 2000)


def _nes(
    partyid7: Any,
    real_ideo: Any,
    race_adj: Any,
    age_discrete: Any,
    educ1: Any,
    gender: Any,
    income: Any,
) -> tuple[Any, ...]:
    ages = (age_discrete == level for level in (2, 3, 4))
    return (partyid7, real_ideo, race_adj, *ages, educ1, gender, income)


add_regression(
    "nes",
    " ".join(f"nes{year}" for year in YEARS),
    "partyid7 ~ real_ideo + race_adj + levels 2, 3, 4 of age_discrete + educ1 + gender + income",
    _nes,
)
add_regression(
    "sesame_one_pred_a",
    "sesame_data",
    "watched ~ encouraged",
    lambda watched, encouraged: (watched, encouraged),
)
