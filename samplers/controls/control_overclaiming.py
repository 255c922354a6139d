"""A flawed control: draws that look independent, with errors larger than they show."""

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

    factor: Annotated[float, Range(1)] = 2.0  # true standard error over the claimed one


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Exact draws, moved together by a little in each run. Raises Declined, likewise.

    n independent draws claim an error of sd / sqrt(n); a common shift of variance
    (factor^2 - 1) sd^2 / n makes the true one ``factor`` times that.
    """

    def flaw(exact: Exact, count: int, rng: np.random.Generator) -> Sites:
        draws = draw_exact(exact, count, rng)
        scale = np.sqrt((settings.factor**2 - 1) / count) * exact.sd
        shift = spread_by_site(exact, scale * rng.standard_normal(len(scale)), draws)
        return {name: x + shift[name] for name, x in draws.items()}

    return prepare_flawed(model, budget, flaw)


add(
    Sampler(
        "control_overclaiming",
        Settings,
        prepare,
        "flawed on purpose: errors twice as claimed",
        control=True,
        typical_s=(0.2, 0.003),
    )
)
