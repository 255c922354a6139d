"""NumPyro's Barker Metropolis-Hastings. Livingstone and Zanella (2022), JRSS B 84:496-523."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import STARTS, prepare_mcmc, read_options


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``BarkerMH`` and its ``chain_method``, defaults as shipped."""

    step_size: Annotated[float, POSITIVE] = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: Annotated[float, SHARE] = 0.4  # mean acceptance that warm-up aims for
    init: Annotated[str, Choices(STARTS)] = "uniform"  # NumPyro's init_to_<init>
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Barker proposals on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import BarkerMH  # inside: listing samplers must not start JAX

    options, chain_method = read_options(settings)
    return prepare_mcmc(lambda: BarkerMH(model.program, **options), model, budget, chain_method)


add(
    Sampler(
        "numpyro_barker",
        Settings,
        prepare,
        "Barker proposals, step size and mass matrix adapted: a gradient a draw",
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.barker.BarkerMH",
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="Barker",
        stack_replicates=0,
    )
)
