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
    columns,
    flat,
    matched,
    product,
)

Terms = Callable[[Data], tuple[Any, ...]]  # outcome, then the columns after the intercept


def flat_scale(y: Any, X: Any) -> None:
    """The regression whose sigma has a flat prior."""
    _regression(y, X, flat("sigma", positive=True))


def cauchy_scale(y: Any, X: Any) -> None:
    """The regression whose sigma has a half-Cauchy prior."""
    import numpyro
    import numpyro.distributions as dist

    _regression(y, X, numpyro.sample("sigma", dist.HalfCauchy(2.5)))


def _regression(y: Any, X: Any, sigma: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    beta = flat("beta", (X.shape[1],))
    numpyro.sample("y", dist.Normal(product(X, beta), sigma), obs=y)


def _add(
    model: str,
    posteriors: str,  # data sets, separated by spaces
    keys: str,
    terms: Terms,
    formula: str,
    program: Callable[..., None] = flat_scale,
) -> None:
    def adapt(data: Data) -> dict[str, Any]:
        outcome, *predictors = terms(data)
        return matched(np.asarray(outcome, float), columns(1, *predictors))

    prior = "half-Cauchy(2.5)" if program is cauchy_scale else "flat"
    density = f"{formula}, normal errors; beta flat, sigma {prior}"
    served = tuple(f"{data}-{model}" for data in posteriors.split())
    add(Program(model, served, density, ("beta", "sigma"), tuple(keys.split()), program, adapt))


def _standard(x: Any, sds: float = 1.0) -> Any:
    """``x`` centred, in units of ``sds`` sample sds."""
    return (x - np.mean(x)) / (sds * np.std(x, ddof=1))


# -- test scores of children: Gelman and Hill, chapter 3 -------------------------------------------

KID, WORK = "kid_score mom_hs mom_iq", "kidiq_with_mom_work"


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
    return _with_product(score, _standard(hs, 2), _standard(iq, 2))


def _mom_work(d: Data) -> tuple[Any, ...]:
    return (d["kid_score"], *(d["mom_work"] == level for level in (2, 3, 4)))


_add("kidscore_momhs", "kidiq", "kid_score mom_hs", _momhs, "kid_score ~ mom_hs", cauchy_scale)
_add("kidscore_momiq", "kidiq", "kid_score mom_iq", _momiq, "kid_score ~ mom_iq", cauchy_scale)
_add("kidscore_momhsiq", "kidiq", KID, _momhsiq, "kid_score ~ mom_hs + mom_iq", cauchy_scale)
_add("kidscore_interaction", "kidiq", KID, _interaction, "kid_score ~ mom_hs * mom_iq",
     cauchy_scale)  # fmt: skip
_add("kidscore_interaction_c", WORK, KID, _interaction_c,
     "kid_score ~ mom_hs * mom_iq, both centred at their means")  # fmt: skip
_add("kidscore_interaction_c2", WORK, KID, _interaction_c2,
     "kid_score ~ (mom_hs - 0.5) * (mom_iq - 100)")  # fmt: skip
_add("kidscore_interaction_z", WORK, KID, _interaction_z,
     "kid_score ~ mom_hs * mom_iq, both centred and in units of 2 sd")  # fmt: skip
_add("kidscore_mom_work", WORK, "kid_score mom_work", _mom_work,
     "kid_score ~ levels 2, 3, 4 of mom_work")  # fmt: skip


# -- earnings, chapter 4 ---------------------------------------------------------------------------

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
    height = _standard(d["height"])
    return np.log(d["earn"]), height, d["male"], height * d["male"]


def _log_log_male(d: Data) -> tuple[Any, ...]:
    return np.log(d["earn"]), np.log(d["height"]), d["male"]


_add("earn_height", "earnings", "earn height", _earn_height, "earn ~ height")
_add("log10earn_height", "earnings", "earn height", _log10, "log10(earn) ~ height")
_add("logearn_height", "earnings", "earn height", _log, "log(earn) ~ height")
_add("logearn_height_male", "earnings", EARN, _log_male, "log(earn) ~ height + male")
_add("logearn_interaction", "earnings", EARN, _log_interaction, "log(earn) ~ height * male")
_add("logearn_interaction_z", "earnings", EARN, _log_interaction_z,
     "log(earn) ~ height * male, height standardised")  # fmt: skip
_add("logearn_logheight_male", "earnings", EARN, _log_log_male,
     "log(earn) ~ log(height) + male")  # fmt: skip


# -- mesquite bushes, chapter 4 --------------------------------------------------------------------

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


_add("mesquite", "mesquite", f"{CANOPY} total_height density group", _mesquite,
     "weight ~ diam1 + diam2 + canopy_height + total_height + density + group")  # fmt: skip
_add("logmesquite", "mesquite", f"{CANOPY} total_height density group", _logmesquite,
     "log(weight) ~ logs of both diams, canopy_height, total_height, density, + group")  # fmt: skip
_add("logmesquite_logvolume", "mesquite", CANOPY, _volume, "log(weight) ~ log(volume)")
_add("logmesquite_logva", "mesquite", f"{CANOPY} group", _logva,
     "log(weight) ~ log(volume) + log(area) + group")  # fmt: skip
_add("logmesquite_logvash", "mesquite", f"{CANOPY} total_height group", _logvash,
     "log(weight) ~ logs of volume, area, shape, total_height, + group")  # fmt: skip
_add("logmesquite_logvas", "mesquite", f"{CANOPY} total_height density group", _logvas,
     "log(weight) ~ logs of volume, area, shape, total_height, density, + group")  # fmt: skip


# -- voters and viewers ----------------------------------------------------------------------------

YEARS = (1972, 1976, 1980, 1984, 1988, 1992, 1996, 2000)


def _nes(d: Data) -> tuple[Any, ...]:
    ages = (d["age_discrete"] == level for level in (2, 3, 4))
    rest = (d[name] for name in ("educ1", "gender", "income"))
    return (d["partyid7"], d["real_ideo"], d["race_adj"], *ages, *rest)


def _sesame(d: Data) -> tuple[Any, ...]:
    return d["watched"], d["encouraged"]


_add("nes", " ".join(f"nes{year}" for year in YEARS),
     "partyid7 real_ideo race_adj age_discrete educ1 gender income", _nes,
     "partyid7 ~ real_ideo + race_adj + levels 2, 3, 4 of age_discrete + educ1 + gender"
     " + income")  # fmt: skip
_add("sesame_one_pred_a", "sesame_data", "watched encouraged", _sesame, "watched ~ encouraged")
