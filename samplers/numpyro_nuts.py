"""NumPyro's No-U-Turn sampler. Hoffman and Gelman (2014), JMLR 15:1593-1623."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.log_z_from_draws import METHODS, add_log_z
from samplerbench.samplers.support.noncentered import noncenter
from samplerbench.samplers.support.numpyro_mcmc import (
    STARTS,
    add_superchains,
    prepare_mcmc,
    read_options,
)


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``NUTS`` and its ``chain_method``, defaults as shipped."""

    step_size: Annotated[float, POSITIVE] = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: Annotated[float, SHARE] = 0.8  # mean acceptance that warm-up aims for
    # at most 2**depth - 1 gradient evaluations a draw
    max_tree_depth: Annotated[int, Range(1)] = 10
    find_heuristic_step_size: bool = False  # by doubling and halving, before warm-up's windows
    regularize_mass_matrix: bool = True  # shrunk towards a small multiple of the unit matrix
    noncentered: bool = False  # location-scale sites standardised by LocScaleReparam(0)
    init: Annotated[str, Choices(STARTS)] = "uniform"  # NumPyro's init_to_<init>
    # groups of chains that start at one point each, for nested R-hat; 0: each chain at its own
    superchains: Annotated[int, Range(0)] = 0
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"
    # bridge: log Z from the draws, by bridge sampling
    log_z: Annotated[str, Choices(METHODS)] = "none"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """NUTS on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import NUTS  # inside: listing samplers must not start JAX

    options, chain_method = read_options(settings)
    budget = add_superchains(budget, options.pop("superchains"))
    options.pop("log_z")
    if options.pop("noncentered"):
        model = noncenter(model)
    runs = prepare_mcmc(lambda: NUTS(model.program, **options), model, budget, chain_method)
    return add_log_z(runs, model, settings.log_z)


add(
    Sampler(
        "numpyro_nuts",
        Settings,
        prepare,
        "No-U-Turn sampler, step size and mass matrix adapted",
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.hmc.NUTS",
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="NUTS",
        stack_replicates=32,
    )
)
