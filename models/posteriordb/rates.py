"""A rate from a count.

    theta ~ Beta(1, 1),  k ~ Binomial(n, theta)

    log density = k log(theta) + (n - k) log(1 - theta)

The posterior is Beta(1 + k, 1 + n - k). Lee and Wagenmakers (2013), chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data, Program, add


def rate(n: Any, k: Any) -> None:
    """One rate."""
    import numpyro
    import numpyro.distributions as dist

    theta = numpyro.sample("theta", dist.Beta(1, 1))
    numpyro.sample("k", dist.Binomial(n, theta), obs=k)


def _arrays(data: Data) -> dict[str, Any]:
    return {"n": int(data["n"]), "k": np.asarray(data["k"])}


add(
    Program(
        "Rate_1_model",
        ("Rate_1_data-Rate_1_model",),
        "k ~ Binomial(n, theta), theta ~ Beta(1, 1)",
        ("theta",),
        ("n", "k"),
        rate,
        _arrays,
    )
)
