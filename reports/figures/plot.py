"""One figure of a campaign by its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from samplerbench.errors import UsageError, unknown_name
from samplerbench.reports.figures.figure import Figure
from samplerbench.reports.figures.figure_data import Scene, load_scene, name_rows
from samplerbench.reports.figures.gallery import FIGURES, group_by_model
from samplerbench.reports.figures.style import number_looks, use_style

if TYPE_CHECKING:
    from matplotlib import figure

    from samplerbench.harness.campaign.campaign import Campaign


def draw_figure(
    campaign: Campaign,
    name: str,
    sampler: str | None = None,
    model: str | None = None,
    style: Path | None = None,
) -> figure.Figure:
    """The figure called ``name``, of ``sampler`` where it is of one, of ``model`` if of several.

    Raises UsageError for a name that is not there, and where the figure has nothing to show.
    """
    known = {figure.name: figure for figure in FIGURES}
    if name not in list(known):  # a list asks for no hash
        raise unknown_name("figure", name, known)
    if sampler is not None and known[name].draw is not None:
        raise UsageError(f"sampler={sampler!r} for {name!r}\n  expected: none, it shows them all")
    with use_style(style):
        scene = _load(campaign, model)
        if not known[name].applies(scene):
            others = ", ".join(figure.name for figure in FIGURES if figure.applies(scene))
            raise UsageError(
                f"there is nothing for figure {name!r} to show of {scene.label!r}\n"
                f"  expected: another of {others}"
            )
        return _draw(known[name], scene, sampler)


def _load(campaign: Campaign, model: str | None) -> Scene:
    every = group_by_model(campaign.rows())
    groups = {name: g for name, g in every.items() if any(row["status"] == "ok" for row in g)}
    chosen = _choose("model", model, groups)
    first = next(t for t in campaign.store.trials() if t.model_label == chosen)
    looks = number_looks([name for group in groups.values() for name in name_rows(group)])
    return load_scene(campaign, first, groups[chosen], looks)


def _draw(figure: Figure, scene: Scene, sampler: str | None) -> figure.Figure:
    if figure.draw is not None:
        return figure.draw(scene).figure
    assert figure.draw_series is not None, "a figure has one of the two"
    series = {each.label: each for each in scene.series}
    return figure.draw_series(scene, series[_choose("sampler", sampler, series)]).figure


def _choose(what: str, name: str | None, known: Iterable[str]) -> str:
    """``name``, or the only one there is. Raises UsageError."""
    names = list(known)
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise UsageError(
            f"the figure is of one {what}, and there are {len(names)}\n"
            f"  expected: {what}= one of {', '.join(names) or 'those that ended ok'}"
        )
    if name not in names:
        raise unknown_name(f"{what} in this figure", name, names)
    return name
