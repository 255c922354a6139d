"""All pictures of a campaign, model by model, up to a stated number of models and samplers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from samplerbench.reports.figures import (
    corner,
    error_against_time,
    ess,
    evidence,
    figure_data,
    fit,
    many_data_sets,
    ranks,
    seconds,
    style,
    traces,
)
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.selection import differing

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign
    from samplerbench.harness.records import Trial

MOST_MODELS = 4  # with all their samplers this is 60 figures: seconds to draw, megabytes to load
MOST_ROWS = 12  # in one figure; more can't be told apart


@dataclass
class Gallery:
    """The pictures of one model, by section, and what could not be drawn."""

    model: str
    rows: Sequence[Row]
    speed: list[Picture] = field(default_factory=list)
    trust: list[Picture] = field(default_factory=list)
    draws: list[Picture] = field(default_factory=list)
    corners: list[Picture] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)  # for the section's text

    @property
    def all(self) -> list[Picture]:
        """Every picture, in the order of a page."""
        return [*self.trust, *self.speed, *self.draws, *self.corners]


def by_model(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of each model, in the order of the plan."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["model"], []).append(row)
    return found


def galleries(campaign: Campaign, rows: Sequence[Row], trials: Sequence[Trial]) -> list[Gallery]:
    """The pictures of the first models with a finished trial; within ``drawing.styled`` only."""
    looks = style.looks([label(row) for row in rows])
    models = {
        name: of for name, of in by_model(rows).items() if any(r["status"] == "ok" for r in of)
    }
    first = {trial.model_label: trial for trial in reversed(trials)}
    made = [
        _gallery(campaign, first[name], of, looks)
        for name, of in list(models.items())[:MOST_MODELS]
    ]
    if len(made) > 1:  # names are file stems and the roots of ids
        for number, gallery in enumerate(made, 1):
            _rename(gallery, f"model{number}-")
    return made


def _gallery(
    campaign: Campaign, trial: Trial, rows: Sequence[Row], looks: dict[str, int]
) -> Gallery:
    found = Gallery(trial.model_label, rows)
    done = [row for row in rows if row["status"] == "ok"]
    if len(done) > MOST_ROWS:
        found.lost.append(f"figures show the first {MOST_ROWS} of {len(done)} rows")
        done = done[:MOST_ROWS]
    axes = differing(done)
    names = [figure_data.named(row, axes) for row in done]
    numbers = [looks[label(row)] for row in done]
    _try(found, found.trust, "ess", lambda: ess.picture(done, names, numbers))
    _try(found, found.speed, "speed", lambda: error_against_time.picture(done, names, numbers))
    _try(found, found.speed, "race", lambda: many_data_sets.picture(done, names, numbers))
    _try(found, found.speed, "seconds", lambda: seconds.picture(done, names))
    _of_draws(found, campaign, trial, looks)
    return found


def _of_draws(found: Gallery, campaign: Campaign, trial: Trial, looks: dict[str, int]) -> None:
    scene = figure_data.scene(campaign, trial, found.rows, looks)
    found.lost += scene.lost
    if not scene.series:
        return
    _try(found, found.trust, "evidence", lambda: evidence.picture(scene))
    _try(found, found.draws, "fit", lambda: fit.picture(scene))
    _try(found, found.draws, "ranks", lambda: ranks.picture(scene))
    _try(found, found.draws, "traces", lambda: traces.picture(scene))
    frame = functools.cache(lambda: corner.Frame(scene))
    for series in scene.series:
        draw = functools.partial(lambda one: corner.picture(frame(), one), series)
        _try(found, found.corners, f"corner of {series.label}", draw)
    _number(found.corners)


def _number(corners: list[Picture]) -> None:
    """Tell corners of labels that differ only in signs apart."""
    seen: dict[str, int] = {}
    for at, picture in enumerate(corners):
        seen[picture.name] = seen.get(picture.name, 0) + 1
        if seen[picture.name] > 1:
            corners[at] = replace(picture, name=f"{picture.name}-{seen[picture.name]}")


def _try(found: Gallery, to: list[Picture], name: str, draw: Callable[[], Picture | None]) -> None:
    """Draw one picture; draws can be anything, and one that can't be drawn takes no other along."""
    try:
        picture = draw()
    except Exception as error:
        found.lost.append(f"{name}: not drawn: {type(error).__name__}: {error}")
        return
    if picture is not None:
        to.append(picture)


def _rename(gallery: Gallery, prefix: str) -> None:
    for section in (gallery.speed, gallery.trust, gallery.draws, gallery.corners):
        section[:] = [replace(p, name=f"{prefix}{p.name}") for p in section]
