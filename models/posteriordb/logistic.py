"""Logistic regressions.

    outcome[n] ~ Bernoulli(1 / (1 + exp(-eta[n]))),  eta = X beta, or eta = alpha + X beta

    log density = sum_n [outcome[n] eta[n] - log(1 + exp(eta[n]))] + log prior

The coefficients are flat on the real numbers (improper) in the wells and voters' models; dogs has
beta[k] ~ Normal(0, 100), with intercept, shocks avoided so far and shocks suffered so far for
columns, counted before each trial. Data: Gelman and Hill (2007), chapters 5 and 24.
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

WELLS = "wells_data"


def all_in_beta(y: Any, X: Any) -> None:
    """The intercept is the first of the coefficients."""
    _observe(y, multiply(X, sample_flat("beta", (X.shape[1],))))


def alpha_apart(y: Any, X: Any) -> None:
    """The intercept has a name of its own."""
    alpha = sample_flat("alpha")
    _observe(y, alpha + multiply(X, sample_flat("beta", (X.shape[1],))))


def dogs(y: Any, avoided: Any, shocked: Any) -> None:
    """Dogs that learn to avoid shocks: [dog, trial]."""
    import numpyro
    import numpyro.distributions as dist

    beta = numpyro.sample("beta", dist.Normal(0, 100).expand([3]).to_event(1))
    _observe(y, beta[0] + beta[1] * avoided + beta[2] * shocked)


def _observe(y: Any, logits: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    numpyro.sample("y", dist.Bernoulli(logits=logits), obs=y)


def _trials(d: Data) -> dict[str, Any]:
    y = np.asarray(d["y"])
    before = np.cumsum(y, axis=1) - y  # shocks before each trial
    return {"y": y, "avoided": np.arange(y.shape[1]) - before, "shocked": before}


def _add(
    model: str,
    data: str,
    formula: str,
    terms: Callable[..., tuple[Any, ...]],  # of data by their names: the outcome, then columns
    program: Callable[..., None] = alpha_apart,
) -> None:
    keys = tuple(inspect.signature(terms).parameters)

    def adapt(data: Data) -> dict[str, Any]:
        outcome, *columns = terms(*(data[key] for key in keys))
        return match_rows(outcome, stack_columns(*columns))

    parameters = ("alpha", "beta") if program is alpha_apart else ("beta",)
    density = f"logit of {formula}; {', '.join(parameters)} flat"
    add(Program(model, (f"{data}-{model}",), density, parameters, keys, program, adapt))


_add(
    "wells_dist", WELLS, "switched ~ dist", lambda switched, dist: (switched, 1, dist), all_in_beta
)
_add(
    "wells_dist100_model",
    WELLS,
    "switched ~ dist / 100",
    lambda switched, dist: (switched, dist / 100),
)
_add(
    "wells_dist100ars_model",
    WELLS,
    "switched ~ dist / 100 + arsenic",
    lambda switched, dist, arsenic: (switched, dist / 100, arsenic),
)
_add(
    "wells_interaction_c_model",
    WELLS,
    "switched ~ dist / 100 * arsenic, both centred at their means",
    lambda switched, dist, arsenic: (switched, *interact(centre(dist) / 100, centre(arsenic))),
)
_add("nes_logit_model", "nes_logit_data", "vote ~ income", lambda vote, income: (vote, income))
add(
    Program(
        "dogs",
        ("dogs-dogs",),
        "logit of y ~ shocks avoided + shocks suffered; beta[k] ~ Normal(0, 100)",
        ("beta",),
        ("y",),
        dogs,
        _trials,
    )
)
