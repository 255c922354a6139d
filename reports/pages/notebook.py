"""A campaign below a notebook's cell: its sentence and its main table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samplerbench.reports import summary
from samplerbench.reports.pages import template
from samplerbench.reports.tables.campaign_table import make_table
from samplerbench.reports.tables.cells import MARK_MEANING

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

MOST_ROWS = 60  # below one cell


def render(campaign: Campaign) -> str:
    """HTML without a page around it, every name as text."""
    rows, planned = campaign.rows(), campaign.store.count_trials()
    table = make_table(rows, total=len(rows), most=MOST_ROWS)
    return template.render(
        "notebook.html.jinja",
        sentence=summary.summarise(rows, planned),
        table=table,
        mark_meaning=MARK_MEANING,
    )
