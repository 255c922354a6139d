"""Made-up data for posteriordb's models, and random points in the support of their parameters."""

from __future__ import annotations

import math

import numpy as np

from tests.support.stan_regressions import REGRESSIONS, SIZES, Values

N = 9
#: Stan's names of positive columns, and of columns of whole numbers with their largest value
POSITIVE = ("earn", "height", "weight", "dist", "arsenic", *SIZES)
WHOLE = {"mom_hs": 1, "male": 1, "group": 1, "gender": 1, "switched": 1, "vote": 1,
         "encouraged": 1, "mom_work": 4, "age_discrete": 4, "income": 5}  # fmt: skip
REAL = ("kid_score", "mom_iq", "partyid7", "real_ideo", "race_adj", "educ1", "watched", "x",
        "floor_measure", "log_radon")  # fmt: skip


def data(name: str, rng: np.random.Generator) -> Values:
    """Made-up data with every key that any of the models takes, as the database has them."""
    found: Values = {"N": N, "T": N, "K": 2, "D": 2, "J": N, "prior_only": 0, "n": 20, "k": 13}
    found.update({key: rng.gamma(3.0, 2.0, N).tolist() for key in POSITIVE})
    found.update({key: rng.normal(size=N).tolist() for key in REAL})
    for key, most in WHOLE.items():
        found[key] = rng.permutation(np.arange(N) % (most + 1)).tolist()
    found.update(y=rng.normal(size=N).tolist(), Y=rng.normal(8, 1, N).tolist(), sigma1=0.5)
    found.update(sigma=rng.gamma(3.0, 1.0, N).tolist(), X=rng.normal(size=(N, 2)).tolist())
    found.update(pmualpha=1.5, psalpha=10, pmubeta=0, psbeta=0.25)
    if name == "dogs":
        found["y"] = rng.integers(0, 2, (3, 5)).tolist()
    if name.startswith("gp"):
        found["x"] = (10.0 * np.arange(N)).tolist()  # far apart: a kernel of good condition
    if name == "gp_pois_regr":
        found["k"] = rng.integers(0, 5, N).tolist()
    return found


def parameters(name: str, rng: np.random.Generator) -> Values:
    """A random point in the support of Stan's parameters."""
    count = len(REGRESSIONS.get(name, ())) or {
        "blr": 2, "dogs": 3, "arK": 2, "wells_dist": 2, "wells_dist100_model": 1,
        "wells_dist100ars_model": 2, "wells_interaction_c_model": 3, "nes_logit_model": 1,
    }.get(name, 0)  # fmt: skip
    scale = float(rng.gamma(4.0, 0.5))
    real = {key: float(rng.normal()) for key in ("alpha", "beta", "mu", "phi", "theta")}
    made: Values = {**real, "sigma": scale, "tau": scale, "sigma_y": scale, "Intercept": 8.3}
    if count:
        made["beta"] = rng.normal(size=count)
    made.update(b=rng.normal(size=1))
    if name.startswith("eight"):
        made.update(theta=rng.normal(size=N), theta_trans=rng.normal(size=N))
    if name == "garch11":
        made.update(alpha0=scale, alpha1=rng.uniform(0.1, 0.6), beta1=rng.uniform(0.05, 0.3))
    if name.startswith("low_dim"):
        made.update(mu=np.sort(rng.normal(size=2)), sigma=rng.gamma(4.0, 0.5, 2))
    if name.startswith("low_dim") or name.startswith("Rate"):
        made["theta"] = rng.uniform(0.1, 0.9)
    if name.startswith("gp"):
        made.update(rho=rng.uniform(3, 9), alpha=rng.gamma(4.0, 0.5))
        made.update(f_tilde=rng.normal(size=N))
    return made


def sites(name: str, p: Values) -> tuple[Values, float]:
    """The program's sites at Stan's parameters, and log |d Stan's / d sites| up to a constant."""
    if name == "garch11":  # beta1 = share (1 - alpha1)
        return {**p, "share": p["beta1"] / (1 - p["alpha1"])}, math.log(1 - p["alpha1"])
    if name == "low_dim_gauss_mix":  # linear in mu
        return {**p, "centre": np.mean(p["mu"]), "half_gap": np.ptp(p["mu"]) / 2}, 0.0
    return p, 0.0
