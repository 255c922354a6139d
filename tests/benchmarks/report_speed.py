"""How long reports of very large campaigns take: ``python tests/benchmarks/report_speed.py``.

A campaign is written to the database as finished trials with their scores, no draws; then every
format is made in a process of its own, and its seconds and memory are printed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from samplerbench.harness.campaign.campaign import load  # noqa: E402
from tests.benchmarks.harness_scale import write  # noqa: E402
from tests.support import stored  # noqa: E402

MODELS = 30


def measure(folder: Path, form: str) -> None:
    """Make one report and print seconds, bytes and peak memory."""
    from samplerbench.reports import report

    start = time.perf_counter()
    with load(folder) as campaign:
        text = report.render(campaign, report.ReportOptions(form))
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{form:9} {took:6.2f} s  {len(text) / 1e6:8.2f} MB  peak {peak:6.0f} MB", flush=True)


def main() -> None:
    """Write the campaign, measure every format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=30_000)
    parser.add_argument(
        "--formats", nargs="+", default=["table", "markdown", "csv", "json", "html"]
    )
    parser.add_argument("--folder", type=Path, help="measure this campaign, write none")
    arguments = parser.parse_args()
    if arguments.folder:
        measure(arguments.folder, arguments.formats[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        models = [{"n_points": 32 + i} for i in range(MODELS)]
        trials = [
            stored.trial(f"sampler_{i // MODELS}", model_options=models[i % MODELS])
            for i in range(arguments.trials)
        ]
        write(Path(folder), trials)
        print(f"{arguments.trials} trials", flush=True)
        for form in arguments.formats:
            where = str(Path(folder) / "large")
            again = [sys.executable, __file__, "--folder", where, "--formats", form]
            subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
