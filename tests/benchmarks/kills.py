"""Kills coordinators and workers at random moments: nothing is lost, doubled, or left running.

python tests/benchmarks/kills.py [KILLS] [FOLDER]

Campaigns of ``exact_iid`` on lines of several sizes are run in processes of their own. Each such
process, or one of its workers, is killed (SIGKILL) after a random time and the campaign is called
again, till it ends by itself. After each kill the store is looked at: what was finished stays as it
was, draws have their digests, the database is sound, and no process of the campaign runs 10 s
later. A campaign's draws are in the end those of one that nobody disturbed. Kept by hand, for it
takes seconds a kill; it ends what it started itself, by process id.
"""

from __future__ import annotations

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

ARGUMENTS = [
    *("run", "--sampler", "exact_iid", "--replicates", "2", "--draws", "20", "--warmup", "20"),
    *(
        "--env",
        "current",
        "--blocks",
        "1",
        "--quiet",
        "--model",
        *(f"linear:n_points={n}" for n in range(4, 10)),
    ),
]
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


def kill_once(folder: Path, rng: random.Random, longest: float) -> tuple[bool, str]:
    """Start the campaign and kill it or a worker -> whether it ended before, and who was killed.

    The kill comes within ``longest`` seconds.
    """
    process = start(folder)
    time.sleep(rng.uniform(0.0, longest))
    workers = find_workers(folder)
    victim = rng.choice(workers) if workers and rng.random() < 0.5 else process.pid
    if process.poll() is not None:
        return True, ""
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:  # a worker that has ended meanwhile
        victim = process.pid
        process.kill()
    process.wait(600)
    return False, "coordinator" if victim == process.pid else "worker"


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


def disturb(folder: Path, rng: random.Random, longest: float, most: int) -> list[str]:
    """Kill a campaign till it ends by itself, ``most`` times; who was killed each time."""
    killed, before, ended = [], {}, False
    while not ended and len(killed) < most:
        ended, victim = kill_once(folder, rng, longest)
        killed += [victim] * bool(victim)
        wait_until_gone(folder)
        after = read_finished(folder)
        lost = [trial for trial, when in before.items() if after.get(trial) != when]
        assert not lost, f"lost or run twice: {lost}"
        before = after
        print(f"{len(killed)}: {victim or 'ended'}, {len(after)} finished", flush=True)
    forget_killed(folder)
    wait_until_gone(folder)
    return killed


def main(count: int, parent: Path) -> None:
    """Kill ``count`` times, and compare each campaign with one that was left alone."""
    alone, began = parent / "alone", time.monotonic()
    assert start(alone).wait(600) == 0
    longest = (time.monotonic() - began) / 2  # so that half of what is killed has got somewhere
    expected, killed, rng = read_digests(alone), [], random.Random(1)
    while len(killed) < count:
        folder = parent / f"after-{len(killed)}"
        killed += disturb(folder, rng, longest, count - len(killed))
        assert read_digests(folder) == expected, f"other draws in {folder}"
        print(f"{len(killed)} kills, {killed.count('worker')} of workers: all is well", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    where = Path(words[1]) if len(words) > 1 else Path(tempfile.mkdtemp(prefix="kills-"))
    main(int(words[0]) if words else 300, where.resolve())
