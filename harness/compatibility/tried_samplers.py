"""The samplers that a matrix tries: for how long, under which headings, by importing what."""

from __future__ import annotations

from collections.abc import Iterable

from samplerbench.samplers.base import Sampler, samplers

#: it is timed, and its calibration is a stage: it is honest where all is well
REFERENCE = "numpyro_nuts"
LIBRARIES = ("jax", "numpyro")  # without them no sampler is tried
LIBRARY_GROUP = ",".join(LIBRARIES)


def list_tried() -> list[Sampler]:
    """The project's own, those with most replicates first.

    Without controls, those of an environment of their own, and those that ask for no replicates.
    """
    every = [samplers.get(name) for name in samplers.names()]
    left_out = [s for s in every if s.control or s.environment or not s.stack_replicates]
    tried = [sampler for sampler in every if sampler not in left_out]
    return sorted(tried, key=lambda sampler: (-sampler.stack_replicates, sampler.name))


def default_replicates() -> dict[str, int]:
    """By sampler, where a matrix file names none."""
    return {sampler.name: sampler.stack_replicates for sampler in list_tried()}


def headings() -> dict[str, str]:
    """Sampler -> its column's heading."""
    return {sampler.name: sampler.short_name or sampler.name for sampler in list_tried()}


def own_module(name: str) -> str:
    """What ``name`` imports last beyond LIBRARIES, which imports the rest; "" for nothing."""
    own = [module for module in samplers.get(name).needs if module not in LIBRARIES]
    return own[-1] if own else ""


def import_stage(name: str) -> str:
    """The stage in which the own module of ``name`` is imported."""
    return samplers.get(name).import_stage or f"{own_module(name)} imports"


def own_modules(names: Iterable[str]) -> dict[str, str]:
    """Own module -> the stage in which it is imported, of the samplers ``names``."""
    return {module: import_stage(name) for name in names if (module := own_module(name))}


def decisive(name: str) -> tuple[str, ...]:
    """The distributions that decide whether ``name`` runs, once everything imports."""
    return ("numpyro", "jax", "jaxlib", *samplers.get(name).distributions)
