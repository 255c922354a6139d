"""NumPyro's No-U-Turn sampler. Hoffman and Gelman (2014), JMLR 15:1593-1623."""

from __future__ import annotations

from dataclasses import dataclass

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.support.chain_programs import count_host_devices
from samplerbench.samplers.support.log_z_from_draws import METHODS, add_log_z
from samplerbench.samplers.support.noncentered import noncenter
from samplerbench.samplers.support.numpyro_mcmc import (
    check_choices,
    prepare_mcmc,
    read_options,
)
from samplerbench.samplers.support.settings_checks import require_choices


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``NUTS`` and its ``chain_method``, defaults as shipped."""

    step_size: float = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: float = 0.8  # mean acceptance that warm-up aims for
    max_tree_depth: int = 10  # at most 2**depth - 1 gradient evaluations a draw
    find_heuristic_step_size: bool = False  # by doubling and halving, before warm-up's windows
    regularize_mass_matrix: bool = True  # shrunk towards a small multiple of the unit matrix
    noncentered: bool = False  # location-scale sites standardised by LocScaleReparam(0)
    init: str = "uniform"  # NumPyro's init_to_<init>
    chain_method: str = "parallel"  # a device a chain, else one after the other; see mcmc.py

    log_z: str = "none"  # bridge: log Z from the draws, by bridge sampling

    def __post_init__(self) -> None:
        check_choices(self)
        require_choices(self, log_z=METHODS)


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """NUTS on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import NUTS  # inside: listing samplers must not start JAX

    options, chain_method = read_options(settings)
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
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="NUTS",
        stack_replicates=32,
    )
)
