"""Flawed controls: exact draws with a known flaw each, which every score must catch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.components import component_draws, component_names
from samplerbench.models.base import Array, Exact, Model, Sites
from samplerbench.options import POSITIVE, Range
from samplerbench.samplers.base import Budget, Declined, Draws, Prepared, Sampler, add
from samplerbench.samplers.exact_iid import draw_exact, prepare_from_exact, split_chains

#: settings, exact posterior, how many draws, random numbers -> flawed draws, site -> [n, *event]
Flaw = Callable[[Any, Exact, int, np.random.Generator], Sites]
#: settings, exact posterior, random numbers -> further fields of Draws
Claim = Callable[[Any, Exact, np.random.Generator], dict[str, Any]]
STREAM = 0xF1A  # keeps these draws apart from any other use of the same seed


def _add(
    name: str,
    settings_type: type,
    flaw: Flaw,
    summary: str,
    claim: Claim = lambda settings, exact, rng: {},
    needs: tuple[str, str] = ("", ""),
) -> None:
    """Register the control ``name``, which declines models without an exact posterior.

    ``needs``: a further field of ``Exact`` without which it declines, and what that is called.
    """

    def prepare(model: Model, budget: Budget, settings: Any) -> Prepared:
        if needs[0] and getattr(model.exact(), needs[0], None) is None:
            raise Declined(f"model {model.name!r} has no exact {needs[1]}")

        def run(exact: Exact, seed: int) -> Draws:
            rng = np.random.default_rng([seed, STREAM])
            flat = flaw(settings, exact, budget.chains * budget.draws, rng)
            return Draws(split_chains(flat, budget), **claim(settings, exact, rng))

        return prepare_from_exact(model, run)

    text = f"flawed on purpose: {summary}"
    add(Sampler(name, settings_type, prepare, text, control=True, typical_s=(0.2, 0.003)))


def spread_by_site(exact: Exact, values: Array, draws: Sites) -> Sites:
    """A number for each component, [component] -> site -> [*event], shaped as ``draws``.

    Components that the exact posterior does not name get 0.
    """
    by_name = dict(zip(exact.names, values))  # noqa: B905 (strict= needs Python 3.10)
    sites: Sites = {}
    for site, x in draws.items():
        event = x.shape[1:]
        numbers = [by_name.get(name, 0.0) for name in component_names(site, event)]
        sites[site] = np.array(numbers).reshape(event)
    return sites


@dataclass(frozen=True)
class Shift:
    """How far every parameter is shifted."""

    by: Annotated[float, Range(-1e3, 1e3)] = 0.2  # posterior sds


def shift(settings: Shift, exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Exact draws plus ``by`` sds."""
    draws = draw_exact(exact, count, rng)
    step = spread_by_site(exact, settings.by * exact.sd, draws)
    return {name: x + step[name] for name, x in draws.items()}


_add("control_shifted", Shift, shift, "every mean off by 0.2 sd")


@dataclass(frozen=True)
class Width:
    """How much too wide the draws are."""

    factor: Annotated[float, POSITIVE] = 1.2  # sd of the draws over the exact sd


def widen(settings: Width, exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Exact draws, stretched about the exact mean."""
    draws = draw_exact(exact, count, rng)
    mean = spread_by_site(exact, exact.mean, draws)
    return {name: mean[name] + settings.factor * (x - mean[name]) for name, x in draws.items()}


_add("control_wide", Width, widen, "every sd 1.2 times too wide")


@dataclass(frozen=True)
class StuckRuns:
    """How many runs never leave where they start."""

    share: Annotated[float, Range(1e-9, 1)] = 0.25  # of the runs


def stick(settings: StuckRuns, exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Exact draws, or one of them again and again."""
    stuck = rng.uniform() < settings.share
    draws = draw_exact(exact, count, rng)
    return {name: np.repeat(x[:1], count, axis=0) if stuck else x for name, x in draws.items()}


_add("control_stuck", StuckRuns, stick, "1 run in 4 never moves")


@dataclass(frozen=True)
class NoSettings:
    """There is nothing to set."""


def drop_half(settings: NoSettings, exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Exact draws from one side of the first parameter's median."""
    assert exact.quantile is not None  # needed
    median = exact.quantile(np.array([0.5]))[0, 0]
    parts: list[Sites] = []
    total = 0
    while total < count:
        draws = draw_exact(exact, 3 * count, rng)
        low = component_draws(draws, exact.names[:1], lead=1)[:, 0] <= median
        parts.append({name: x[low] for name, x in draws.items()})
        total += int(low.sum())
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


_add(
    "control_missing_mode",
    NoSettings,
    drop_half,
    "half the mass missing",
    needs=("quantile", "quantiles"),
)


@dataclass(frozen=True)
class Claims:
    """How much too small the claimed errors are."""

    factor: Annotated[float, Range(1)] = 2.0  # true standard error over the claimed one


def move_together(settings: Claims, exact: Exact, count: int, rng: np.random.Generator) -> Sites:
    """Exact draws, moved together by a little in each run.

    n independent draws claim an error of sd / sqrt(n); a common shift of variance
    (factor^2 - 1) sd^2 / n makes the true one ``factor`` times that.
    """
    draws = draw_exact(exact, count, rng)
    scale = np.sqrt((settings.factor**2 - 1) / count) * exact.sd
    step = spread_by_site(exact, scale * rng.standard_normal(len(scale)), draws)
    return {name: x + step[name] for name, x in draws.items()}


_add("control_overclaiming", Claims, move_together, "errors twice as claimed")


@dataclass(frozen=True)
class Evidence:
    """How far log Z is off, and what of it is claimed."""

    error: Annotated[float, POSITIVE] = 0.3  # true standard error of log Z, natural log
    factor: Annotated[float, POSITIVE] = 2.0  # true standard error over the claimed one


def claim_evidence(settings: Evidence, exact: Exact, rng: np.random.Generator) -> dict[str, Any]:
    """A noisy log Z."""
    assert exact.log_evidence is not None  # needed
    log_z = exact.log_evidence + settings.error * rng.standard_normal()
    return {"log_z": log_z, "log_z_err": settings.error / settings.factor}


_add(
    "control_evidence",
    Evidence,
    lambda _, exact, count, rng: draw_exact(exact, count, rng),
    "log Z errs twice as claimed",
    claim_evidence,
    ("log_evidence", "evidence"),
)
