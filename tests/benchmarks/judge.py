"""How often the verdict is wrong, both ways: ``python tests/benchmarks/judge.py --campaigns 500``.

Draws are made in NumPy and go through the whole scoring. An honest sampler that is accused (called
neither honest nor undecided) is a false alarm; a flawed one called honest is let through. Both come
with their exact 95 % intervals, and with the verdicts, of which `honest` is the judge's power.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

import numpy as np  # noqa: E402

from samplerbench.harness.scoring.verdict import judge  # noqa: E402
from samplerbench.harness.statistics import wasserstein  # noqa: E402
from samplerbench.harness.statistics.estimates import estimate_share  # noqa: E402
from samplerbench.models.base import Exact  # noqa: E402
from tests.support import synthetic  # noqa: E402

KINDS = {
    "honest": (synthetic.HONEST, synthetic.gaussian),
    "skewed": ({"iid": synthetic.HONEST["iid"]}, synthetic.lognormal),
    "flawed": (synthetic.FLAWED, synthetic.gaussian),
    "modes": ({"iid": synthetic.HONEST["iid"]}, synthetic.two_modes),
    "one mode": (synthetic.ONE_MODE, synthetic.two_modes),
    "joint": (synthetic.JOINT, synthetic.gaussian),
}

# The yardstick is the same whenever the model and its size are: made once for all campaigns.
CACHE: dict[tuple[str, tuple[str, ...], int], wasserstein.IndependentScores] = {}
MAKE = wasserstein.score_independent_draws


def one(kind: str, name: str, case: synthetic.Case, seed: int) -> str:
    """The verdict on one synthetic campaign."""
    makers, exact = KINDS[kind]

    def make_yardstick(answer: Exact, draws: int) -> wasserstein.IndependentScores:
        key = (exact.__name__, answer.names, draws)
        if key not in CACHE:
            CACHE[key] = MAKE(answer, draws)
        return CACHE[key]

    wasserstein.score_independent_draws = make_yardstick
    return judge(makers[name](case, exact(case.size), np.random.default_rng(seed))).verdict


def rows(args: argparse.Namespace, pool: ProcessPoolExecutor) -> None:
    """Print one line a control and setting."""
    print(f"{'kind':9s} {'sampler':29s} par draws  {'wrongly judged (95 % interval)':32s} verdicts")
    for kind in args.kind or KINDS:
        for name in KINDS[kind][0]:
            if args.name and name not in args.name:
                continue
            for size, draws in [(k, n) for k in args.size for n in args.draws]:
                case = synthetic.Case(args.replicates, draws, size)
                seeds = range(args.seed, args.seed + args.campaigns)
                words = Counter(pool.map(partial(one, kind, name, case), seeds, chunksize=10))
                calm = words["honest"] + words["undecided"]
                is_flawed = kind in ("flawed", "one mode", "joint") and name != "iid"
                bad = words["honest"] if is_flawed else args.campaigns - calm
                est = estimate_share(bad, args.campaigns)
                share = f"{bad:3d} of {args.campaigns}: {100 * est.value:.1f} "
                share += f"({100 * est.lo:.1f} to {100 * est.hi:.1f}) %"
                print(
                    f"{kind:9s} {name:29s} {size:3d} {draws:5d}  {share:32s}",
                    dict(words),
                    flush=True,
                )


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=500)
    parser.add_argument("--replicates", type=int, default=256)
    parser.add_argument("--size", type=int, nargs="+", default=[2, 10, 20], help="parameters")
    parser.add_argument("--draws", type=int, nargs="+", default=[1000])
    parser.add_argument("--kind", nargs="+", choices=list(KINDS))
    parser.add_argument("--name", nargs="+", help="only these samplers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    with ProcessPoolExecutor(args.jobs) as pool:
        rows(args, pool)


if __name__ == "__main__":
    main()
