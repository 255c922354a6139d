"""Reference draws of posteriordb against NUTS on the programs that are written here.

    python tests/benchmarks/posteriordb.py FOLDER --replicates 8

Of each posterior all replicates' chains are taken together. A component's mean and sd are compared
with the reference's in combined standard errors: MCSE (Vehtari et al. 2021), which sees chains that
disagree, of both. The limit is Bonferroni's for all means and sds in the table at ALARM: so rarely
would a table of correct programs show one "differs", as far as the errors are normal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

import samplerbench  # noqa: E402
from samplerbench.harness.campaign.campaign import Campaign  # noqa: E402
from samplerbench.harness.draws_file import DrawsFile  # noqa: E402
from samplerbench.harness.records import Trial  # noqa: E402
from samplerbench.harness.statistics import ess_rhat  # noqa: E402

ALARM = 0.01


@dataclass(frozen=True)
class Comparison:
    """One posterior: distances of means and sds from the reference's, in standard errors."""

    names: tuple[str, ...]
    mean: np.ndarray  # [component]
    sd: np.ndarray  # [component]
    ratio: np.ndarray  # sd over the reference's [component]
    ess: float  # of the mean, least over components
    divergences: int


def compare(campaign: Campaign, trial: Trial) -> Comparison:
    """The pooled draws of a finished trial against its reference draws."""
    exact = campaign.exact(trial)
    if exact is None or exact.mean_se is None or exact.sd_se is None:
        raise ValueError("no reference draws")
    with DrawsFile(campaign.store.draws_path(trial.id)) as file:
        x = file.components(exact.names).astype(float)  # [replicate, chain, draw, component]
        divergences = int(np.sum(file.get("divergences")))
    chains = x.reshape(1, -1, *x.shape[2:])
    claims = ess_rhat.claims(chains, ranks=False)
    centre = claims.mean[0]
    second, second_se, _ = ess_rhat.series_mean(
        chains, lambda part: np.square(part - centre[:, None, None])
    )
    sd = np.sqrt(second[0])
    sd_se = second_se[0] / (2 * sd)  # d sd = d sd^2 / (2 sd)
    return Comparison(
        exact.names,
        (centre - exact.mean) / np.hypot(claims.mcse_mean[0], exact.mean_se),
        (sd - exact.sd) / np.hypot(sd_se, exact.sd_se),
        sd / exact.sd,
        float(claims.ess_mean.min()),
        divergences,
    )


def table(campaign: Campaign) -> tuple[list[str], bool]:
    """Lines of a Markdown table, and whether all agree."""
    comparisons: dict[str, Comparison | str] = {}
    seconds: dict[str, Any] = {}
    rows = {row["trial"]: row for row in campaign.rows()}
    for trial in campaign.store.trials():
        row = rows[trial.id]
        seconds[trial.model_label] = row["warm_s"]
        try:
            good = row["status"] == "ok"
            comparisons[trial.model_label] = compare(campaign, trial) if good else row["reason"]
        except ValueError as error:
            comparisons[trial.model_label] = str(error)
    tests = sum(2 * len(one.names) for one in comparisons.values() if isinstance(one, Comparison))
    limit = float(stats.norm.isf(ALARM / (2 * max(tests, 1))))
    heads = ["posterior", "parameters", "ESS", "worst mean, in s.e.", "worst sd, in s.e."]
    heads += ["sd ratio", "divergences", "s a replicate", f"verdict (limit {limit:.2f})"]
    lines = [" | ".join(["", *heads, ""]).strip(), "|" + " :-- |" * len(heads)]
    agree = [
        isinstance(one, Comparison) and agrees_within(one, limit) for one in comparisons.values()
    ]
    for name, one in comparisons.items():
        cells = format_cells(one, limit) if isinstance(one, Comparison) else ["-"] * 6
        took = f"{seconds[name]:.2f}" if seconds[name] else "-"
        last = cells.pop() if isinstance(one, Comparison) else str(one)
        lines.append(f"| {' | '.join([name, *cells, took, last])} |")
    return lines, all(agree)


def agrees_within(one: Comparison, limit: float) -> bool:
    """Whether every mean and sd is within the limit; NaN is not."""
    return bool((np.abs([one.mean, one.sd]) < limit).all())


def format_cells(one: Comparison, limit: float) -> list[str]:
    """The cells of a row, the verdict last."""
    mean, sd = (int(np.argmax(np.abs(np.nan_to_num(v, nan=np.inf)))) for v in (one.mean, one.sd))
    return [
        str(len(one.names)),
        f"{one.ess:.0f}",
        f"{one.mean[mean]:+.2f} ({one.names[mean]})",
        f"{one.sd[sd]:+.2f} ({one.names[sd]})",
        f"{one.ratio.min():.3f} to {one.ratio.max():.3f}",
        str(one.divergences),
        "agrees" if agrees_within(one, limit) else "differs",
    ]


def main() -> None:
    """Parse the command line, run NUTS on the posteriors, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("folder", help="a checkout of posteriordb")
    add("--posterior", nargs="+", default=["all"], metavar="NAME")
    add("--replicates", type=int, default=8)
    add("--warmup", type=int, default=1000)
    add("--draws", type=int, default=2500)
    add("--precision", type=int, default=32, choices=(32, 64))
    add("--timeout", type=float, default=1800.0, help="seconds a posterior")
    add("--env", default="pinned")
    add("--out", metavar="DIR", help="keep the campaign here; one that is there goes on")
    args = parser.parse_args()
    options = vars(args)
    folder, out = options.pop("folder"), options.pop("out")
    with tempfile.TemporaryDirectory() as scratch:
        with samplerbench.run(
            out=out or Path(scratch) / "campaign",
            posteriordb=folder,
            sampler="numpyro_nuts",
            **options,
        ) as campaign:
            lines, agree = table(campaign)
    print(
        f"{args.replicates} replicates of {args.draws} draws after {args.warmup}, "
        f"{args.precision} bits, environment {args.env}\n"
    )
    print("\n".join(lines))
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
