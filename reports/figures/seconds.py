"""Where the seconds go: import, compile, the rest of the first run, warm-up, sampling."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.reports.figures import style
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import Row, ends
from samplerbench.rounding import number

#: part -> what it is, in the order of time
COLD = {
    "import": "import",
    "compile": "compile",
    "rest": "rest of the first run (trace, dispatch)",
    "warmup": "warm-up",
    "sample": "sampling",
    "run": "run, not split",
}


def parts(row: Row) -> dict[str, float]:
    """Seconds of each part of import + cold; what was not measured is left out."""
    found = {"import": row["import_s"] or 0.0, "compile": row["compile_s"] or 0.0}
    run = warm_parts(row)
    spent = found["compile"] + sum(run.values())
    found["rest"] = max(0.0, (row["cold_s"] or 0.0) - spent)
    return {**found, **run}


def warm_parts(row: Row) -> dict[str, float]:
    """Seconds of each part of a warm run."""
    if row["warmup_s"] is not None and row["sample_s"] is not None:
        return {"warmup": row["warmup_s"], "sample": row["sample_s"]}
    return {"run": row["warm_s"]} if row["warm_s"] else {}


def picture(rows: Sequence[Row], names: Sequence[str]) -> Picture | None:
    """Bars from nothing above, of a warm run below; None where no row was timed."""
    known = [(r, n) for r, n in zip(rows, names, strict=True) if r["cold_s"] is not None]
    if not known:
        return None
    tall = 0.1 + 0.3 * len(known)
    made, ((cold,), (warm,)) = style.grid([tall, tall], legend=3, left=1.35, gap=0.6)
    labels = [name.replace(":", ":\n", 1) for _, name in known]
    _bars(cold, [parts(row) for row, _ in known], labels)
    _bars(warm, [warm_parts(row) for row, _ in known], labels)
    for at, (row, _) in enumerate(known):
        lo, hi = ends(row, "warm_s")
        if lo is not None and hi is not None:
            warm.plot([lo, hi], [at, at], color=style.INK, marker="|", lw=1)
            warm.set_xlim(right=max(warm.get_xlim()[1], 1.04 * hi))
    cold.set_title("from nothing", loc="left")
    warm.set_title("one run, once compiled", loc="left")
    warm.set_xlabel("seconds")
    style.legend(made, cold, 2)
    return Picture(
        "seconds",
        "Where the seconds go",
        f"Stacked bars. {'; '.join(_words(row, name) for row, name in known)}.",
        "Above: import and the first plain run; below: a run of the compiled program, with the 95 %"
        " interval of its median as a line. Import, compile and the rest are of one run each.",
        made,
    )


def _bars(axes, found: Sequence[dict[str, float]], labels: Sequence[str]) -> None:
    start = [0.0] * len(found)
    for number_, (part, says) in enumerate(COLD.items()):
        widths = [one.get(part, 0.0) for one in found]
        if not any(widths):
            continue
        look = style.look(number_)
        axes.barh(range(len(found)), widths, left=start, height=0.62, fc="none", lw=0.8,
                  ec=look.color, hatch=style.HATCHES[number_ + 1], label=says)  # fmt: skip
        start = [a + b for a, b in zip(start, widths, strict=True)]
    axes.set_yticks(range(len(found)), labels)
    axes.set_xlim(0, 1.04 * max(start) or 1)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.set_yticks([], minor=True)


def _words(row: Row, name: str) -> str:
    told = ", ".join(f"{COLD[part]} {number(s)} s" for part, s in parts(row).items() if s)
    return f"{name}: {told}"
