"""NumPyro's ensemble slice sampling. Karamanis and Beutler (2021), Stat. Comput. 31:61."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.numpyro_ensemble import import_kernel, prepare_ensemble
from samplerbench.samplers.support.walkers import CLAIMS


@dataclass(frozen=True)
class Settings:
    """Arguments of NumPyro's ``ESS``, defaults as shipped."""

    # None: 32, or two a dimension where that is more
    walkers: Annotated[int | None, Range(2, even=True)] = None
    # or gaussian, kde
    move: Annotated[str, Choices(("differential", "gaussian", "kde"))] = "differential"
    init_mu: Annotated[float, POSITIVE] = 1.0  # the slice's width, where its tuning starts
    tune_mu: bool = True  # during warm-up
    max_steps: Annotated[int, Range(1)] = 10_000  # expansions of a slice


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
        typical_s=(10.0, 3.0),
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.ensemble.ESS",
        needs=("jax", "numpyro"),
        environment="latest",
        claims=CLAIMS,
        short_name="ens. slice",
        stack_replicates=0,
    )
)
