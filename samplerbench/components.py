"""Scalar components of sites: their names, "m", "beta[0]", "L[0,1]", and their draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Array = np.ndarray
Position = tuple[str, tuple[int, ...]]  # a component's site, and its index there


def component_names(site: str, event: tuple[int, ...]) -> list[str]:
    """Names of a site's scalar components, in C order of the event shape ``event``."""
    if not event:
        return [site]
    return [f"{site}[{','.join(map(str, index))}]" for index in np.ndindex(*event)]


def all_component_names(sites: Mapping[str, Array], lead: int = 3) -> tuple[str, ...]:
    """Names of the components of all ``sites``, whose arrays have ``lead`` leading axes."""
    return tuple(n for site, x in sites.items() for n in component_names(site, x.shape[lead:]))


def site_positions(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Position]:
    """Component name -> its site and index there; ``shapes`` are the event shapes of sites.

    Names are never parsed, since a site may be called "theta[0]". Where such a scalar site and a
    component of a site "theta" read the same, the name is the scalar site's.
    """
    positions = {
        name: (site, index)
        for site, event in shapes.items()
        for name, index in zip(component_names(site, event), np.ndindex(*event))  # noqa: B905
    }
    return {**positions, **{site: (site, ()) for site, event in shapes.items() if not event}}


def component_draws(sites: Mapping[str, Array], names: Sequence[str], lead: int) -> Array:
    """Sites with ``lead`` leading axes -> [*lead, component], in the order of ``names``.

    Raises KeyError for a name that no component of the sites has.
    """
    positions = site_positions({site: np.shape(x)[lead:] for site, x in sites.items()})
    for name in names:
        if name not in positions:
            shapes = {site: np.shape(x)[lead:] for site, x in sites.items()}
            held = ", ".join(f"{n!r} {list(s)}" if s else repr(n) for n, s in shapes.items())
            raise KeyError(f"no component {name!r}; the draws hold {held}")
    wanted = [positions[name] for name in names]
    columns = [np.asarray(sites[site])[(slice(None),) * lead + index] for site, index in wanted]
    return np.stack(columns, axis=-1)
