"""The page that says who was shown honest on which kind of model, from all published rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markdown_table import make_table

from samplerbench.harness.scoring.ci_gate import name_row
from samplerbench.harness.scoring.verdict_words import COMPARABLE
from samplerbench.rounding import format_with_interval

ROOT = Path(__file__).parents[1]
LEAST = 128  # replicates of a row that is shown
MANY = 10  # parameters of a normal posterior that are many
#: kinds of models, in words, and the registered models that stand for them
KINDS = {
    "A few parameters, nearly normal": ("linear",),
    "Many parameters, normal": (),
    "A scale that sets the spread of others": ("funnel", "eight_schools", "hierarchical_binomial"),
    "Curved": ("banana", "rosenbrock"),
    "Several modes": ("islands", "shells", "eggbox", "log_gamma", "spike_slab"),
    "Heavy tails": ("heavy_tail",),
}
FEW, NORMAL = list(KINDS)[:2]
ORDER = ("honest", "overcautious", "agrees", "undecided")
INTRODUCTION = f"""\
# Which sampler was shown honest on which kind of model

Every row with {LEAST} replicates or more of the [published runs](../gallery/runs.md) and the
[studies](index.md) on the [models](../reference/models.md) whose answer is known. Where a sampler
ran more than once in an environment, the row with most replicates stands. Rows with fewer
replicates are in the studies, and so are [real posteriors](posteriordb.md). A sampler that is
missing here may just not have had {LEAST} runs in the time given.

All samplers had their defaults, or the settings that are named. With others they may do better. A
sampler that is not shown honest is undecided or shown not to be: the tables below say which.

"""
HEADS = ("sampler", "verdict", "environment", "replicates", "draws per 1000 evaluations")
MEANING = """\
The last column of the tables below: how many independent draws (realised ESS) 1000 evaluations of
the log density yield, with or without its gradient, tuning counted, and the 95 % interval. \\* not
comparable, since the claims are not shown to hold.
"""


def make_page() -> str:
    """The page: who is shown honest on each model, then every row of each."""
    rows = _choose_rows()
    summary, parts = [], []
    for kind in KINDS:
        models = sorted({row["model"] for row in rows if _find_kind(row) == kind})
        parts.append(f"## {kind}\n" if models else f"## {kind}\n\nNot run.\n")
        for model in models:
            own = [row for row in rows if row["model"] == model]
            summary.append((kind * (model == models[0]), f"`{model}`", _name_honest(own)))
            own.sort(key=lambda row: (_rank(row["verdict"]), row["sampler"]))
            parts.append(f"### {model}\n\n{make_table(HEADS, map(_describe, own))}")
    overview = make_table(("kind", "model", "shown honest"), summary)
    return "\n".join([INTRODUCTION + overview, MEANING, *parts])


def _choose_rows() -> list[dict[str, Any]]:
    """Of each sampler on each model, in an environment and on a device, the longest run."""
    best: dict[tuple[Any, ...], dict[str, Any]] = {}
    for path in sorted(ROOT.glob("*/**/rows.json")):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            key = row["model"], name_row(row), row["environment"], row["device"]
            known = best.get(key)
            if _is_shown(row) and (known is None or row["replicates"] > known["replicates"]):
                best[key] = row
    return list(best.values())


def _is_shown(row: dict[str, Any]) -> bool:
    own = row["sampler"].startswith(("control", "exact"))
    enough = row["status"] == "ok" and row["replicates"] >= LEAST
    return enough and not own and _find_kind(row) is not None


def _find_kind(row: dict[str, Any]) -> str | None:
    name, _, options = row["model"].partition(":")
    if name in ("gaussian", "line_nd"):
        given = dict(option.split("=") for option in options.split(",") if option)
        return NORMAL if int(given.get("dim", 2)) >= MANY else FEW
    return next((kind for kind, names in KINDS.items() if name in names), None)


def _name_honest(rows: Iterable[dict[str, Any]]) -> str:
    names = {
        f"`{name_row(row)}`" + " on a GPU" * (row["device"] == "gpu")
        for row in rows
        if row["verdict"] == "honest"
    }
    return ", ".join(sorted(names)) or "none"


def _rank(verdict: str) -> tuple[int, str]:
    return (ORDER.index(verdict) if verdict in ORDER else len(ORDER), verdict)


def _describe(row: dict[str, Any]) -> tuple[str, ...]:
    name = "realised_ess_per_evaluation"
    cost = "-"
    if row[name] is not None:
        lo, hi = (
            None if end is None else 1000 * end for end in (row[f"{name}_lo"], row[f"{name}_hi"])
        )
        cost = format_with_interval(1000 * row[name], lo, hi)
        cost += "" if row["verdict"] in COMPARABLE else "\\*"
    place = row["environment"] + ", gpu" * (row["device"] == "gpu")
    return name_row(row), row["verdict"], place, str(row["replicates"]), cost
