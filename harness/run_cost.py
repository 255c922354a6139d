"""Where the seconds of a run went, against the floor that its clocked phases set."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from samplerbench.harness.records import Result


@dataclass
class RunCost:
    """Seconds of the workers that a run has had; the floor is what it could not go below.

    Clocked phases have the machine to themselves and run one after the other; the rest could at
    best have run on all cores at once.
    """

    clocked_s: float = 0.0  # from the start of a worker on, while a clock ran
    rest_cpu_s: float = 0.0  # CPU seconds of workers while none did
    workers_s: float = 0.0  # from the start of each worker to its end
    prepare_s: float = 0.0  # for inspecting models, and for a long run where there is one
    cores: int = 1
    wall_s: float = 0.0
    _start: float = field(default_factory=time.perf_counter)

    def add(self, ended: Result, took_s: float) -> None:
        """Count a worker that took ``took_s`` seconds."""
        self.clocked_s += ended.timings.get("clocked_s") or took_s
        self.rest_cpu_s += ended.timings.get("rest_cpu_s") or 0.0
        self.workers_s += took_s
        self.cores = ended.machine.get("cores_allowed") or self.cores

    def end_preparing(self) -> None:
        """Note what has been spent before the first trial."""
        self.prepare_s = time.perf_counter() - self._start

    def end(self) -> dict[str, float]:
        """What is kept of it: the numbers, and the run's wall seconds so far."""
        self.wall_s = time.perf_counter() - self._start
        values = asdict(self)
        del values["_start"]
        return values


def is_cost(kept: Mapping[str, float]) -> bool:
    """Whether numbers by name are those of a kept cost, and each is possible."""
    names = RunCost().end().keys()
    is_whole = names <= kept.keys() and all(0 <= kept[name] < math.inf for name in names)
    return is_whole and kept["wall_s"] > 0 and kept["cores"] > 0


def describe_seconds(seconds: float) -> str:
    """Seconds in words, as "about 3 min"."""
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


def describe_cost(kept: dict[str, float]) -> str:
    """A kept cost in a sentence: the run's seconds, the floor, and what was no worker's."""
    wall, rest, cores = kept["wall_s"], kept["rest_cpu_s"], kept["cores"]
    floor = kept["clocked_s"] + rest / cores
    own = max(0.0, wall - kept["workers_s"] - kept["prepare_s"])
    if not floor:
        return f"{wall:.0f} s; no worker was started"
    return (
        f"{wall:.0f} s, {wall / floor:.2f} times the floor of {floor:.0f} s (clocked phases one"
        f" after another: {kept['clocked_s']:.0f} s; {rest:.0f} s of CPU over {cores:.0f} cores);"
        f" {kept['prepare_s']:.1f} s to inspect models and make answers;"
        f" {own:.1f} s ({100 * own / wall:.0f} %) of its own"
    )
