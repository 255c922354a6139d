"""A coin of unknown bias: p ~ Beta(a, b), heads ~ Binomial(tosses, p).

The posterior is Beta(a + heads, b + tails), and the evidence is beta-binomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from samplerbench.models.base import (
    Exact,
    Family,
    Model,
    Sites,
)


@dataclass(frozen=True)
class Options:
    """The prior and the tosses."""

    a: float = 2.0
    b: float = 2.0
    tosses: int = 20
    heads: int = 14


def exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``p``."""
    from scipy import special, stats

    heads = int(data["heads"])
    tails = options.tosses - heads
    posterior = stats.beta(options.a + heads, options.b + tails)
    ways = -special.betaln(heads + 1, tails + 1) - np.log(options.tosses + 1)
    marginal = special.betaln(options.a + heads, options.b + tails)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        return {"p": rng.beta(options.a + heads, options.b + tails, count)}

    return Exact(
        names=("p",),
        mean=np.array([posterior.mean()]),
        covariance=np.array([[posterior.var()]]),
        quantile=lambda probabilities: posterior.ppf(probabilities)[:, None],
        draw=draw,
        log_evidence=float(ways + marginal - special.betaln(options.a, options.b)),
    )


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """A bias drawn from the prior, and tosses of that coin."""
    p = rng.beta(options.a, options.b)
    heads = np.float64(rng.binomial(options.tosses, p))
    return {"p": np.float64(p)}, {"heads": np.asarray(heads)}


def build(options: Options) -> Model:
    """The coin with these options."""

    def program(heads: Any) -> None:
        import numpyro
        import numpyro.distributions as dist

        p = numpyro.sample("p", dist.Beta(options.a, options.b))
        numpyro.sample("heads", dist.Binomial(options.tosses, p), obs=heads)

    return Model(
        name="coin",
        data={"heads": np.array(float(options.heads))},
        program=program,
        exact_given=partial(exact, options),
        simulate=partial(simulate, options),
    )


FAMILY = Family("coin", Options, build, "a coin of unknown bias")
