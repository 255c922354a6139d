"""``samplerbench list options``: the options of a campaign, or the JSON Schema of its file."""

from __future__ import annotations

from typing import Any

from samplerbench.cli.common import wrap_last


def describe_options() -> tuple[dict[str, Any], list[str]]:
    """The JSON Schema of a campaign file, and a line for each of its keys."""
    from samplerbench.harness.campaign.plan import OPTIONS
    from samplerbench.harness.campaign.plan_options import make_schema

    cells = [("key", "type", "what it is")]
    cells += [
        (option.name, option.kind + ", or a table" * option.table, option.describe())
        for option in OPTIONS.values()
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(2)]
    lines = [
        wrap_last(f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  ", about)
        for name, kind, about in cells
    ]
    return make_schema(), lines
