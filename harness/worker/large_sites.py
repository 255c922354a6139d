"""Large deterministic sites that nobody asked to judge: they are not kept.

A prediction at each of 100 points, in 256 replicates of 5000 draws, is half a gigabyte, and a
matrix of 300 rows for each draw fills the memory before any parameter does.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from samplerbench.models.base import Model
from samplerbench.samplers.base import Draws, Prepared
from samplerbench.samplers.support.latent_sites import find_latents, find_parameters
from samplerbench.samplers.support.mapped_draws import map_draws

LARGEST = 5e8  # bytes of a site in all replicates together


def leave_out_large(
    prepared: Prepared, model: Model, asked: Sequence[str], replicates: int, notes: list[str]
) -> Prepared:
    """The same runs without sites of more than LARGEST bytes that are no parameters.

    ``asked``: deterministic sites that are judged. What is left out is told once in ``notes``.
    """

    @functools.cache
    def list_kept() -> frozenset[str]:
        sites = [*find_latents(model), *find_parameters(model, asked)]
        return frozenset(site.name for site in sites)

    def leave_out(draws: Draws) -> Draws:
        if not isinstance(draws, Draws) or not isinstance(draws.sites, Mapping):
            return draws  # which is refused where runs are taken
        sizes = {n: getattr(x, "nbytes", 0) * replicates for n, x in draws.sites.items()}
        large = [n for n, size in sizes.items() if size > LARGEST and n not in list_kept()]
        if not large:
            return draws
        total = sum(sizes[name] for name in large) / 2**20
        note = (
            f"deterministic {', '.join(map(repr, large))} not kept: {total:,.0f} MB in "
            f"{replicates} replicates; --deterministic {' '.join(large)} would judge and keep them"
        )
        notes.extend([note] if note not in notes else [])
        return replace(draws, sites={n: x for n, x in draws.sites.items() if n not in large})

    return map_draws(prepared, leave_out)
