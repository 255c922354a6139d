"""NumPyro's ensemble slice sampling. Karamanis and Beutler (2021), Stat. Comput. 31:61."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.numpyro_ensemble import import_kernel, prepare_ensemble
from samplerbench.samplers.support.settings_checks import (
    require_at_least,
    require_choices,
    require_positive,
)
from samplerbench.samplers.support.walkers import CLAIMS


@dataclass(frozen=True)
class Settings:
    """Arguments of NumPyro's ``ESS``, defaults as shipped."""

    walkers: int | None = None  # None: 32, or two a dimension where that is more
    move: str = "differential"  # or gaussian, kde
    init_mu: float = 1.0  # the slice's width, where its tuning starts
    tune_mu: bool = True
    max_steps: int = 10_000  # expansions of a slice

    def __post_init__(self) -> None:
        require_choices(self, move=("differential", "gaussian", "kde"))
        require_at_least(self, 2, "walkers")
        require_positive(self, "init_mu", "max_steps")


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """An ensemble on ``model``, its walkers merged into one chain; it tells no cost.

    Raises Declined for discrete parameters, ValueError for too few walkers.
    """
    kernel = import_kernel("ESS")
    moves = {
        "differential": kernel.DifferentialMove,
        "gaussian": kernel.GaussianMove,
        "kde": kernel.KDEMove,
    }

    def make() -> Any:
        return kernel(
            model.program,
            moves={moves[settings.move](): 1.0},
            init_mu=settings.init_mu,
            tune_mu=settings.tune_mu,
            max_steps=settings.max_steps,
        )

    return prepare_ensemble(make, model, budget, settings.walkers, counts=False)


add(
    Sampler(
        "numpyro_ess",
        Settings,
        prepare,
        "NumPyro's ensemble slice sampler: walkers merged into one chain",
        needs=("jax", "numpyro"),
        environment="latest",
        claims=CLAIMS,
        short_name="ens. slice",
        stack_replicates=0,
    )
)
