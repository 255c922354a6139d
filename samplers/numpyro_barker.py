"""NumPyro's Barker Metropolis-Hastings. Livingstone and Zanella (2022), JRSS B 84:496-523."""

from __future__ import annotations

from dataclasses import dataclass

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import (
    check_choices,
    prepare_mcmc,
    read_options,
)
from samplerbench.samplers.support.settings_checks import require_positive, require_share


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``BarkerMH`` and its ``chain_method``, defaults as shipped."""

    step_size: float = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: float = 0.4  # mean acceptance that warm-up aims for
    init: str = "uniform"  # NumPyro's init_to_<init>
    chain_method: str = "parallel"  # a device a chain, else one after the other

    def __post_init__(self) -> None:
        check_choices(self)
        require_positive(self, "step_size")
        require_share(self, "target_accept_prob")


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
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="Barker",
        stack_replicates=0,
    )
)
