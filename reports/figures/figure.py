"""What a figure of a model gives: its heading, when it applies, and how it is drawn."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib import figure

    from samplerbench.reports.figures.figure_data import Scene, Series


class Section(enum.Enum):
    """The part of a model's section that a figure stands in; the value is its heading."""

    ACCURACY = "Accuracy of the claims"
    COST = "Cost"
    DRAWS = "Draws"
    POSTERIORS = "Posteriors"


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its words."""

    figure: figure.Figure
    alt: str  # what it shows, for those who can't see it: the numbers, not the shapes
    caption: str  # how to read it
    name: str = ""  # a file stem, unique on a page; "": that of its Figure
    title: str = ""

    def __post_init__(self) -> None:
        from samplerbench.reports.figures.labels import keep_labels_inside

        keep_labels_inside(self.figure)


@dataclass(frozen=True)
class Figure:
    """One kind of figure; its module holds it as FIGURE, and ``gallery.FIGURES`` lists it."""

    name: str  # a file stem
    title: str
    section: Section
    applies: Callable[[Scene], bool]
    draw: Callable[[Scene], Picture] | None = None
    draw_series: Callable[[Scene, Series], Picture] | None = None  # one picture a sampler


def has_draws(scene: Scene) -> bool:
    """Whether any row has draws to show."""
    return bool(scene.series)
