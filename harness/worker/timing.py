"""Measurements of a worker by itself: wall and CPU seconds, compile seconds, memory."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import is_array

#: wall over CPU above this in a single-threaded phase means that something else had the core
CONTENTION = 1.15
#: the same of a first call, which waits for files as well; above the second it waits for a process
CONTENTION_COLD = 1.5, 10.0
LEAST_CPU_S = 0.05  # that a phase takes, for its ratio to tell anything
#: of its wall seconds are a call's own at the least: the CPU seconds of processes that it starts,
#: or of a device, are not seen
OWN_SHARE = 0.25
COMPILE_EVENT = "backend_compile_duration"  # its end; the prefix differs by release


@dataclass(frozen=True)
class Lap:
    """One timed call."""

    wall: float  # seconds
    cpu: float  # seconds, all threads of this process
    compile: float  # seconds of the wall in which XLA compiled (union of intervals)
    compiles: int  # programs that XLA compiled


class CompileClock:
    """Listens to ``jax.monitoring``; a process without JAX compiles nothing."""

    def __init__(self) -> None:
        self.intervals: list[tuple[float, float]] = []
        self.fetches: list[float] = []  # seconds of each replicate's draws from device to host

    def listen(self) -> None:
        """Start listening; JAX must have been imported."""
        version_compat.listen_to_durations(self._heard)

    def _heard(self, event: str, duration: float, **_: Any) -> None:
        if event.endswith(COMPILE_EVENT):
            now = time.perf_counter()
            self.intervals.append((now - duration, now))

    def lap(self, call: Callable[[], Any]) -> tuple[Any, Lap]:
        """``call()`` and what it took. The caller makes it block until its result is ready."""
        before = len(self.intervals)
        cpu, wall = time.process_time(), time.perf_counter()
        value = call()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        heard = self.intervals[before:]
        return value, Lap(wall, cpu, measure_union(heard), len(heard))


def estimate_alone(wall: float, cpu: float) -> float:
    """Seconds that a call on the CPU takes where nothing else wants its cores."""
    return min(wall, max(cpu, OWN_SHARE * wall))


def measure_union(intervals: list[tuple[float, float]]) -> float:
    """Total length of the union of intervals: compilations nest and run side by side."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def time_upload(data: Mapping[str, Any]) -> float:
    """Seconds to move the arrays of ``data`` to the device: median of 3, after one to warm up."""
    import jax

    arrays = {name: value for name, value in data.items() if is_array(value)}
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        jax.block_until_ready(jax.device_put(arrays))
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def read_peak_rss_mb() -> float | None:
    """This process's own peak resident memory, MB (2**20 bytes), or None where unknown.

    ``ru_maxrss`` would inherit the parent's peak through fork and exec; VmHWM does not.
    """
    return _read_mb("/proc/self/status", "VmHWM:")


def read_available_mb() -> float | None:
    """Memory that programs may still take, MB (2**20 bytes), or None where unknown."""
    return _read_mb("/proc/meminfo", "MemAvailable:")


def _read_mb(file: str, name: str) -> float | None:
    try:
        with open(file) as lines:
            return next((int(s.split()[1]) / 1024 for s in lines if s.startswith(name)), None)
    except OSError:
        return None  # no /proc here (macOS): the number stays unknown, and the row says so


def read_cpu_seconds() -> float:
    """CPU seconds of this process and of those that it started and saw end."""
    children = os.times()  # in ticks of 10 ms, too coarse for this process's own
    return time.process_time() + children.children_user + children.children_system


def read_device_peak_mb() -> float | None:
    """The first device's own peak count, MB; None on a CPU, which counts nothing."""
    import jax

    peak = version_compat.read_memory_stats(jax.devices()[0]).get("peak_bytes_in_use")
    return None if peak is None else peak / 2**20


def read_load() -> float:
    """Processes wanting to run, mean of the last minute."""
    return os.getloadavg()[0]
