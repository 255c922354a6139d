"""How often each verdict falls on sets of a long run: ``verdict_sets.py FOLDER [FOLDER ...]``.

A folder holds a campaign of many replicates, as ``samplerbench run --replicates 8192`` makes it;
further ones, with other seeds, add to the same samplers. Each sampler's replicates are cut into
disjoint sets of 256, every set is judged as a campaign of its own, and the share of each verdict is
printed with its exact 95 % interval. ``--random 200`` takes random sets instead: they overlap, and
their interval is of this stored run alone.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

import numpy as np  # noqa: E402

from samplerbench.harness.campaign.campaign import Campaign, load  # noqa: E402
from samplerbench.harness.draws_file import DrawsFile  # noqa: E402
from samplerbench.harness.records import Trial  # noqa: E402
from samplerbench.harness.scoring.summarise_replicates import add_joint, summarise  # noqa: E402
from samplerbench.harness.scoring.verdict import judge  # noqa: E402
from samplerbench.harness.statistics.intervals import estimate_share  # noqa: E402

SEED = 20261126
PER_REPLICATE = ("log_weights", "ess", "log_z", "log_z_err")


def list_sets(count: int, size: int, random: int) -> Iterator[np.ndarray]:
    """Replicates of each set: disjoint ones in order, or as many random ones as asked."""
    if not random:
        yield from (np.arange(i, i + size) for i in range(0, count - size + 1, size))
    rng = np.random.default_rng(SEED)
    for _ in range(random if count >= size else 0):
        yield np.sort(rng.choice(count, size, replace=False))


def judge_sets(campaign: Campaign, trial: Trial, size: int, random: int) -> Counter[str]:
    """Verdicts on the sets of one trial."""
    exact, words = campaign.exact(trial), Counter[str]()
    if exact is None:
        return words
    with DrawsFile(campaign.store.draws_path(trial.id)) as file:
        x = file.components(exact.names)
        arrays = {name: file.get(name) for name in PER_REPLICATE}
    for chosen in list_sets(len(x), size, random):
        log_w, ess, *log_z = (a if a is None else a[chosen] for a in arrays.values())
        with np.errstate(all="ignore"):
            summary = summarise(x[chosen], exact, log_w, ess, *log_z)
            words[judge(add_joint(summary, x[chosen], exact, log_w, ess)).verdict] += 1
    return words


def main() -> None:
    """Parse the command line, judge every set, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--size", type=int, default=256, help="replicates of a set")
    parser.add_argument("--random", type=int, default=0, help="so many random sets, not disjoint")
    args = parser.parse_args()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for folder in args.folders:
        with load(folder) as campaign:
            for trial in campaign.store.trials():
                result = campaign.store.result(trial.id)
                if result is not None and result.status == "ok":
                    found[trial.label] += judge_sets(campaign, trial, args.size, args.random)
    for label, words in found.items():
        total = words.total()
        print(f"{label}: {total} {'random' if args.random else 'disjoint'} sets of {args.size}")
        for word, count in words.most_common():
            share = estimate_share(count, total)
            print(f"  {word:20s} {count:4d}  {share.value:6.1%} ({share.lo:.1%} to {share.hi:.1%})")


if __name__ == "__main__":
    main()
