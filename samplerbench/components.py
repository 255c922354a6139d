"""Scalar components of sites: their names, "m", "beta[0]", "L[0,1]", and their draws."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

Array = np.ndarray


def component_names(site: str, event: tuple[int, ...]) -> list[str]:
    """Names of a site's scalar components, in C order of the event shape ``event``."""
    if not event:
        return [site]
    return [f"{site}[{','.join(map(str, index))}]" for index in np.ndindex(*event)]


def all_component_names(sites: Mapping[str, Array], lead: int = 3) -> tuple[str, ...]:
    """Names of the components of all ``sites``, whose arrays have ``lead`` leading axes."""
    return tuple(n for site, x in sites.items() for n in component_names(site, x.shape[lead:]))


def component_draws(sites: Mapping[str, Array], names: Sequence[str], lead: int) -> Array:
    """Sites with ``lead`` leading axes -> [*lead, component], in the order of ``names``."""
    return np.stack([_component(sites, name, lead) for name in names], axis=-1)


def _component(sites: Mapping[str, Array], name: str, lead: int) -> Array:
    match = re.fullmatch(r"(.+?)(?:\[([\d, ]+)\])?", name)
    site, index = match.groups() if match else (name, None)
    if site not in sites:
        raise KeyError(f"no site '{site}' for component '{name}'; the draws hold {sorted(sites)}")
    position = tuple(int(part) for part in index.split(",")) if index else ()
    value = np.asarray(sites[site])[(slice(None),) * lead + position]
    if value.ndim != lead:
        raise ValueError(f"component '{name}' has shape {value.shape[lead:]}; expected one number")
    return value
