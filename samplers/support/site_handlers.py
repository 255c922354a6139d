"""Sites of a program as backends take them: names that are identifiers, shapes of distributions.

NumPyro's ``NestedSampler`` writes the names of sites into source code, and takes the shape of a
distribution for that of its site, which ``numpyro.sample(..., sample_shape=...)`` makes untrue.
TFP's inverse of the gamma function, by which it draws, takes no whole number, as of Gamma(2, 1).
A latent site that the program's own ``substitute`` gives a value is sampled all the same by
NumPyro's kernels, but would be that value in each draw from the prior.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Callable, Collection, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Draws, Prepared
from samplerbench.samplers.support.improper_priors import find_base
from samplerbench.samplers.support.latent_sites import (
    SET_KEY,
    is_in_control_flow,
    is_latent,
    read_sites,
)
from samplerbench.samplers.support.mapped_draws import map_draws


def adapt_sites(model: Model, rename: bool = True) -> tuple[Model, dict[str, str]]:
    """``model`` with sites as backends take them, and the model's own name of each renamed one.

    The model itself where nothing has to change. Distributions are expanded by ``sample_shape``,
    the concentration of a Gamma is made a float, latent sites lose a value of the program's own;
    with ``rename``, sites whose names are no identifiers get others, and so do those whose base
    sites NumPyro would name as another site.
    """
    every, latents, changed = [], [], []

    def read(records: Any) -> None:
        for name, site in records.items():
            if site["type"] in ("sample", "deterministic"):
                every.append(name)
            latents.extend([name] if is_latent(site) else [])
            changed.extend([name] if site.get("kwargs", {}).get("sample_shape") else [])
            changed.extend([name] if _is_whole_gamma(site) or _is_set(site) else [])

    read_sites(model, read)
    owners = [name for name in latents if f"{name}_base" in latents]
    names = choose_identifiers(every, owners) if rename else {}
    if not names and not changed:
        return model, {}
    adapted = replace(model, program=_adapt(model.program, names))
    return adapted, {new: name for name, new in names.items()}


def choose_identifiers(names: list[str], others: Collection[str] = ()) -> dict[str, str]:
    """An identifier for each of ``names`` that is none or among ``others``; all differ."""
    odd = [name for name in names if name in others or not _is_identifier(name)]
    taken = set(names)
    chosen: dict[str, str] = {}
    for name in odd:
        number = len(chosen)
        while f"site_{number}" in taken:
            number += 1
        chosen[name] = f"site_{number}"
        taken.add(chosen[name])
    return chosen


def _is_identifier(name: str) -> bool:
    """Whether Python reads ``name`` as one identifier, and as this very one."""
    normal = unicodedata.normalize("NFKC", name)  # as Python does to identifiers
    return name.isidentifier() and normal == name and not keyword.iskeyword(name)


def _adapt(program: Callable[..., Any], names: Mapping[str, str]) -> Any:
    import jax.numpy as jnp
    from numpyro.primitives import Messenger

    class AdaptSites(Messenger):
        """Renames sites, expands by ``sample_shape``, gives Gamma a float, takes values off."""

        def process_message(self, msg: dict[str, Any]) -> None:
            if msg["type"] in ("sample", "deterministic"):
                msg["name"] = _rename(msg["name"], names)
            shape = tuple(msg.get("kwargs", {}).get("sample_shape") or ())
            if msg["type"] == "sample" and shape:
                msg["fn"] = msg["fn"].expand(shape + tuple(msg["fn"].batch_shape))
                msg["kwargs"]["sample_shape"] = ()
            if is_latent(msg) and not is_in_control_flow(msg):
                msg["value"] = None
            if _is_whole_gamma(msg):
                msg["fn"] = _copy_to_base(msg["fn"])  # the program may keep it from call to call
                gamma = find_base(msg["fn"])
                gamma.concentration = jnp.asarray(gamma.concentration, float)

    return AdaptSites(program)


def _is_set(site: Mapping[str, Any]) -> bool:
    """Whether a handler of the program gives a latent site its value, outside of ``scan``."""
    return bool(site.get(SET_KEY)) and not is_in_control_flow(site)


def _is_whole_gamma(site: Mapping[str, Any]) -> bool:
    """Whether at the bottom of a latent site lies a Gamma whose concentration is whole."""
    import jax.numpy as jnp
    from numpyro.distributions import Gamma

    base: Any = find_base(site["fn"]) if is_latent(site) else None
    return isinstance(base, Gamma) and jnp.result_type(base.concentration).kind in "iu"


def _copy_to_base(prior: Any) -> Any:
    """``prior`` with copies of what ``find_base`` passes, so that its base can be changed."""
    copied = copy(prior)
    if hasattr(copied, "base_dist"):
        copied.base_dist = _copy_to_base(copied.base_dist)
    return copied


def _rename(name: str, names: Mapping[str, str]) -> str:
    """The backend's name of a site, or of the base site that it has made for a renamed one.

    A program's own ``scope`` puts its prefix before such a base site, too.
    """
    bases = (f"{new}_base" for new in names.values())
    return names.get(name) or next((base for base in bases if name.endswith(base)), name)


def restore_names(prepared: Prepared, names: Mapping[str, str]) -> Prepared:
    """``prepared``, whose draws bear the model's own names: ``names`` by those in the draws."""
    if not names:
        return prepared

    def restore(draws: Draws) -> Draws:
        return replace(draws, sites={names.get(n, n): x for n, x in draws.sites.items()})

    return map_draws(prepared, restore)
