"""NumPyro's affine-invariant ensemble of walkers. Goodman and Weare (2010), CAMCoS 5:65."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.models.base import Model
from samplerbench.options import Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.numpyro_ensemble import import_kernel, prepare_ensemble
from samplerbench.samplers.support.walkers import CLAIMS


@dataclass(frozen=True)
class Settings:
    """Arguments of NumPyro's ``AIES``, defaults as shipped."""

    # None: 32, or two a dimension where that is more
    walkers: Annotated[int | None, Range(2, even=True)] = None
    # differential evolution; or stretch, as emcee's default
    move: Annotated[str, Choices(("de", "stretch"))] = "de"
    randomize_split: bool = False  # whether walkers are dealt anew to the two halves


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """An ensemble on ``model``, its walkers merged into one chain.

    Raises Declined for discrete parameters, ValueError for too few walkers.
    """
    kernel = import_kernel("AIES")
    moves = {"de": kernel.DEMove, "stretch": kernel.StretchMove}

    def make() -> Any:
        return kernel(
            model.program,
            moves={moves[settings.move](): 1.0},
            randomize_split=settings.randomize_split,
        )

    return prepare_ensemble(make, model, budget, settings.walkers, counts=True)


add(
    Sampler(
        "numpyro_aies",
        Settings,
        prepare,
        "NumPyro's affine-invariant ensemble: walkers merged into one chain",
        typical_s=(7.0, 0.08),
        link="https://num.pyro.ai/en/stable/mcmc.html#numpyro.infer.ensemble.AIES",
        needs=("jax", "numpyro"),
        environment="latest",
        claims=CLAIMS,
        short_name="AIES",
        stack_replicates=0,
    )
)
