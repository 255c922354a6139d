"""Scaling for the terminal, in markdown, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.records import visible
from samplerbench.reports.scaling.analysis import (
    QUANTITIES,
    Growth,
    Scaling,
    verdict,
)
from samplerbench.reports.scaling.lines import Axis
from samplerbench.reports.tables.cells import (
    MARK_SAYS,
    NOT_COMPARABLE,
    cell,
    comparable,
)
from samplerbench.reports.tables.markdown import escaped
from samplerbench.rounding import number

FORMATS = ("table", "markdown", "json", "csv")
EMPTY = (
    "nothing to show by size: no number was varied\n"
    "  expected: a campaign of `samplerbench run --sweep n_points=32,1000,100000`, or one with"
    " models or budgets of 3 sizes"
)
SAYS = (
    "Exponents: least squares on logs, each size weighted by its own error, which is raised where"
    " sizes scatter by more; 95 % intervals by Student's t with two degrees of freedom less than"
    " sizes (cold seconds are single runs: their scatter alone). At the end: between the two"
    " largest sizes. Crossovers: bootstrap over paired replicates, with 3 % for seconds of other"
    " processes."
    " Realised ESS counts bias as error."
)
WIDEST = 120
SHOWN = ("warm_s", "cold_s", "realised_ess_per_s", "realised_ess_per_evaluation", "peak_rss_mb")


@dataclass(frozen=True)
class Block:
    """One table: a title, heads and cells; the first column is text."""

    title: str
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]


def text(found: Sequence[Scaling], form: str = "table") -> str:
    """The scaling report in one of FORMATS. Raises UsageError for another form, or nothing."""
    if form not in FORMATS:
        raise UsageError(
            f"--by size with --format {form!r}\n  expected: {', '.join(FORMATS)}; the page of the"
            " campaign (--format html without --by) has the same as a section"
        )
    if form == "json":
        return json.dumps([record(one) for one in found], indent=1, allow_nan=False) + "\n"
    if form == "csv":
        return _csv(found)
    if not found:
        raise UsageError(EMPTY)
    return {"table": _terminal, "markdown": _markdown}[form](found)


def blocks(found: Scaling) -> list[Block]:
    """The tables of one axis: verdicts, each quantity by size, exponents, crossovers."""
    axis = found.axis
    made = [_verdicts(axis), _stops(axis), *(_by_size(axis, name) for name in SHOWN)]
    made.append(_exponents(found))
    if found.crossings:
        rows = [(f"{c.first} / {c.second}", c.of, c.says(axis.name)) for c in found.crossings]
        made.append(Block("Who is ahead, and from where on", ("between", "by", "answer"), rows))
    return [block for block in made if block is not None]


def _heads(axis: Axis) -> list[str]:
    return ["sampler", *(f"{axis.name}={number(size)}" for size in axis.sizes)]


def _verdicts(axis: Axis) -> Block:
    rows = []
    for line in axis.lines:
        by_size = dict(zip(line.sizes, line.rows, strict=True))
        rows.append([axis.called(line), *(verdict(by_size.get(size)) for size in axis.sizes)])
    return Block("Verdict by size", _heads(axis), rows)


def _stops(axis: Axis) -> Block | None:
    """Where each line stops being honest, and why."""
    rows = []
    for line in axis.lines:
        doubtful = [at for at, row in enumerate(line.rows) if not comparable(row)]
        if not doubtful:
            continue
        at = doubtful[0]
        row = line.rows[at]
        why = row["verdict_reason"] if row["status"] == "ok" else row["reason"]
        until = "never" if at == 0 else f"up to {number(line.sizes[at - 1])}"
        rows.append([axis.called(line), until, f"{number(line.sizes[at])}: {verdict(row)}", why])
    heads = ("sampler", "honest", "not at", "why")
    return Block("Who stops being honest, and where", heads, rows) if rows else None


def _by_size(axis: Axis, name: str) -> Block | None:
    rows = []
    for line in axis.lines:
        by_size = dict(zip(line.sizes, line.rows, strict=True))
        cells = [cell(by_size[s], name) if s in by_size else None for s in axis.sizes]
        rows.append([axis.called(line), *(_shown(one) for one in cells)])
    if all(shown in ("", "-") for row in rows for shown in row[1:]):
        return None
    said = QUANTITIES[name]
    return Block(f"{said[0].upper()}{said[1:]} by size", _heads(axis), rows)


def _shown(found: Any) -> str:
    if found is None:
        return ""
    spread = f" ({found.spread[0]} to {found.spread[1]})" if found.spread else ""
    return f"{found.text}{NOT_COMPARABLE if found.marked else ''}{spread}"


def _exponents(found: Scaling) -> Block | None:
    rows = []
    for growth in found.growth:
        fit = growth.fit
        if fit.exponent is None or fit.last is None:
            continue
        shown = f"{fit.exponent:.2f}{NOT_COMPARABLE * growth.marked}"
        names = (growth.line, QUANTITIES[growth.quantity])
        rows.append([*names, shown, _between(fit.lo, fit.hi), f"{fit.last:.2f}", f"{fit.sizes}"])
    title = f"Exponents: the quantity grows as {found.axis.name} to this power"
    heads = ("sampler", "quantity", "exponent", "95 % interval", "at the end", "sizes")
    return Block(title, heads, rows) if rows else None


def _between(lo: float | None, hi: float | None) -> str:
    return "-" if lo is None or hi is None else f"{lo:.2f} to {hi:.2f}"


def power(growth: Growth) -> str:
    """``0.98 (0.91 to 1.05)``: the exponent and its interval; a dash where there is none."""
    fit = growth.fit
    if fit.exponent is None:
        return "-"
    spread = "" if fit.lo is None else f" ({_between(fit.lo, fit.hi)})"
    return f"{fit.exponent:.2f}{NOT_COMPARABLE * growth.marked}{spread}"


def _says(found: Sequence[Scaling]) -> list[str]:
    any_marked = any(growth.marked for one in found for growth in one.growth)
    return [SAYS, *([MARK_SAYS] if any_marked else [])]


def _terminal(found: Sequence[Scaling]) -> str:
    lines: list[str] = []
    for one in found:
        lines += [*textwrap.wrap(f"By {one.axis.name}: {one.axis.of}", WIDEST), ""]
        for block in blocks(one):
            lines += [visible(line) for line in (block.title, *_aligned(block))] + [""]
    lines += [line for said in _says(found) for line in textwrap.wrap(said, WIDEST)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _aligned(block: Block) -> list[str]:
    """Columns side by side; a last one that is long goes on below itself."""
    rows = [list(block.heads), *map(list, block.lines)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(block.heads))]
    start = sum(widths[:-1]) + 2 * (len(widths) - 1)
    widths[-1] = min(widths[-1], max(WIDEST - start, 30))
    lines = []
    for row in rows:
        folded = textwrap.wrap(row[-1], widths[-1]) or [""]
        lines.append(
            "  ".join(t.ljust(w) for t, w in zip([*row[:-1], folded[0]], widths, strict=True))
        )
        lines += [" " * start + more for more in folded[1:]]
    return lines


def _markdown(found: Sequence[Scaling]) -> str:
    lines: list[str] = []
    for one in found:
        lines += [f"**By {escaped(one.axis.name)}**: {escaped(one.axis.of)}.", ""]
        for block in blocks(one):
            lines += [f"{escaped(block.title)}:", "", _pipes(block.heads)]
            lines.append("| " + " | ".join(":--" for _ in block.heads) + " |")
            lines += [*map(_pipes, block.lines), ""]
    lines += [f"- {escaped(said)}" for said in _says(found)]
    return "\n".join(lines) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(text) for text in cells) + " |"


# -- for other programs ----------------------------------------------------------------------------


def record(found: Scaling) -> dict[str, Any]:
    """One axis as JSON: points, exponents, crossovers, verdicts; an infinite end is null."""
    axis = found.axis
    return {
        "axis": axis.name,
        "of": axis.of,
        "points": list(_points(axis)),
        "exponents": [
            {"sampler": g.line, "quantity": g.quantity, "comparable": not g.marked, **asdict(g.fit)}
            for g in found.growth
        ],
        "crossovers": [
            {
                "first": c.first,
                "second": c.second,
                "of": c.of,
                **{k: _finite(v) for k, v in asdict(c.found).items()},
                "answer": c.says(axis.name),
            }
            for c in found.crossings
        ],
        "verdicts": [{"sampler": line, "by_size": said} for line, said in found.honest],
    }


def _points(axis: Axis) -> Any:
    for line in axis.lines:
        for size, row in zip(line.sizes, line.rows, strict=True):
            place = ("environment", "device", "precision")
            yield {
                "sampler": line.label,
                **dict(zip(place, line.place, strict=True)),
                "axis": axis.name,
                "size": size,
                "verdict": row["verdict"],
                "status": row["status"],
                "reason": row["reason"],
                **{
                    f"{name}{end}": _finite(row.get(f"{name}{end}"))
                    for name in QUANTITIES
                    for end in ("", "_lo", "_hi")
                    if f"{name}{end}" in row
                },
                "trial": row["trial"],
            }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(found: Sequence[Scaling]) -> str:
    out = io.StringIO()
    rows = [point for one in found for point in _points(one.axis)]
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
