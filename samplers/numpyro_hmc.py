"""NumPyro's Hamiltonian Monte Carlo, fixed trajectory length. Neal (2011), MCMC handbook, ch. 5."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import (
    STARTS,
    add_superchains,
    prepare_mcmc,
    read_options,
)


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``HMC`` and its ``chain_method``, defaults as shipped."""

    step_size: Annotated[float, POSITIVE] = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: Annotated[float, SHARE] = 0.8  # mean acceptance that warm-up aims for
    # leapfrog steps a draw, of trajectory_length / num_steps each; None: of the adapted step size
    num_steps: Annotated[int | None, Range(1)] = None
    # after 2 pi a whitened Gaussian is back where it started: the library's default all the same
    trajectory_length: Annotated[float, POSITIVE] = 2 * math.pi
    find_heuristic_step_size: bool = False  # by doubling and halving, before warm-up's windows
    regularize_mass_matrix: bool = True  # shrunk towards a small multiple of the unit matrix
    init: Annotated[str, Choices(STARTS)] = "uniform"  # NumPyro's init_to_<init>
    # groups of chains that start at one point each, for nested R-hat; 0: each chain at its own
    superchains: Annotated[int, Range(0)] = 0
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """HMC on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import HMC

    options, chain_method = read_options(settings)
    budget = add_superchains(budget, options.pop("superchains"))
    return prepare_mcmc(lambda: HMC(model.program, **options), model, budget, chain_method)


add(
    Sampler(
        "numpyro_hmc",
        Settings,
        prepare,
        "Hamiltonian Monte Carlo, fixed trajectory length",
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.hmc.HMC",
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="HMC",
    )
)
