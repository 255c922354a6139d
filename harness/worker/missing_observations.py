"""Parameters of a program that it would observe a site at, and that its data lack."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.models.loading.program import list_arguments
from samplerbench.samplers.support.latent_sites import is_latent, is_observed, read_sites

MOST_SECONDS = 3.0  # after which no further trace begins


def find_missing_observations(model: Model) -> list[str]:
    """Those that default to None, and that a latent site is observed at where they are given.

    Each is tried with zeros of the shapes that latent sites have; nothing is computed.
    """
    arguments, _ = list_arguments(model.program)
    lacking = [n for n, p in arguments.items() if p.default is None and n not in model.data]
    if not lacking:
        return []
    end = time.monotonic() + MOST_SECONDS
    latents = read_sites(model, _list_latents)
    return [name for name in lacking if _is_observed_at(name, model, latents, end)]


def _list_latents(sites: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of each latent site."""
    latents = {name: site["value"] for name, site in sites.items() if is_latent(site)}
    return {name: (value.shape, str(value.dtype)) for name, value in latents.items()}


def _is_observed_at(
    name: str, model: Model, latents: dict[str, tuple[tuple[int, ...], str]], end: float
) -> bool:
    """Whether a latent site is observed where the parameter ``name`` is given."""
    namesake = [latents[name]] if name in latents else []
    for shape, dtype in dict.fromkeys([*namesake, *latents.values()]):
        if time.monotonic() > end:
            break
        given = replace(model, data={**model.data, name: np.zeros(shape, dtype)})
        try:
            observed = read_sites(given, lambda sites: [n for n in sites if is_observed(sites[n])])
        except Exception:  # it may be no array, or one of another shape
            continue
        if {*latents} & {*observed}:
            return True
    return False
