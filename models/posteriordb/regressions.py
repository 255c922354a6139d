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

from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import (
    Data,
    Program,
    add,
    match_rows,
    multiply,
    sample_flat,
    stack_columns,
)

Terms = Callable[[Data], tuple[Any, ...]]  # outcome, then the columns after the intercept


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
    posteriors: str,  # data sets, separated by spaces
    keys: str,
    terms: Terms,
    formula: str,
    program: Callable[..., None] = flat_scale,
) -> None:
    """Register the regression ``model`` of ``posteriors``, data sets separated by spaces.

    ``terms`` gives the outcome and the predictors from the data that ``keys`` name.
    """

    def adapt(data: Data) -> dict[str, Any]:
        outcome, *predictors = terms(data)
        return match_rows(np.asarray(outcome, float), stack_columns(1, *predictors))

    prior = "half-Cauchy(2.5)" if program is cauchy_scale else "flat"
    density = f"{formula}, normal errors; beta flat, sigma {prior}"
    served = tuple(f"{data}-{model}" for data in posteriors.split())
    add(Program(model, served, density, ("beta", "sigma"), tuple(keys.split()), program, adapt))


def standardise(x: Any, sds: float = 1.0) -> Any:
    """``x`` centred, in units of ``sds`` sample sds."""
    return (x - np.mean(x)) / (sds * np.std(x, ddof=1))


# -- test scores of children: Gelman and Hill, chapter 3 -------------------------------------------

HS, IQ, KID = "kid_score mom_hs", "kid_score mom_iq", "kid_score mom_hs mom_iq"
WORK = "kidiq_with_mom_work"


def _momhs(d: Data) -> tuple[Any, ...]:
    return d["kid_score"], d["mom_hs"]


def _momiq(d: Data) -> tuple[Any, ...]:
    return d["kid_score"], d["mom_iq"]


def _momhsiq(d: Data) -> tuple[Any, ...]:
    return d["kid_score"], d["mom_hs"], d["mom_iq"]


def _with_product(score: Any, hs: Any, iq: Any) -> tuple[Any, ...]:
    return score, hs, iq, hs * iq


def _interaction(d: Data) -> tuple[Any, ...]:
    return _with_product(*_momhsiq(d))


def _interaction_c(d: Data) -> tuple[Any, ...]:
    score, hs, iq = _momhsiq(d)
    return _with_product(score, hs - np.mean(hs), iq - np.mean(iq))


def _interaction_c2(d: Data) -> tuple[Any, ...]:
    score, hs, iq = _momhsiq(d)
    return _with_product(score, hs - 0.5, iq - 100)


def _interaction_z(d: Data) -> tuple[Any, ...]:
    score, hs, iq = _momhsiq(d)
    return _with_product(score, standardise(hs, 2), standardise(iq, 2))


def _mom_work(d: Data) -> tuple[Any, ...]:
    return (d["kid_score"], *(d["mom_work"] == level for level in (2, 3, 4)))


add_regression("kidscore_momhs", "kidiq", HS, _momhs, "kid_score ~ mom_hs", cauchy_scale)
add_regression("kidscore_momiq", "kidiq", IQ, _momiq, "kid_score ~ mom_iq", cauchy_scale)
add_regression(
    "kidscore_momhsiq", "kidiq", KID, _momhsiq, "kid_score ~ mom_hs + mom_iq", cauchy_scale
)
add_regression(
    "kidscore_interaction", "kidiq", KID, _interaction, "kid_score ~ mom_hs * mom_iq", cauchy_scale
)
add_regression(
    "kidscore_interaction_c",
    WORK,
    KID,
    _interaction_c,
    "kid_score ~ mom_hs * mom_iq, both centred at their means",
)
add_regression(
    "kidscore_interaction_c2",
    WORK,
    KID,
    _interaction_c2,
    "kid_score ~ (mom_hs - 0.5) * (mom_iq - 100)",
)
add_regression(
    "kidscore_interaction_z",
    WORK,
    KID,
    _interaction_z,
    "kid_score ~ mom_hs * mom_iq, both centred and in units of 2 sd",
)
add_regression(
    "kidscore_mom_work",
    WORK,
    "kid_score mom_work",
    _mom_work,
    "kid_score ~ levels 2, 3, 4 of mom_work",
)


# -- voters and viewers ----------------------------------------------------------------------------

YEARS = (1972, 1976, 1980, 1984, 1988, 1992, 1996, 2000)


def _nes(d: Data) -> tuple[Any, ...]:
    ages = (d["age_discrete"] == level for level in (2, 3, 4))
    rest = (d[name] for name in ("educ1", "gender", "income"))
    return (d["partyid7"], d["real_ideo"], d["race_adj"], *ages, *rest)


def _sesame(d: Data) -> tuple[Any, ...]:
    return d["watched"], d["encouraged"]


add_regression(
    "nes",
    " ".join(f"nes{year}" for year in YEARS),
    "partyid7 real_ideo race_adj age_discrete educ1 gender income",
    _nes,
    "partyid7 ~ real_ideo + race_adj + levels 2, 3, 4 of age_discrete + educ1 + gender + income",
)
add_regression(
    "sesame_one_pred_a", "sesame_data", "watched encouraged", _sesame, "watched ~ encouraged"
)
