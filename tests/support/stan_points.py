"""Made-up data for posteriordb's models, and random points in the support of their parameters."""

from __future__ import annotations

import math

import numpy as np

from tests.support.stan_regressions import REGRESSIONS, SIZES, Values

N = 9
#: Stan's names of positive columns, and of columns of whole numbers with their largest value
POSITIVE = ("earn", "height", "weight", "dist", "arsenic", *SIZES)
BINARY = ("mom_hs", "male", "group", "gender", "switched", "vote", "encouraged")
WHOLE = {**dict.fromkeys(BINARY, 1), "mom_work": 4, "age_discrete": 4, "income": 5}
REAL = (
    "kid_score mom_iq partyid7 real_ideo race_adj educ1 watched x floor_measure log_radon".split()
)
#: how many coefficients a model other than a regression has
COEFFICIENTS = {
    "blr": 2,
    "dogs": 3,
    "arK": 2,
    "wells_dist": 2,
    "wells_dist100_model": 1,
    "wells_dist100ars_model": 2,
    "wells_interaction_c_model": 3,
    "nes_logit_model": 1,
}


def data(name: str, rng: np.random.Generator) -> Values:
    """Made-up data with every key that any of the models takes, as the database has them."""
    values: Values = {"N": N, "T": N, "K": 2, "D": 2, "J": N, "prior_only": 0, "n": 20, "k": 13}
    values.update({key: rng.gamma(3.0, 2.0, N).tolist() for key in POSITIVE})
    values.update({key: rng.normal(size=N).tolist() for key in REAL})
    for key, most in WHOLE.items():
        values[key] = rng.permutation(np.arange(N) % (most + 1)).tolist()
    values.update(y=rng.normal(size=N).tolist(), Y=rng.normal(8, 1, N).tolist(), sigma1=0.5)
    values.update(sigma=rng.gamma(3.0, 1.0, N).tolist(), X=rng.normal(size=(N, 2)).tolist())
    values.update(pmualpha=1.5, psalpha=10, pmubeta=0, psbeta=0.25)
    if name == "dogs":
        values["y"] = rng.integers(0, 2, (3, 5)).tolist()
    if name.startswith("gp"):
        values["x"] = (10.0 * np.arange(N)).tolist()  # far apart: a kernel of good condition
    if name == "gp_pois_regr":
        values["k"] = rng.integers(0, 5, N).tolist()
    return values


def parameters(name: str, rng: np.random.Generator) -> Values:
    """A random point in the support of Stan's parameters."""
    count = len(REGRESSIONS.get(name, ())) or COEFFICIENTS.get(name, 0)
    scale = float(rng.gamma(4.0, 0.5))
    real = {key: float(rng.normal()) for key in ("alpha", "beta", "mu", "phi", "theta")}
    values: Values = {**real, "sigma": scale, "tau": scale, "sigma_y": scale, "Intercept": 8.3}
    if count:
        values["beta"] = rng.normal(size=count)
    values.update(b=rng.normal(size=1))
    if name.startswith("eight"):
        values.update(theta=rng.normal(size=N), theta_trans=rng.normal(size=N))
    if name == "garch11":
        values.update(alpha0=scale, alpha1=rng.uniform(0.1, 0.6), beta1=rng.uniform(0.05, 0.3))
    if name.startswith("low_dim"):
        values.update(mu=np.sort(rng.normal(size=2)), sigma=rng.gamma(4.0, 0.5, 2))
    if name.startswith("low_dim") or name.startswith("Rate"):
        values["theta"] = rng.uniform(0.1, 0.9)
    if name.startswith("gp"):
        values.update(rho=rng.uniform(3, 9), alpha=rng.gamma(4.0, 0.5))
        values.update(f_tilde=rng.normal(size=N))
    return values


def sites(name: str, p: Values) -> tuple[Values, float]:
    """The program's sites at Stan's parameters, and log |d Stan's / d sites| up to a constant."""
    if name == "garch11":  # beta1 = share (1 - alpha1)
        return {**p, "share": p["beta1"] / (1 - p["alpha1"])}, math.log(1 - p["alpha1"])
    if name == "low_dim_gauss_mix":  # linear in mu
        return {**p, "centre": np.mean(p["mu"]), "half_gap": np.ptp(p["mu"]) / 2}, 0.0
    return p, 0.0
