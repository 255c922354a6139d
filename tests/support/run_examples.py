"""Runs the examples of CONTRIBUTING.md, written below the folder FOLDER, and prints what they give.

Run as ``python -m tests.support.run_examples FOLDER``: each is one more file of its package.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import integrate, stats

from samplerbench.models.base import build
from samplerbench.samplers.base import Budget, samplers

PACKAGES = ("models", "samplers", "harness/scoring/metrics", "reports/figures")


def use_examples(folder: Path) -> None:
    """Let the packages find the examples' files as their own."""
    for package in PACKAGES:
        module = importlib.import_module(f"samplerbench.{package.replace('/', '.')}")
        module.__path__.append(str(folder / package))


def run_sampler_and_model() -> dict[str, Any]:
    """The error of the sampler's mean in sds, and the model's evidence by the trapezium rule."""
    model, sampler = build("normal_mean", {"n_points": 4}), samplers.get("tfp_slice")
    exact = model.exact()
    budget = Budget(chains=1, warmup=500, draws=4000)
    draws = sampler.prepare(model, budget, sampler.settings()).plain(0).sites["theta"]
    theta = exact.mean[0] + exact.sd[0] * np.linspace(-12, 12, 4001)
    log_joint = stats.norm.logpdf(model.data["y"][:, None], theta).sum(axis=0)
    joint = np.exp(log_joint + stats.norm.logpdf(theta, scale=10.0))
    return {
        "z": float((draws.mean() - exact.mean[0]) / exact.sd[0]),
        "evidence": [exact.log_evidence, float(np.log(integrate.trapezoid(joint, theta)))],
    }


def run_column_and_figure(folder: Path) -> dict[str, Any]:
    """The column in every row of a stored campaign, and the figure's words."""
    # inside: columns are listed when they are imported, and the examples must be there by then
    from samplerbench.reports.figures import style
    from samplerbench.reports.figures.figure_data import load_scene
    from samplerbench.reports.tables.cells import label
    from tests.support import stored

    figure = importlib.import_module("samplerbench.reports.figures.compiles").FIGURE
    with stored.campaign(folder / "campaign") as campaign, style.use_style():
        rows = campaign.rows()
        looks = style.number_looks([label(row) for row in rows])
        finished = [row for row in rows if row["status"] == "ok"]
        scene = load_scene(campaign, campaign.store.trials()[0], finished, looks)
        alt = figure.draw(scene).alt if figure.applies(scene) else ""
    return {"errors": {row["sampler"]: row["largest_error"] for row in rows}, "alt": alt}


if __name__ == "__main__":
    examples = Path(sys.argv[1])
    use_examples(examples)
    print(json.dumps({**run_sampler_and_model(), **run_column_and_figure(examples)}))
