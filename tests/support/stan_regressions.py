"""Stan's log densities of posteriordb's regressions with flat priors; see ``stan_targets``."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

from scipy import stats

Values = dict[str, Any]
Target = Callable[[Values, Values], float]  # data, parameters -> log density

normal, cauchy = stats.norm.logpdf, stats.cauchy.logpdf


def hs(d: Values, i: int) -> float:
    return d["mom_hs"][i]


def iq(d: Values, i: int) -> float:
    return d["mom_iq"][i]


def centre(d: Values, name: str, i: int) -> float:
    return d[name][i] - statistics.fmean(d[name])


def standardise(d: Values, name: str, i: int, sds: float) -> float:
    return centre(d, name, i) / (sds * statistics.stdev(d[name]))


def volume(d: Values, i: int) -> float:
    return math.log(d["diam1"][i] * d["diam2"][i] * d["canopy_height"][i])


def area(d: Values, i: int) -> float:
    return math.log(d["diam1"][i] * d["diam2"][i])


def shape(d: Values, i: int) -> float:
    return math.log(d["diam1"][i] / d["diam2"][i])


def log(name: str) -> Callable[[Values, int], float]:
    return lambda d, i: math.log(d[name][i])


def raw(name: str) -> Callable[[Values, int], float]:
    return lambda d, i: d[name][i]


def level(name: str, value: int) -> Callable[[Values, int], float]:
    return lambda d, i: 1.0 if d[name][i] == value else 0.0


def times(a: Callable[[Values, int], float], b: Callable[[Values, int], float]) -> Any:
    return lambda d, i: a(d, i) * b(d, i)


def minus(name: str, centre: float) -> Callable[[Values, int], float]:
    return lambda d, i: d[name][i] - centre


def mean_of(name: str) -> Callable[[Values, int], float]:
    return lambda d, i: centre(d, name, i)


def standard(name: str, sds: float) -> Callable[[Values, int], float]:
    return lambda d, i: standardise(d, name, i, sds)


def interaction(a: Any, b: Any) -> list[Any]:
    return [a, b, times(a, b)]


SIZES = ("diam1", "diam2", "canopy_height", "total_height", "density")
AGES = [level("age_discrete", k) for k in (2, 3, 4)]
SCORE, EARN, WEIGHT = raw("kid_score"), log("earn"), log("weight")
#: outcome, then the terms after the intercept
REGRESSIONS: dict[str, list[Callable[[Values, int], float]]] = {
    "kidscore_momhs": [SCORE, hs],
    "kidscore_momiq": [SCORE, iq],
    "kidscore_momhsiq": [SCORE, hs, iq],
    "kidscore_interaction": [SCORE, *interaction(hs, iq)],
    "kidscore_interaction_c": [SCORE, *interaction(mean_of("mom_hs"), mean_of("mom_iq"))],
    "kidscore_interaction_c2": [SCORE, *interaction(minus("mom_hs", 0.5), minus("mom_iq", 100))],
    "kidscore_interaction_z": [SCORE, *interaction(standard("mom_hs", 2), standard("mom_iq", 2))],
    "kidscore_mom_work": [SCORE, *(level("mom_work", k) for k in (2, 3, 4))],
    "earn_height": [raw("earn"), raw("height")],
    "log10earn_height": [lambda d, i: math.log10(d["earn"][i]), raw("height")],
    "logearn_height": [EARN, raw("height")],
    "logearn_height_male": [EARN, raw("height"), raw("male")],
    "logearn_interaction": [EARN, *interaction(raw("height"), raw("male"))],
    "logearn_interaction_z": [EARN, *interaction(standard("height", 1), raw("male"))],
    "logearn_logheight_male": [EARN, log("height"), raw("male")],
    "mesquite": [raw("weight"), *map(raw, SIZES), raw("group")],
    "logmesquite": [WEIGHT, *map(log, SIZES), raw("group")],
    "logmesquite_logvolume": [WEIGHT, volume],
    "logmesquite_logva": [WEIGHT, volume, area, raw("group")],
    "logmesquite_logvash": [WEIGHT, volume, area, shape, log("total_height"), raw("group")],
    "logmesquite_logvas": [
        *[WEIGHT, volume, area, shape, log("total_height"), log("density"), raw("group")],
    ],
    "nes": [
        *map(raw, ("partyid7", "real_ideo", "race_adj")),
        *AGES,
        *map(raw, ("educ1", "gender", "income")),
    ],
    "sesame_one_pred_a": [raw("watched"), raw("encouraged")],
}
#: those whose sigma has Cauchy(0, 2.5); the others' is flat
WITH_CAUCHY = {"kidscore_momhs", "kidscore_momiq", "kidscore_momhsiq", "kidscore_interaction"}


def regression(name: str) -> Target:
    outcome, *terms = REGRESSIONS[name]

    def target(d: Values, p: Values) -> float:
        total = cauchy(p["sigma"], 0, 2.5) if name in WITH_CAUCHY else 0.0
        for i in range(d["N"]):
            mean = p["beta"][0]
            for b, term in zip(p["beta"][1:], terms, strict=True):
                mean += b * term(d, i)
            total += normal(outcome(d, i), mean, p["sigma"])
        return total

    return target
