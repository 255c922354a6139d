"""Rows for other programs: CSV and JSON, every column, numbers in full."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from reports.cells import Row, value
from reports.tables import chosen


def as_csv(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """All columns (or those asked for), one line a row; records inside a cell are JSON."""
    names = chosen(columns, rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_flat(value(row, name)) for name in names] for row in rows)
    return out.getvalue()


def _flat(found: Any) -> Any:
    if found is None:
        return ""
    return json.dumps(found, sort_keys=True) if isinstance(found, (dict, list)) else found


def as_json(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """A list of objects, every column; a missing number is null with its reason in `missing`."""
    names = chosen(columns, rows)
    picked = [{name: _finite(value(row, name)) for name in names} for row in rows]
    return json.dumps(picked, indent=1, allow_nan=False) + "\n"


def _finite(found: Any) -> Any:
    """JSON knows no infinity: it travels as a word."""
    return str(found) if isinstance(found, float) and not math.isfinite(found) else found
