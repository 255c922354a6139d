"""All figures of a campaign, model by model, up to a stated number of models and samplers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from samplerbench.errors import UsageError
from samplerbench.reports.figures import (
    corner,
    cost_curve,
    ess,
    evidence,
    fit,
    many_data_sets,
    ranks,
    seconds,
    traces,
)
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Scene, load_scene, name_rows
from samplerbench.reports.figures.style import number_looks
from samplerbench.reports.tables.cells import Row

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial

#: the modules of a model's figures, in the order of a page; a new one is named here
MODULES = (ess, evidence, cost_curve, many_data_sets, seconds, fit, ranks, traces, corner)
FIGURES: tuple[Figure, ...] = tuple(module.FIGURE for module in MODULES)
NEXT = "\n  "  # between what is wrong in a refusal and what to do
MOST_MODELS = 4  # with all their samplers this is 60 figures: seconds to draw, megabytes to load


@dataclass
class Gallery:
    """The figures of one model, by section, and what is not drawn."""

    model: str
    rows: Sequence[Row]
    by_section: dict[Section, list[Picture]] = field(default_factory=dict)
    omissions: list[str] = field(default_factory=list)

    @property
    def pictures(self) -> list[Picture]:
        """Every picture, in the order of a page."""
        return [picture for section in Section for picture in self.by_section[section]]


def group_by_model(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of each model, in the order of the plan."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["model"], []).append(row)
    return groups


def make_galleries(
    campaign: Campaign, rows: Sequence[Row], trials: Sequence[Trial]
) -> list[Gallery]:
    """The figures of the first models with a finished trial; within ``style.use_style`` only."""
    finished = (
        (model, group)
        for model, group in group_by_model(rows).items()
        if any(row["status"] == "ok" for row in group)
    )
    shown = list(islice(finished, MOST_MODELS))
    looks = number_looks([name for _, group in shown for name in name_rows(group)])
    first = {trial.model_label: trial for trial in reversed(trials)}
    galleries = [
        draw_scene(load_scene(campaign, first[model], group, looks)) for model, group in shown
    ]
    if len(galleries) > 1:  # names are file stems and the roots of ids
        for number, gallery in enumerate(galleries, 1):
            _prefix_names(gallery, f"model{number}-")
    return galleries


def draw_scene(scene: Scene) -> Gallery:
    """Every figure that applies; one that fails is listed with its error, the others are drawn."""
    gallery = Gallery(scene.label, scene.rows, {section: [] for section in Section})
    gallery.omissions += scene.omissions
    for figure in FIGURES:
        pictures = gallery.by_section[figure.section]
        for name, draw in _list_drawings(figure, scene):
            try:
                picture = draw()
            except UsageError as error:  # the same of every sampler: what it lacks is told once
                reason = f"{figure.name}: not drawn: {str(error).replace(NEXT, '; ')}"
                gallery.omissions += [reason] * (reason not in gallery.omissions)
                continue
            except Exception as error:  # draws can be anything
                reason = f"{name}: not drawn: {type(error).__name__}: {error}"
                gallery.omissions.append(reason)
                continue
            stem, title = picture.name or figure.name, picture.title or figure.title
            pictures.append(replace(picture, name=stem, title=title))
    for pictures in gallery.by_section.values():
        _number_names(pictures)
    return gallery


def _list_drawings(figure: Figure, scene: Scene) -> Iterator[tuple[str, Callable[[], Picture]]]:
    """Name and drawing of each picture of a figure: one, one a sampler, or none."""
    if not figure.applies(scene):
        return
    if figure.draw is not None:
        yield figure.name, partial(figure.draw, scene)
    if figure.draw_series is not None:
        for series in scene.series:
            yield f"{figure.name} of {series.label}", partial(figure.draw_series, scene, series)


def _number_names(pictures: list[Picture]) -> None:
    """Tell pictures of labels that differ only in signs apart."""
    counts: dict[str, int] = {}
    for at, picture in enumerate(pictures):
        counts[picture.name] = counts.get(picture.name, 0) + 1
        if counts[picture.name] > 1:
            pictures[at] = replace(picture, name=f"{picture.name}-{counts[picture.name]}")


def _prefix_names(gallery: Gallery, prefix: str) -> None:
    for pictures in gallery.by_section.values():
        pictures[:] = [replace(picture, name=f"{prefix}{picture.name}") for picture in pictures]
