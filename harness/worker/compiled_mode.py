"""Makes the compiled mode of a trial: compiled once, run once, and bound to simulated data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.harness.records import Result
from samplerbench.harness.worker.replicates import run_once
from samplerbench.harness.worker.time_limit import OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import CompileClock, Lap
from samplerbench.models.base import Sites
from samplerbench.samplers.base import Compiled, Declined, Draws, Prepared

PRIMED_SEEDS = (
    32  # seeds whose shapes are met before the clock starts; later ones compile as they come
)


@dataclass(frozen=True)
class CompiledMode:
    """A compiled sampler, and what its first run gave."""

    sampler: Compiled
    first: Draws
    laps: list[Lap]


def compile_and_run(
    prepared: Prepared,
    for_data: bool,
    seeds: Sequence[int],
    clock: CompileClock,
    limit: TimeLimit,
    guesses: tuple[float, float],
) -> tuple[CompiledMode, Lap]:
    """The compiled mode, ``for_data`` other than its own, and what compiling and a run took.

    ``guesses`` are the seconds of compiling, and of a run. Raises OutOfTime where these do not end
    in time.
    """
    build = (for_data and prepared.compile_for_data) or prepared.compile
    assert build is not None  # else the replicates run in the plain mode
    if not limit.allows(sum(guesses)):
        raise OutOfTime

    def make() -> CompiledMode:
        compiled = build()
        if not isinstance(compiled, Compiled):
            kind = type(compiled).__name__
            raise ValueError(
                f"compile gave a {kind}; expected: samplerbench.samplers.base.Compiled"
            )
        if compiled.prime:  # takes a run of each seed, which will be run again
            compiled.prime(seeds[: max(1, limit.count(2 * guesses[1], PRIMED_SEEDS))])
        # a program may finish compiling in its first call
        return CompiledMode(compiled, *run_once(clock, compiled, seeds[0]))

    return clock.lap(lambda: limit.call(make))


def bind_all(
    mode: CompiledMode, data: Sequence[Sites], clock: CompileClock, limit: TimeLimit, result: Result
) -> list[Compiled]:
    """The sampler for each of ``data``, or for as many as there is time to bind and to run.

    Raises Declined where it can't be bound, OutOfTime where not even once.
    """
    if not data:
        return []
    compiled, run_s = mode.sampler, sum(lap.wall for lap in mode.laps)
    one, first = clock.lap(lambda: limit.call(lambda: _bind(compiled, data[0])))
    others = data[1 : limit.count(first.wall + run_s, len(data))]
    more, rest = clock.lap(lambda: [_bind(compiled, values) for values in others])
    if first.compiles + rest.compiles and compiled.fixed_data:
        took = first.wall + rest.wall
        result.warnings.append(_describe_recompilation(compiled, took, 1 + len(others)))
    return [one, *more]


def _bind(compiled: Compiled, data: Sites) -> Compiled:
    """``compiled`` for other data of the same shapes; raises Declined where it can't be bound."""
    if compiled.with_data is None:
        raise Declined("its compiled mode can't be bound to simulated data (Compiled.with_data)")
    return compiled.with_data(data)


def _describe_recompilation(compiled: Compiled, seconds: float, count: int) -> str:
    reasons = "; ".join(f"{name!r}: {why}" for name, why in compiled.fixed_data.items())
    return (
        f"compiled anew for each of {count} data sets, {seconds:.0f} s in all, since the program "
        f"asks for values of its data while it is traced ({reasons})"
    )
