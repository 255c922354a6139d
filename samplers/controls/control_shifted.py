"""A flawed control: independent exact draws, every parameter shifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.models.base import Exact, Model, Sites
from samplerbench.options import Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.controls.flawed import prepare_flawed, spread_by_site
from samplerbench.samplers.exact_iid import draw_exact


@dataclass(frozen=True)
class Settings:
    """How flawed it is."""

    by: Annotated[float, Range(-1e3, 1e3)] = 0.2  # posterior sds


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws plus ``by`` sds. Raises Declined for a model without an exact posterior."""

    def flaw(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
        draws = draw_exact(exact, count, rng)
        shift = spread_by_site(exact, settings.by * exact.sd, draws)
        return {name: x + shift[name] for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(
    Sampler(
        "control_shifted",
        Settings,
        prepare,
        "flawed on purpose: every mean off by 0.2 sd",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
