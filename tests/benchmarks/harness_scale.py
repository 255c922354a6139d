"""What the harness itself costs at 100,000 trials: ``python tests/benchmarks/harness_scale.py``.

A campaign is planned, resumed with all but ten trials done, run with an idle backend, and
reported; the store is real, its results synthetic. Each part is a process of its own, and a
Markdown table gives its wall and CPU seconds, its peak memory and the goal.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from samplerbench.harness.campaign.campaign import Campaign, load  # noqa: E402
from samplerbench.harness.campaign.execution import run_and_commit  # noqa: E402
from samplerbench.harness.campaign.expand import expand  # noqa: E402
from samplerbench.harness.campaign.plan import Plan  # noqa: E402
from samplerbench.harness.campaign.store import Store  # noqa: E402
from samplerbench.harness.campaign.watcher import Watcher  # noqa: E402
from samplerbench.harness.records import Result, Trial, to_json  # noqa: E402
from samplerbench.harness.worker.timing import read_peak_rss_mb  # noqa: E402
from tests.support import stored  # noqa: E402

SETTINGS = 250  # of a sampler, each on as many models as it takes
LEFT = 10  # trials that a resumed campaign has to go


def make_plan(count: int) -> Plan:
    """A plan of ``count`` trials: a sampler at 250 settings on models of as many sizes."""
    settings = [f"numpyro_hmc:trajectory_length={1 + i}" for i in range(SETTINGS)]
    sizes = ",".join(str(8 + i) for i in range(-(-count // SETTINGS)))
    return Plan(sampler=settings, env=("current",), sweep=(f"n_points={sizes}",))


def write(folder: Path, trials: Sequence[Trial], left: int = 0) -> None:
    """A campaign with ``trials``, all but the last ones with results and scores of a small one."""
    from samplerbench.harness.scoring.score_trial import VERSION

    with stored.campaign(folder / "small") as small:
        small.rows()
        scores = json.dumps(small.store.scores(VERSION)[small.store.trials()[0].id])
    store = Store.create(folder / "large")
    store.add_trials(trials)
    done = [trial.id for trial in trials[: len(trials) - left]]
    result = to_json(stored.result())
    with store._db as db:
        ended = "INSERT INTO results VALUES (?, 'ok', ?, 0, 1)"
        db.executemany(ended, [(name, result) for name in done])
        scored = f"INSERT INTO scores VALUES (?, {VERSION}, ?)"
        db.executemany(scored, [(name, scores) for name in done])
    store.close()


# -- the parts: each gets the folder and the number of trials --------------------------------------


def planned(folder: Path, count: int) -> None:
    """Options to trials."""
    assert len(expand(make_plan(count))) == count


def noted(folder: Path, count: int) -> None:
    """Trials into a new store."""
    store = Store.create(folder / "noted")
    store.add_trials(TRIALS)
    assert store.count_trials() == count
    store.close()


def resumed(folder: Path, count: int) -> None:
    """Trials against a store that has all but ten: which are to go."""
    store = Store.create(folder / "large")
    store.add_trials(TRIALS)
    finished = store.statuses()
    assert len([trial for trial in TRIALS if trial.id not in finished]) == LEFT
    store.close()


def tabled(folder: Path, count: int) -> None:
    """Rows read and made into a DataFrame."""
    with load(folder / "large") as campaign:
        assert len(campaign.table()) == count - LEFT


def reported(form: str) -> Callable[[Path, int], None]:
    """The report in one format, written as the command writes it."""

    def part(folder: Path, count: int) -> None:
        from samplerbench.cli.main import main

        assert (
            main(["report", str(folder / "large"), "--format", form, "-o", str(folder / "out")])
            == 0
        )

    part.__doc__ = f"`report --format {form}`."
    return part


class Idle:
    """An execution backend whose trials have ended as they are submitted."""

    def __init__(self, store: Store, result: Result, draws: bytes) -> None:
        self.store, self.result, self.draws = store, result, draws

    def capacity(self) -> int:
        return 1

    def is_clocked(self) -> bool:
        return False

    def submit(self, trial: Trial) -> Future[None]:
        task: Future[None] = Future()
        scratch = self.store.scratch(trial.id)
        scratch.mkdir(parents=True)
        (scratch / "log.txt").write_text("nothing was done\n")
        if self.draws:
            (scratch / "draws.npz").write_bytes(self.draws)
        task.set_result(None)
        return task

    def collect(self, trial: Trial, task: Future[None]) -> tuple[Result, float]:
        return self.result, 0.0


def fed(folder: Path, count: int, name: str = "fed", ok: bool = False) -> None:
    """Every trial through the queue: handed out, committed, scored; it came to nothing."""
    store = Store.create(folder / name)
    store.add_trials(TRIALS)
    draws = b""
    if ok:
        with load(folder / "small") as small:
            draws = small.store.draws_path(small.store.trials()[0].id).read_bytes()
    with Campaign(store) as campaign:
        backend = Idle(
            store, stored.result("ok" if ok else "declined", "" if ok else "as told"), draws
        )
        run_and_commit(campaign, backend, TRIALS, Watcher())
        assert store.count_finished() == len(TRIALS)


def fed_draws(folder: Path, count: int) -> None:
    """The same with draws that are stored and scored (20 replicates of 150), 500 trials."""
    del TRIALS[500:]
    fed(folder, count, "fed_draws", ok=True)


@dataclass(frozen=True)
class Goal:
    """What one part may take."""

    part: Callable[[Path, int], None]
    says: str
    seconds: float | None  # at 100,000 trials, wall, on 2 cores
    needs_trials: bool = False
    trials: int | None = None  # measured at so many, where not at all


GOALS = {
    "plan": Goal(planned, "plan made from options", 10),
    "note": Goal(noted, "plan noted in a new store", None, True),
    "resume": Goal(resumed, "resume decision, all but 10 done", 5, True),
    "table": Goal(tabled, "store opened, rows read, DataFrame made", 20),
    "text": Goal(reported("table"), "`report`", 10),
    "csv": Goal(reported("csv"), "`report --format csv`", 10),
    "json": Goal(reported("json"), "`report --format json`", 10),
    "markdown": Goal(reported("markdown"), "`report --format markdown`", 10),
    "feed": Goal(fed, "all handed out, committed, scored by an idle backend", 1000, True),
    "draws": Goal(fed_draws, "500 trials with draws committed and scored", None, True),
    "html": Goal(reported("html"), "`report --format html`", 20, trials=30_000),
}
TRIALS: list[Trial] = []  # made before the clock starts, for parts that begin with them


def measure(name: str, folder: Path, count: int) -> None:
    """One part in this process; prints its line as JSON."""
    goal = GOALS[name]
    if goal.needs_trials:
        TRIALS.extend(expand(make_plan(count)))
    before, wall, cpu = read_peak_rss_mb(), time.perf_counter(), time.process_time()
    goal.part(folder, count)
    spent = [time.perf_counter() - wall, time.process_time() - cpu]
    print(json.dumps([*spent, before, read_peak_rss_mb()]))


def main() -> None:
    """Write the campaigns, measure every part, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--parts", nargs="+", default=list(GOALS), choices=list(GOALS))
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        measure(arguments.parts[0], arguments.folder, arguments.trials)
        return
    print("| part | trials | wall s | CPU s | CPU ms a trial | peak MB | goal |")
    print("| :-- | --: | --: | --: | --: | --: | --: |", flush=True)
    with tempfile.TemporaryDirectory() as base:
        for name in arguments.parts:
            goal = GOALS[name]
            count = min(goal.trials or arguments.trials, arguments.trials)
            folder = Path(base) / str(count)
            if not folder.exists():
                write(folder, expand(make_plan(count)), LEFT)
            again = [sys.executable, __file__, "--folder", str(folder), "--trials", str(count)]
            done = subprocess.run([*again, "--parts", name], stdout=subprocess.PIPE, check=True)
            wall, cpu, _, peak = json.loads(done.stdout.splitlines()[-1])
            wish = f"{goal.seconds:g} s, 1000 MB" if goal.seconds else ""
            print(
                f"| {goal.says} | {count} | {wall:.1f} | {cpu:.1f} | {cpu / count * 1e3:.2f} "
                f"| {peak:.0f} | {wish} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
