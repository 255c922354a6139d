"""NumPyro's Sample Adaptive MCMC, without gradients. Zhu (2019), NeurIPS 32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from samplerbench.models.base import Model
from samplerbench.options import Choices, Range
from samplerbench.samplers.base import Budget, Declined, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import STARTS, prepare_mcmc, read_options


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``SA`` and its ``chain_method``, defaults as shipped."""

    # points that make the proposal; None: twice the dimension
    adapt_state_size: Annotated[int | None, Range(2)] = None
    dense_mass: bool = True  # a full covariance of the proposal, else its diagonal
    init: Annotated[str, Choices(STARTS)] = "uniform"  # NumPyro's init_to_<init>
    # parallel: a device for each chain; vectorized takes one chain alone
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """SA on ``model``. Raises Declined for discrete parameters, and for vectorized chains.

    NumPyro (0.12 to 0.22, ``SA.init``) makes one starting point and maps over it as if it held
    one a chain: scalar sites raise, and a vector as long as the chains would be taken apart.
    """
    from numpyro.infer import SA

    options, chain_method = read_options(settings)
    if chain_method == "vectorized" and budget.chains > 1:
        raise Declined(
            "NumPyro's SA can't start vectorized chains: it maps over the sites of one starting"
            " point; use chain_method=parallel or sequential"
        )
    return prepare_mcmc(lambda: SA(model.program, **options), model, budget, chain_method)


add(
    Sampler(
        "numpyro_sa",
        Settings,
        prepare,
        "Sample Adaptive MCMC, no gradients",
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.sa.SA",
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="SA",
    )
)
