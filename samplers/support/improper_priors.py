"""Priors that are no distribution: improper, left out by a mask, or raised to a power."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def find_base(prior: Any) -> Any:
    """The distribution at the bottom of wrappers and transforms."""
    while hasattr(prior, "base_dist"):
        prior = prior.base_dist
    return prior


def list_masks(prior: Any) -> list[Any]:
    """The masks of a distribution, which leave out its density where they are False."""
    masks = []
    while hasattr(prior, "base_dist"):
        masks += [prior._mask] if type(prior).__name__ == "MaskedDistribution" else []
        prior = prior.base_dist
    return masks


def is_abstract(mask: Any) -> bool:
    """Whether only a run of the program tells the values of a mask."""
    import jax

    return isinstance(mask, jax.core.Tracer)


def is_improper(prior: Any, masks: Sequence[Any] = ()) -> bool:
    """Whether a prior is improper, or a mask leaves some of it out.

    ``masks``: its own as a run of the program computes them, where those of ``prior`` are abstract.
    NumPyro's ``UniformReparam`` masks uniform sites, whose density is a constant anyhow.
    """
    from numpyro.distributions import ImproperUniform, Uniform

    known = [mask for mask in masks or list_masks(prior) if not is_abstract(mask)]
    base = find_base(prior)
    if isinstance(base, ImproperUniform):
        return True
    return not isinstance(base, Uniform) and not all(np.asarray(mask).all() for mask in known)


def is_scaled(site: Any) -> bool:
    """Whether ``numpyro.handlers.scale`` raises the density of a site to another power than 1.

    Only a run of the program tells an abstract power, which counts as another one.
    """
    power = site.get("scale")
    return power is not None and (is_abstract(power) or not bool(np.all(np.asarray(power) == 1)))
