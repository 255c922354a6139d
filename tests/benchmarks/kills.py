"""Kills coordinators and workers at random moments: nothing is lost, doubled, or left running.

python tests/benchmarks/kills.py [KILLS] [FOLDER]

Campaigns of ``exact_iid`` on lines of several sizes are run in processes of their own. Each such
process, or one of its workers, is killed (SIGKILL) after a random time and the campaign is called
again, till all trials have ended. After each end the store is looked at: what was finished stays as
it was, draws have their digests, the database is sound, and no process of the campaign runs 10 s
later. A campaign's draws are in the end those of one that nobody disturbed. Kept by hand, for it
takes seconds a kill; it ends what it started itself, by process id.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import samplerbench
from samplerbench.harness.campaign.campaign_folder import FILE

MODELS = [f"linear:n_points={n}" for n in range(4, 16)]
ARGUMENTS = [
    *("run", "--sampler", "exact_iid", "--replicates", "2", "--draws", "20", "--warmup", "20"),
    *("--env", "current", "--blocks", "1", "--quiet", "--model", *MODELS),
]
SHARE_OF_SECONDS = 0.2  # from a start, or a kill, to the next at most, of an undisturbed run's
SHARE_OF_WORKERS = 0.6  # of kills while there is a worker
GONE_S = 10.0  # by when all its processes have ended


def start(folder: Path) -> subprocess.Popen[bytes]:
    """A coordinator of the campaign in ``folder``."""
    command = [sys.executable, "-m", "samplerbench", *ARGUMENTS, "--out", str(folder)]
    with open(folder.with_suffix(".txt"), "ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)


def find_workers(folder: Path) -> list[int]:
    """Processes whose command line names the campaign's scratch folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{folder}/scratch".encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue  # it has ended meanwhile
    return found


def read_finished(folder: Path) -> dict[str, float]:
    """Trial -> when it was finished; also checks the database and every digest."""
    if not (folder / FILE).is_file():
        return {}
    connection = sqlite3.connect(folder / FILE, timeout=60)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finished = dict(connection.execute("SELECT trial, finished_at FROM results"))
    connection.close()
    for trial, digest in read_digests(folder).items():
        content = (folder / "draws" / f"{trial}.npz").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, f"draws of {trial} changed"
    return finished


def read_digests(folder: Path) -> dict[str, str]:
    """Trial -> digest of its draws, of those that ended ok."""
    with samplerbench.load(folder) as campaign:
        results = campaign.store.results()
    return {trial: each.draws_digest for trial, each in results.items() if each.status == "ok"}


def kill_some(folder: Path, rng: random.Random, most_s: float) -> list[str]:
    """Run the campaign till it ends or is killed; its workers are killed meanwhile, too.

    Gives who was killed: ``most_s`` at most after the start, or after the kill before.
    """
    process, killed = start(folder), list[str]()
    while True:
        try:
            process.wait(rng.uniform(0.0, most_s))
            return killed
        except subprocess.TimeoutExpired:
            workers = find_workers(folder)
        if workers and rng.random() < SHARE_OF_WORKERS:
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(rng.choice(workers), signal.SIGKILL)
                killed.append("worker")
            continue
        process.kill()
        process.wait()
        return [*killed, "coordinator with a worker" if workers else "coordinator"]


def wait_until_gone(folder: Path) -> None:
    """Wait for the end of all that the campaign started."""
    deadline = time.monotonic() + GONE_S
    while left := find_workers(folder):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def forget_killed(folder: Path) -> None:
    """Run trials again whose worker was killed: these rows say so, as they should."""
    subprocess.run(
        [sys.executable, "-m", "samplerbench", *ARGUMENTS, "--retry", "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def disturb(folder: Path, rng: random.Random, count: int, most_s: float) -> list[str]:
    """Kill a campaign of ``count`` trials till all are finished; who was killed each time."""
    killed, before = list[str](), dict[str, float]()
    while len(before) < count:
        victims = kill_some(folder, rng, most_s)
        killed += victims
        wait_until_gone(folder)
        after = read_finished(folder)
        lost = [trial for trial, when in before.items() if after.get(trial) != when]
        assert not lost, f"lost or run twice: {lost}"
        before = after
        print(f"  {', '.join(victims) or 'ended'}: {len(after)} finished", flush=True)
    forget_killed(folder)
    wait_until_gone(folder)
    return killed


def main(count: int, parent: Path) -> None:
    """Kill ``count`` times, and compare each campaign with one that was left alone."""
    parent.mkdir(parents=True, exist_ok=True)
    alone, began = parent / "alone", time.monotonic()
    assert start(alone).wait(600) == 0
    most_s = SHARE_OF_SECONDS * (time.monotonic() - began)
    expected, killed, rng = read_digests(alone), list[str](), random.Random(1)
    while len(killed) < count:
        folder = parent / f"after-{len(killed)}"
        killed += disturb(folder, rng, len(expected), most_s)
        assert read_digests(folder) == expected, f"other draws in {folder}"
        parts = ", ".join(f"{killed.count(each)} {each}" for each in sorted(set(killed)))
        print(f"{len(killed)} kills ({parts}): all is well", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    where = Path(words[1]) if len(words) > 1 else Path(tempfile.mkdtemp(prefix="kills-"))
    main(int(words[0]) if words else 300, where.resolve())
