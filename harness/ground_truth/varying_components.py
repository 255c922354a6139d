"""Which components of draws vary; fixed are those above the diagonal of a Cholesky factor, say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samplerbench.components import all_component_names
from samplerbench.models.base import Sites

Array = np.ndarray

ROUNDINGS = 8  # by how many last digits a sum of squares that is 1 may be off


def stack_varying(sites: Sites) -> tuple[tuple[str, ...], Array]:
    """Names and draws [chain, draw, component], float64, of all components that vary.

    ``sites`` are draws [chain, draw, *event] each; a site that is fixed as a whole stays.
    """
    all_names = all_component_names({name: values[None] for name, values in sites.items()})
    whole = np.concatenate([v.reshape(*v.shape[:2], -1) for v in sites.values()], axis=2)
    owners = [site for site, values in sites.items() for _ in range(values[0, 0].size)]
    varies = find_varying(owners, whole.reshape(-1, len(all_names)))
    kept = whole[:, :, varies].astype(np.float64)
    return tuple(np.array(all_names)[varies].tolist()), kept


def find_varying(sites: Sequence[str], x: Array) -> Array:
    """Whether each component of ``x[draw, component]`` varies, [component] bool.

    ``sites`` are the sites of the components, [component]. A component that is the same in all
    draws counts as fixed only where another of its site varies; so does the diagonal of a
    correlation matrix, which is 1 but for rounding.
    """
    fixed = (x == x[:1]).all(axis=0) | _rounds_one(x)
    site = np.array(sites)
    return ~(fixed & np.isin(site, site[~fixed]))


def find_varying_in_runs(sites: Sequence[str], x: Array, log_w: Array | None) -> Array:
    """``find_varying`` of ``x[replicate, chain, draw, component]`` by the draws that count.

    Not by those of a run that was lost, which are NaN, nor by the padding of a weighted run, whose
    log weight is -inf.
    """
    flat = x.reshape(-1, len(sites))
    counts = ~np.isnan(flat).all(axis=1)
    if log_w is not None:
        counts &= log_w.reshape(-1) > -np.inf
    return find_varying(sites, flat if counts.all() else flat[counts])


def _rounds_one(x: Array) -> Array:
    """Whether each component of ``x[draw, component]`` is 1 to the last digits of its numbers."""
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    limit = ROUNDINGS * np.finfo(kind).eps
    near = (np.abs(x[:1] - 1) <= limit).any(axis=0)  # hardly any: the rest is not looked through
    near[near] = (np.abs(x[:, near] - 1) <= limit).all(axis=0)
    return near
