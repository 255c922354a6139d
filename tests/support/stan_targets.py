"""Stan's log densities of posteriordb's models, written with loops, to hold programs against.

Each is what a Stan program's ``target`` comes to at its constrained parameters, up to a constant:
from the models' definitions, in SciPy, one observation at a time; data are in ``stan_points``.
"""

from __future__ import annotations

import math
import statistics

import numpy as np
from scipy import linalg, special, stats

from tests.support.stan_regressions import (
    REGRESSIONS,
    Target,
    Values,
    cauchy,
    centre,
    normal,
    regression,
)


def blr(d: Values, p: Values) -> float:
    total = sum(normal(b, 0, 10) for b in p["beta"]) + normal(p["sigma"], 0, 10)
    for row, y in zip(d["X"], d["y"], strict=True):
        total += normal(y, sum(x * b for x, b in zip(row, p["beta"], strict=True)), p["sigma"])
    return total


def kilpisjarvi(d: Values, p: Values) -> float:
    total = normal(p["alpha"], d["pmualpha"], d["psalpha"])
    total += normal(p["beta"], d["pmubeta"], d["psbeta"])
    for x, y in zip(d["x"], d["y"], strict=True):
        total += normal(y, p["alpha"] + p["beta"] * x, p["sigma"])
    return total


def radon_pooled(d: Values, p: Values) -> float:
    total = normal(p["sigma_y"], 0, 1) + normal(p["alpha"], 0, 10) + normal(p["beta"], 0, 10)
    for x, y in zip(d["floor_measure"], d["log_radon"], strict=True):
        total += normal(y, p["alpha"] + p["beta"] * x, p["sigma_y"])
    return total


def diamonds(d: Values, p: Values) -> float:
    total = sum(normal(b, 0, 1) for b in p["b"]) + stats.t.logpdf(p["Intercept"], 3, 8, 10)
    total += stats.t.logpdf(p["sigma"], 3, 0, 10)
    if d["prior_only"]:
        return total
    means = [statistics.fmean(row[k] for row in d["X"]) for k in range(d["K"])]
    for row, y in zip(d["X"], d["Y"], strict=True):
        eta = p["Intercept"]
        for k in range(1, d["K"]):
            eta += (row[k] - means[k]) * p["b"][k - 1]
        total += normal(y, eta, p["sigma"])
    return total


def bernoulli_logit(y: int, eta: float) -> float:
    return math.log(special.expit(eta if y else -eta))


def wells(name: str) -> Target:
    def target(d: Values, p: Values) -> float:
        total = 0.0
        for i in range(d["N"]):
            far, near = d["dist"][i] / 100, centre(d, "dist", i) / 100
            arsenic, centre_arsenic = d["arsenic"][i], centre(d, "arsenic", i)
            terms = {
                "wells_dist": [1, d["dist"][i]],
                "wells_dist100_model": [far],
                "wells_dist100ars_model": [far, arsenic],
                "wells_interaction_c_model": [near, centre_arsenic, near * centre_arsenic],
            }[name]
            eta = 0.0 if name == "wells_dist" else p["alpha"]
            eta += sum(b * x for b, x in zip(p["beta"], terms, strict=True))
            total += bernoulli_logit(d["switched"][i], eta)
        return total

    return target


def nes_logit(d: Values, p: Values) -> float:
    pairs = zip(d["vote"], d["income"], strict=True)
    return sum(bernoulli_logit(v, p["alpha"] + p["beta"][0] * x) for v, x in pairs)


def dogs(d: Values, p: Values) -> float:
    total = sum(normal(b, 0, 100) for b in p["beta"])
    for row in d["y"]:
        avoided = shocked = 0
        for y in row:
            total += bernoulli_logit(
                y, p["beta"][0] + p["beta"][1] * avoided + p["beta"][2] * shocked
            )
            avoided, shocked = avoided + 1 - y, shocked + y
    return total


def eight_schools(centred_form: bool) -> Target:
    def target(d: Values, p: Values) -> float:
        total = normal(p["mu"], 0, 5) + cauchy(p["tau"], 0, 5)
        for j in range(d["J"]):
            if centred_form:
                theta = p["theta"][j]
                total += normal(theta, p["mu"], p["tau"])
            else:
                theta = p["theta_trans"][j] * p["tau"] + p["mu"]
                total += normal(p["theta_trans"][j], 0, 1)
            total += normal(d["y"][j], theta, d["sigma"][j])
        return total

    return target


def ar_k(d: Values, p: Values) -> float:
    total = normal(p["alpha"], 0, 10) + cauchy(p["sigma"], 0, 2.5)
    total += sum(normal(b, 0, 10) for b in p["beta"])
    for t in range(d["K"], d["T"]):
        mean = p["alpha"]
        for k in range(1, d["K"] + 1):
            mean += p["beta"][k - 1] * d["y"][t - k]
        total += normal(d["y"][t], mean, p["sigma"])
    return total


def arma11(d: Values, p: Values) -> float:
    mu, phi, theta, sigma = (p[name] for name in ("mu", "phi", "theta", "sigma"))
    total = normal(mu, 0, 10) + normal(phi, 0, 2) + normal(theta, 0, 2) + cauchy(sigma, 0, 2.5)
    error = 0.0
    for t in range(d["T"]):
        before = d["y"][t - 1] if t else mu
        error = d["y"][t] - (mu + phi * before + theta * error)
        total += normal(error, 0, sigma)
    return total


def garch11(d: Values, p: Values) -> float:
    total, s = 0.0, d["sigma1"]
    for t in range(d["T"]):
        if t:
            last = (d["y"][t - 1] - p["mu"]) ** 2
            s = math.sqrt(p["alpha0"] + p["alpha1"] * last + p["beta1"] * s**2)
        total += normal(d["y"][t], p["mu"], s)
    return total


def mixture(d: Values, p: Values) -> float:
    total = stats.beta.logpdf(p["theta"], 5, 5)
    for i in (0, 1):
        total += normal(p["mu"][i], 0, 2) + normal(p["sigma"][i], 0, 2)
    for y in d["y"]:
        first, second = (stats.norm.pdf(y, p["mu"][i], p["sigma"][i]) for i in (0, 1))
        total += math.log(p["theta"] * first + (1 - p["theta"]) * second)
    return total


def kernel(d: Values, p: Values, diagonal: float) -> np.ndarray:
    matrix = np.empty((d["N"], d["N"]))
    for i, a in enumerate(d["x"]):
        for j, b in enumerate(d["x"]):
            matrix[i, j] = p["alpha"] ** 2 * math.exp(-0.5 * ((a - b) / p["rho"]) ** 2)
        matrix[i, i] += diagonal
    return matrix


def scales(p: Values) -> float:
    return stats.gamma.logpdf(p["rho"], 25, scale=1 / 4) + normal(p["alpha"], 0, 2)


def gp_regr(d: Values, p: Values) -> float:
    total = scales(p) + normal(p["sigma"], 0, 1)
    return total + stats.multivariate_normal.logpdf(d["y"], cov=kernel(d, p, p["sigma"]))


def gp_pois_regr(d: Values, p: Values) -> float:
    total = scales(p) + sum(normal(f, 0, 1) for f in p["f_tilde"])
    root = linalg.cholesky(kernel(d, p, 1e-10), lower=True)
    return total + sum(stats.poisson.logpmf(d["k"], np.exp(root @ p["f_tilde"])))


def rate_1(d: Values, p: Values) -> float:
    return stats.binom.logpmf(d["k"], d["n"], p["theta"])


WELLS = (
    "wells_dist",
    "wells_dist100_model",
    "wells_dist100ars_model",
    "wells_interaction_c_model",
)
TARGETS: dict[str, Target] = {
    **{name: regression(name) for name in REGRESSIONS},
    **{name: wells(name) for name in WELLS},
    "blr": blr,
    "kilpisjarvi": kilpisjarvi,
    "radon_pooled": radon_pooled,
    "diamonds": diamonds,
    "nes_logit_model": nes_logit,
    "dogs": dogs,
    "eight_schools_centered": eight_schools(centred_form=True),
    "eight_schools_noncentered": eight_schools(centred_form=False),
    "arK": ar_k,
    "arma11": arma11,
    "garch11": garch11,
    "low_dim_gauss_mix": mixture,
    "low_dim_gauss_mix_collapse": mixture,
    "gp_regr": gp_regr,
    "gp_pois_regr": gp_pois_regr,
    "Rate_1_model": rate_1,
}
