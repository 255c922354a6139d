"""Runs of a sampler whose draws are changed once they are made, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from samplerbench.samplers.base import Compiled, Draws, Prepared

Change = Callable[[Draws], Draws]


def map_draws(prepared: Prepared, change: Change) -> Prepared:
    """The same runs, with ``change`` applied to the draws of each."""

    def wrap(build: Callable[[], Compiled] | None) -> Callable[[], Compiled] | None:
        return build and (lambda: _map_compiled(build(), change))

    return replace(
        prepared,
        plain=lambda seed: change(prepared.plain(seed)),
        compile=wrap(prepared.compile),
        compile_for_data=wrap(prepared.compile_for_data),
    )


def _map_compiled(compiled: Compiled, change: Change) -> Compiled:
    batch, with_data = compiled.batch, compiled.with_data
    return replace(
        compiled,
        collect=lambda raw: change(compiled.collect(raw)),
        batch=batch and (lambda seeds: [change(draws) for draws in batch(seeds)]),
        with_data=with_data and (lambda data: _map_compiled(with_data(data), change)),
    )
