"""Sites at which a density is nowhere finite: observed values that can't be, parameters NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import (
    is_observed,
    name_distribution,
    read_sites,
    trace_sites,
)

NUMBERS = "fiubcV"  # kinds of data types; V: of jax.numpy's own, as bfloat16
NAN_DRAWS = 20  # from the prior, in each of which a site's log density is NaN


@dataclass(frozen=True)
class Impossible:
    """Values of one observed site whose density is zero or not a number."""

    site: str
    distribution: str
    first: float  # of those values
    count: int
    size: int  # of all of the site's values


def find_impossible(model: Model) -> Impossible | None:
    """The first observed site whose data lie outside its support, and make its density not finite.

    Supports are looked at while the program is traced, where nothing is computed. Only where data
    lie outside is the program run, on a draw from the prior: a mask may leave these values out, and
    some distributions give a density to what their support lacks.
    """

    def find_suspects(records: Any) -> list[str]:
        observed = {name: site for name, site in records.items() if is_observed(site)}
        return [name for name, site in observed.items() if _find_outside(site) is not None]

    suspects = read_sites(model, find_suspects)
    if not suspects:
        return None
    sites = trace_sites(model, model.data)
    found = (_describe(sites[name]) for name in suspects if name in sites)
    return next(filter(None, found), None)


def _find_outside(site: Any) -> np.ndarray | None:
    """Which values of a site lie outside its support; None for none, and where it isn't known yet.

    It isn't where the values are computed by the program, or the support by its parameters.
    """
    import jax

    if isinstance(site["value"], jax.core.Tracer):
        return None
    values = np.asarray(site["value"])
    try:
        with jax.ensure_compile_time_eval():
            inside = np.asarray(site["fn"].support(values))  # a factor's are none
    except Exception:  # a tracer, or what a user's distribution raises: sampling it will tell
        return None
    return None if inside.all() else ~inside


def _describe(site: Any) -> Impossible | None:
    """What is wrong with a site of a program that was run; None where its density is finite."""
    outside = _find_outside(site)
    logs = np.asarray(site["fn"].log_prob(site["value"]))
    if outside is None or np.isfinite(logs).all():
        return None
    if logs.shape == outside.shape:  # else of several values at once
        outside &= ~np.isfinite(logs)
    wrong = np.asarray(site["value"])[outside].ravel()
    if not wrong.size:
        return None
    first = wrong[np.argmin(np.isfinite(wrong))].item()  # NaN or infinite where there is one
    name = name_distribution(site["fn"])
    return Impossible(site["name"], name, first, int(outside.sum()), outside.size)


def describe_no_array(model: Model) -> str:
    """The first observed site whose value is no array of numbers, in words; "" for none."""
    import jax

    arrays = (np.ndarray, np.generic, jax.Array)
    found: list[str] = []

    def read(records: Any) -> None:
        for name, site in records.items():
            value, is_array = site["value"], isinstance(site["value"], (*arrays, int, float))
            kind = getattr(getattr(value, "dtype", None), "kind", "f")  # of jax.numpy's, too
            if is_observed(site) and not (is_array and kind in NUMBERS):
                what = type(value).__name__ + " of words" * (kind in "SU")
                found.append(f"site {name!r} is observed as a value of type {what}")

    read_sites(model, read)
    return next(iter(found), "")


def find_nan_site(model: Model) -> str:
    """The first site whose log density is NaN in every draw from the prior; "" for none."""
    import jax
    import jax.numpy as jnp

    names: list[str] = []

    def measure(key: Any) -> Any:
        records = trace_sites(model, model.data, key)
        sites = {name: site for name, site in records.items() if site["type"] == "sample"}
        names[:] = sites
        logs = [jnp.sum(site["fn"].log_prob(site["value"])) for site in sites.values()]
        return jnp.isnan(jnp.stack(logs))

    keys = jax.random.split(jax.random.PRNGKey(0), NAN_DRAWS)
    is_nan = np.asarray(jax.jit(jax.vmap(measure))(keys)).all(axis=0)
    return next((name for name, bad in zip(names, is_nan) if bad), "")  # noqa: B905
