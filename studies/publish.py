"""Run a study and publish it: ``python studies/publish.py NAME [--runs FOLDER]``.

Every ``*.toml`` of ``studies/NAME`` runs into one campaign folder, ``FOLDER/NAME``, at each of the
lengths that ``DRAWS`` has for it. Then the study's table, page, picture and rows are written beside
its files. What ran before is not run again, so that a study goes on where it stopped.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STUDIES = Path(__file__).parent
DRAWS = {"draws_cost": ("5000", "20000", "80000")}  # study -> kept draws of its runs
FIGURES = {  # study -> the one picture that shows it, by the start of its name, of the first model
    "jaxns_releases": "evidence",
    "dynesty_log_z": "evidence",
    "funnel_ess": "ess",
    "jaxns_generations": "evidence",
    "draws_cost": "speed",
    "mclmc_cost": "speed",
    "live_points": "evidence",
    "opening_line": "ess",
    "model_kinds": "ess",
    "posteriordb": "ess",
    "gpu": "scaling-2",
}


def main() -> None:
    """Run and publish the studies that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=sorted(FIGURES), metavar="NAME")
    parser.add_argument("--runs", type=Path, default=Path("samplerbench-runs/studies"))
    parser.add_argument("--stored", action="store_true", help="publish what is there; run nothing")
    args = parser.parse_args()
    for name in args.names:
        folder = (args.runs / name).resolve()
        if not args.stored:
            run(name, folder)
        publish(name, folder)


def run(name: str, folder: Path) -> None:
    """Run the study's campaign files into ``folder``."""
    for path in sorted((STUDIES / name).glob("*.toml")):
        for draws in DRAWS.get(name, ("",)):
            more = ["--draws", draws] if draws else []
            call("run", path.name, "-o", str(folder), *more, cwd=STUDIES / name)


def publish(name: str, folder: Path) -> None:
    """Write the study's table, page, picture and rows from the campaign in ``folder``."""
    study = STUDIES / name
    for form, file in (("markdown", "table.md"), ("html", "report.html"), ("json", "rows.json")):
        call("report", str(folder), "--anonymous", "--format", form, "-o", str(study / file))
    with tempfile.TemporaryDirectory() as figures:
        call("report", str(folder), "--anonymous", "--figures", figures)
        starts = (FIGURES[name], f"model1-{FIGURES[name]}")  # of one model, of several
        paths = [path for start in starts for path in sorted(Path(figures).glob(f"{start}*.svg"))]
        for path in paths[:1]:
            shutil.copy(path, study / "figure.svg")


def call(*words: str, cwd: Path | None = None) -> None:
    """Call the command; a failed row (exit 1) is a result like others."""
    print("+ samplerbench", *words, flush=True)
    code = subprocess.run([sys.executable, "-m", "samplerbench", *words], cwd=cwd).returncode
    if code not in (0, 1):
        raise SystemExit(code)


if __name__ == "__main__":
    main()
