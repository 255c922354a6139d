"""Reports of a stored campaign: rows, tables, figures and the page in the requested format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError, one_line
from samplerbench.files import write_beside
from samplerbench.reports import provenance
from samplerbench.reports.tables import campaign_table, csv_json, latex, markdown, terminal
from samplerbench.reports.tables.by_parameter import split_by_parameter
from samplerbench.reports.tables.cells import Row, anonymise
from samplerbench.reports.tables.selection import choose_columns, sort_rows
from samplerbench.text import tell

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

#: for other programs; json-rows is what json was before it had a schema
EXPORTS = {"csv": csv_json.as_csv, "json": csv_json.as_json, "json-rows": csv_json.as_json_rows}
FORMATS = ("table", "markdown", "csv", "latex", "json", "json-rows", "html")
PAGE = "report.html"
MOST_TERMINAL_ROWS = 1000


@dataclass(frozen=True)
class ReportOptions:
    """What is to be shown, and how."""

    form: str = "table"  # one of FORMATS
    columns: Sequence[str] | None = None
    sort: Sequence[str] = ()
    by_parameter: bool = False
    style: Path | None = None  # a matplotlib style on top of the project's
    width: int | None = None  # of the terminal
    caption: str = ""  # of a table in LaTeX, as it is to be written; "": what all rows share
    label: str = ""  # that LaTeX refers to it by
    anonymous: bool = False  # without the machine's name and the paths of folders


PAGE_OPTIONS = ReportOptions("html")


def split_names(text: str | None) -> list[str]:
    """Names separated by commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def render(campaign: Campaign, options: ReportOptions) -> str:
    """The report in one of FORMATS. Raises UsageError for columns that are not there."""
    return "".join(render_pieces(campaign, options))


def render_pieces(campaign: Campaign, options: ReportOptions) -> Iterator[str]:
    """The same piece by piece: what is for programs is read and written row by row."""
    if options.form != "html":  # the page says it itself
        _warn_unfinished(campaign)
    is_json = options.form == "json"
    facts = provenance.describe_campaign(campaign, options.anonymous) if is_json else None
    if options.form in EXPORTS and not options.sort and not options.by_parameter:
        stored = _StoredRows(campaign, options.anonymous)
        return _export(stored, choose_columns(options.columns), options.form, facts)
    rows = _select_rows(campaign, options)
    columns = choose_columns(options.columns, rows) if options.columns else None
    if options.form == "html":
        from samplerbench.reports.pages import campaign_page

        page = campaign_page.render(campaign, rows, columns, options.style, options.anonymous)
        return iter([page])
    return render_rows(rows, options, columns, campaign.store.count_finished(), facts)


@dataclass(frozen=True)
class _StoredRows:
    """The rows of a campaign, read anew each time that they are gone through."""

    campaign: Campaign
    anonymous: bool

    def __iter__(self) -> Iterator[Row]:
        rows = self.campaign.each_row()
        return map(anonymise, rows) if self.anonymous else rows


def _export(
    rows: Iterable[Row], columns: Sequence[str], form: str, facts: Mapping[str, Any] | None
) -> Iterator[str]:
    if form == "json":
        return csv_json.as_json(rows, columns, facts)
    return EXPORTS[form](rows, columns)


def render_rows(
    rows: Sequence[Row],
    options: ReportOptions,
    columns: Sequence[str] | None,
    total: int,
    facts: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Rows in one of the formats that are text; ``total``: how many there are.

    ``facts``: of the campaign that they are from, for JSON.
    """
    if options.form in EXPORTS:
        return _export(rows, choose_columns(columns, rows), options.form, facts)
    most = _most_rows(options.form)
    if options.form == "latex" and not columns:
        columns = campaign_table.paper_columns(rows)
    table = campaign_table.make_table(rows, columns, total, most)
    if options.form == "table":
        return iter([terminal.render(table, options.width, gap=1)])
    if options.form == "latex":
        return iter([latex.render(table, options.caption, options.label)])
    return iter([markdown.render(table)])


def _most_rows(form: str) -> int | None:
    """How many rows a format for readers shows; None: all."""
    readers = {"table": MOST_TERMINAL_ROWS}
    readers |= dict.fromkeys(("markdown", "latex"), campaign_table.MOST_ROWS)
    return readers.get(form)


def _select_rows(campaign: Campaign, options: ReportOptions) -> list[Row]:
    """The rows as they are to be shown: split by parameter, sorted."""
    # what is read shows the first rows only: in the order of the plan the others are not needed
    is_partial = not options.sort and not options.by_parameter
    rows = campaign.rows(_most_rows(options.form) if is_partial else None)
    if options.by_parameter:
        from samplerbench.harness.scoring.score_trial import VERSION

        rows = split_by_parameter(rows, campaign.store.scores(VERSION))
    if options.anonymous:
        rows = [*map(anonymise, rows)]
    return sort_rows(rows, options.sort) if options.sort else rows


def _warn_unfinished(campaign: Campaign) -> None:
    planned, finished = campaign.store.count_trials(), campaign.store.count_finished()
    if finished < planned:
        tell(f"{planned - finished} of {planned} trials have no result yet")


def write_parquet(campaign: Campaign, options: ReportOptions, path: Path) -> None:
    """The rows as a Parquet file. Raises UsageError, also where pyarrow is missing."""
    from samplerbench.reports.tables import parquet

    _warn_unfinished(campaign)
    rows = _select_rows(campaign, options)
    parquet.write(rows, choose_columns(options.columns, rows), path)


def write_figures(campaign: Campaign, folder: Path, style: Path | None = None) -> list[Path]:
    """Every figure of the page as SVG, PDF and PNG in ``folder``."""
    from samplerbench.reports.figures import gallery, scaling, svg
    from samplerbench.reports.figures.style import use_style
    from samplerbench.reports.scaling.analysis import analyse_campaign

    with use_style(style):
        rows = campaign.rows()
        pictures = []
        for one in gallery.make_galleries(campaign, rows, campaign.store.trials()):
            for reason in one.omissions:
                tell(f"{one.model}: {reason}")
            pictures += one.pictures
        pictures += scaling.draw_axes(analyse_campaign(campaign, rows))
        return svg.save(pictures, folder)


def render_by_size(campaign: Campaign, form: str, width: int | None = None) -> str:
    """Exponents, crossovers and verdicts along every axis of size, as text in ``form``."""
    from samplerbench.reports.scaling import report
    from samplerbench.reports.scaling.analysis import analyse_campaign

    _warn_unfinished(campaign)
    return report.render(analyse_campaign(campaign, campaign.rows()), form, width)


def write_text(path: Path, pieces: Iterable[str]) -> None:
    """Write text to a file, whole or not at all. Raises UsageError where it can't be."""
    try:
        with write_beside(path) as part, open(part, "w", encoding="utf-8") as file:
            file.writelines(pieces)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be written: {error.strerror}\n"
            "  expected: a file in a folder that is there"
        ) from error


def try_write_page(campaign: Campaign) -> Path | str:
    """The page beside the campaign's database, or why there is none: it never ends a campaign."""
    try:
        return write_page(campaign)
    except ModuleNotFoundError as error:
        return (
            f"not made: {error}; the numbers are kept: install it, or run"
            " `samplerbench report DIR --format html` where it is"
        )
    except Exception as error:  # draws, records and disks can be anything; the run has ended well
        return (
            f"not made: {one_line(error)}; the numbers are kept: `samplerbench report DIR --format"
            " html` tries it again"
        )


def write_page(campaign: Campaign, options: ReportOptions = PAGE_OPTIONS) -> Path:
    """The page beside the campaign's database."""
    path = campaign.folder / PAGE
    write_text(path, [render(campaign, options)])
    return path
