"""A campaign as Python hands it over: what is stored, with its sentence, table and figures."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.campaign import Campaign as StoredCampaign
from samplerbench.harness.campaign.campaign import load, no_collection
from samplerbench.text import escape_controls
from samplerbench.user_files import as_optional_path

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Campaign(StoredCampaign):
    """A campaign that ``samplerbench.run``, ``judge`` or ``load`` gives.

    It holds its folder until ``close()``, or the end of its ``with``. As the last line of a
    notebook's cell it shows its sentence and its main table.
    """

    def __repr__(self) -> str:
        if self.store.is_closed:
            return f"<Campaign {str(self.folder)!r}: closed>"
        done = f"{self.store.count_finished()} of {self.store.count_trials()} trials finished"
        return f"<Campaign {str(self.folder)!r}: {done}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, as for another process, it is its folder, which is opened there for reading."""
        return open_campaign, (str(self.folder),)

    def _repr_html_(self) -> str:
        from samplerbench.reports.pages import notebook

        if self.store.is_closed:
            return html.escape(repr(self))
        return notebook.render(self)

    def summary(self) -> str:
        """The result in one sentence, which is the first of its page."""
        from samplerbench.reports import summary

        # a name must not steer the terminal that prints it
        return escape_controls(summary.summarise(self.rows(), self.store.count_trials()))

    def table(self, columns: Sequence[str] | Literal["all"] | None = None) -> pandas.DataFrame:
        """The rows as a DataFrame, in the order of the plan, numbers in full.

        ``columns``: names of columns, ``"all"`` of them, or, by default, those of the table that
        the command line prints: the main ones, and those in which rows differ; also ``status``
        and ``reason`` where a row did not end ok. Raises UsageError for a column that is not
        there; ``samplerbench list columns`` says what each is.
        """
        import pandas

        from samplerbench.reports.tables.cells import get_value

        names = self._choose_columns(columns)
        values: dict[str, list[Any]] = {name: [] for name in names}
        with no_collection():  # column by column: a third of the memory of row by row
            for row in self.each_row():
                for name in names:
                    values[name].append(get_value(row, name))
            return pandas.DataFrame(values, columns=names)

    def _choose_columns(self, columns: Sequence[str] | Literal["all"] | None) -> list[str]:
        from samplerbench.reports.tables.campaign_table import default_columns
        from samplerbench.reports.tables.selection import choose_columns

        if isinstance(columns, str) and columns == "all":
            return choose_columns(None)
        if columns is None:
            rows = self.rows()
            is_ok = all(row["status"] == "ok" for row in rows)
            return [*default_columns(rows), *(() if is_ok else ("status", "reason"))]
        if isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
            columns = [columns]
        if not (columns := list(columns)):
            raise UsageError('no column is named\n  expected: at least one, or "all"')
        return choose_columns(columns)

    def plot(
        self,
        name: str,
        sampler: str | None = None,
        *,
        model: str | None = None,
        style: str | Path | None = None,
    ) -> Figure:
        """One figure of the page, as a matplotlib Figure; a notebook shows it.

        Args:
            name: ``"ess"``, ``"evidence"``, ``"speed"``, ...; an unknown name lists them.
            sampler: The row's label, for a figure of one sampler, as ``"corner"`` is.
            model: Its name in the table, where the campaign has several.
            style: A matplotlib style file on top of the project's.

        Raises:
            UsageError: There is no such figure, sampler or model here, or it has nothing to show.
        """
        from samplerbench.reports.figures.plot import draw_figure

        figure = draw_figure(self, name, sampler, model, as_optional_path("style", style))
        # IPython asks the object itself; without pyplot it knows no figures
        setattr(figure, "_repr_png_", partial(_print_png, figure))  # noqa: B010
        return figure


def open_campaign(folder: str | PathLike[str]) -> Campaign:
    """The campaign stored in ``folder``, for reading; raises StoreError where there is none."""
    return Campaign(load(folder).store)


def _print_png(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
