"""Runs of other programs cut into replicates: one a file, one for several files, or one a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.outside_run import draws_error
from samplerbench.samplers.base import Draws
from samplerbench.text import format_count, tell

Runs = Sequence[tuple[str, Draws]]  # each with what it is called: its file


def cut_replicates(runs: Runs, chains_each: int | None, by_chain: bool) -> Runs:
    """The replicates: one a file, one for every ``chains_each`` files, or one a chain.

    Raises UsageError where they are not alike.
    """
    weighted = next((name for name, run in runs if run.log_weights is not None), None)
    if weighted and (by_chain or chains_each):
        expected = "one file a replicate: weights of several runs have no common scale"
        raise draws_error(weighted, "its draws have weights", expected)
    if (by_chain or chains_each) and any(run.log_z is not None for _, run in runs):
        tell("log_z is left out: it is a run's, and what is judged is cut from runs by chain")
    if by_chain:
        runs = [(f"{name}, chain {i}", each) for name, run in runs for i, each in _split(run)]
    elif chains_each:
        runs = list(_join_files(runs, chains_each))
    _refuse_unlike(runs)
    return runs


def refuse_uneven(runs: Runs, superchains: int) -> None:
    """Raise UsageError where chains make no ``superchains`` of one size; 0: there are none."""
    where, run = runs[0]
    if superchains and run.log_weights is not None:
        expected = "no --superchains: weighted draws are of no chains"
        raise draws_error(where, "its draws have weights", expected)
    if superchains and count_chains(run) % superchains:
        chains = format_count(count_chains(run), "chain")
        raise UsageError(
            f"{chains} can't be cut into {superchains} superchains of one size\n"
            "  expected: a number that divides the chains of a replicate"
        )


def _split(run: Draws) -> Iterator[tuple[int, Draws]]:
    """Each chain as a run of its own; what is counted over all of them is left out."""
    for i in range(count_chains(run)):
        yield i, Draws({name: values[i : i + 1] for name, values in run.sites.items()})


def _join_files(runs: Runs, count: int) -> Iterator[tuple[str, Draws]]:
    """Every ``count`` files, in their order, as the chains of one replicate."""
    if len(runs) % count:
        raise UsageError(
            f"{format_count(len(runs), 'file')} can't be cut into replicates of {count} chains\n"
            f"  expected: a multiple of {count} files, the chains of a replicate after one another"
        )
    for name, run in runs:
        if count_chains(run) > 1:
            raise draws_error(
                name, f"it holds {format_count(count_chains(run), 'chain')}", "files of one chain"
            )
    for first in range(0, len(runs), count):
        group = runs[first : first + count]
        _refuse_unlike(group)
        _refuse_same_chain(group)
        yield " ".join(name for name, _ in group), _join([run for _, run in group])


def _refuse_same_chain(group: Runs) -> None:
    """Raise UsageError where two files of one replicate hold the same draws."""
    seen: dict[tuple[bytes, ...], str] = {}
    for name, run in group:
        key = tuple(values.tobytes() for _, values in sorted(run.sites.items()))
        if key in seen:
            reason = f"its draws are those of {seen[key]!r}"
            raise draws_error(name, reason, "another chain of the replicate in each file")
        seen[key] = name


def _join(runs: Sequence[Draws]) -> Draws:
    sites = {name: np.concatenate([run.sites[name] for run in runs]) for name in runs[0].sites}
    divergences = [run.divergences for run in runs if run.divergences is not None]
    return Draws(sites, divergences=sum(divergences) if divergences else None)


def count_chains(run: Draws) -> int:
    """The chains of a run."""
    return next(iter(run.sites.values())).shape[0]


def count_draws(run: Draws) -> int:
    """The draws of each of its chains."""
    return next(iter(run.sites.values())).shape[1]


def _refuse_unlike(runs: Runs) -> None:
    """Raise UsageError unless all have as many chains and draws, and all weights and log Z."""
    kinds: dict[str, Callable[[Draws], Any]] = {
        "chains": count_chains,
        "draws a chain": count_draws,
        "weights": lambda run: _say(run.log_weights),
        "log_z": lambda run: _say(run.log_z),
        "log_z_err": lambda run: _say(run.log_z_err),
    }
    if all(run.log_weights is not None for _, run in runs):
        del kinds["draws a chain"]  # nested sampling stops by itself
    first, model = runs[0]
    for what, measure in kinds.items():
        for name, run in runs:
            if measure(run) != measure(model):
                expected = f"{measure(model)} in every file, as in {first!r}"
                if measure is count_draws and count_chains(run) == 1:
                    expected += "; or weight=1 beside each draw, where draws are independent"
                raise draws_error(name, f"{what}: {measure(run)}", expected)


def _say(value: Any) -> str:
    return "none" if value is None else "given"
