"""The report command: from a stored campaign and what was asked for to text and files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samplerbench.errors import UsageError
from samplerbench.reports.tables import (
    by_parameter as parameters,
)
from samplerbench.reports.tables import (
    csv_json,
    latex,
    markdown,
    selection,
    terminal,
)
from samplerbench.reports.tables.cells import Row

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign

EXPORTS = {"csv": csv_json.as_csv, "json": csv_json.as_json}  # for other programs
FORMATS = ("table", "markdown", "csv", "latex", "json", "html")
PAGE = "report.html"


@dataclass(frozen=True)
class Asked:
    """What is to be shown, and how."""

    form: str = "table"  # one of FORMATS
    columns: Sequence[str] | None = None
    sort: Sequence[str] = ()
    by_parameter: bool = False
    style: Path | None = None  # a matplotlib style on top of the project's
    width: int | None = None  # of the terminal


def words(text: str | None) -> list[str]:
    """Names separated by commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def text(campaign: Campaign, asked: Asked) -> str:
    """The report in one of FORMATS. Raises UsageError for columns that are not there."""
    return "".join(pieces(campaign, asked))


def pieces(campaign: Campaign, asked: Asked) -> Iterator[str]:
    """The same piece by piece: what is for programs is read and written row by row."""
    if asked.form != "html":  # the page says it itself
        _tell_unfinished(campaign)
    if asked.form in EXPORTS and not asked.sort and not asked.by_parameter:
        return EXPORTS[asked.form](campaign.each_row(), selection.chosen(asked.columns))
    rows = shown(campaign, asked)
    columns = selection.chosen(asked.columns, rows) if asked.columns else None
    if asked.form == "html":
        from samplerbench.reports.pages import campaign_page

        return iter([campaign_page.text(campaign, rows, columns, asked.style)])
    return laid_out(rows, asked, columns, campaign.store.count_finished())


def laid_out(
    rows: Sequence[Row], asked: Asked, columns: Sequence[str] | None, total: int
) -> Iterator[str]:
    """Rows in one of the formats that are text; ``total``: how many there are."""
    if asked.form in EXPORTS:
        return EXPORTS[asked.form](rows, selection.chosen(columns, rows))
    if asked.form == "table":
        return iter([terminal.text(rows, columns, asked.width, total)])
    maker = {"markdown": markdown.text, "latex": latex.text}[asked.form]
    return iter([maker(rows, columns, total)])


def shown(campaign: Campaign, asked: Asked) -> list[Row]:
    """The rows as they are to be shown: split by parameter, sorted."""
    # what is read shows the first rows only: in the order of the plan the others are not needed
    most = {
        "table": terminal.MOST_ROWS,
        "markdown": selection.MOST_ROWS,
        "latex": selection.MOST_ROWS,
    }
    partly = not asked.sort and not asked.by_parameter
    rows = campaign.rows(most.get(asked.form) if partly else None)
    if asked.by_parameter:
        from samplerbench.harness.scoring.score_trial import VERSION

        rows = parameters.by_parameter(rows, campaign.store.scores(VERSION))
    return selection.ordered(rows, asked.sort) if asked.sort else rows


def _tell_unfinished(campaign: Campaign) -> None:
    planned, finished = campaign.store.planned(), campaign.store.count_finished()
    if finished < planned:
        said = f"{planned - finished} of {planned} trials have no result yet"
        print(f"samplerbench: {said}", file=sys.stderr)


def figures(campaign: Campaign, folder: Path, style: Path | None = None) -> list[Path]:
    """Every figure of the page as SVG, PDF and PNG in ``folder``."""
    from samplerbench.reports.figures import gallery as pictures
    from samplerbench.reports.figures import scaling as figure_scaling
    from samplerbench.reports.figures import style as drawing
    from samplerbench.reports.scaling import analysis

    with drawing.styled(style):
        found = pictures.galleries(campaign, campaign.rows(), campaign.store.trials())
        for gallery in found:
            for reason in gallery.lost:
                print(f"samplerbench: {gallery.model}: {reason}", file=sys.stderr)
        drawn = [p for gallery in found for p in gallery.all]
        drawn += figure_scaling.pictures(analysis.of(campaign, campaign.rows()))
        return drawing.save(drawn, folder)


def by_size(campaign: Campaign, form: str) -> str:
    """Exponents, crossovers and verdicts along every axis of size, as text in ``form``."""
    from samplerbench.reports.scaling import analysis
    from samplerbench.reports.scaling import text as scaling_text

    _tell_unfinished(campaign)
    return scaling_text.text(analysis.of(campaign, campaign.rows()), form)


def write(path: Path, made: Iterable[str]) -> None:
    """Write text to a file. Raises UsageError where it can't be."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(made)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be written: {error.strerror}\n"
            "  expected: a file in a folder that is there"
        ) from error


def page_or_why_not(campaign: Campaign) -> Path | str:
    """The page beside the campaign's database, or what this Python lacks to make one."""
    try:
        return write_page(campaign)
    except ModuleNotFoundError as error:
        return (
            f"not made: {error}; the numbers are kept: install it, or run"
            " `samplerbench report DIR --format html` where it is"
        )


def write_page(campaign: Campaign) -> Path:
    """The page beside the campaign's database."""
    path = campaign.folder / PAGE
    write(path, [text(campaign, Asked("html"))])
    return path
