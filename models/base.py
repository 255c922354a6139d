"""What a model is: a NumPyro program with its data, and its exact posterior where that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from samplerbench.options import fill
from samplerbench.registry import Registry

Array = np.ndarray
Sites = dict[str, Array]  # site name -> array


@dataclass(frozen=True, eq=False)  # itself alone: what is derived from it is kept by it
class Exact:
    """The exact posterior of a model, float64. Components are scalars in a fixed order."""

    names: tuple[str, ...]  # scalar components in order: "m", "beta[0]", "L[0,1]"
    mean: Array  # [component]
    covariance: Array  # [component, component]
    # probabilities [k] -> marginal quantiles [k, component]; None where only moments are known
    quantile: Callable[[Array], Array] | None
    # n independent draws: site -> [n, *event]; None likewise
    draw: Callable[[np.random.Generator, int], Sites] | None
    log_evidence: float | None = None  # natural log, against the normalised prior
    source: str = "exact"  # or "quadrature", "reference draws", "long run (64 chains of ...)", ...
    mean_se: Array | None = None  # standard error of ``mean`` [component], where it has one
    sd_se: Array | None = None  # standard error of ``sd`` [component], where it has one
    # of a model with modes that can be told apart: draws [..., component] -> number of the mode
    # [...], counted from 0, and the exact probability of each, [mode]
    mode_of: Callable[[Array], Array] | None = None
    mode_weights: Array | None = None
    # log density at draws [..., component], up to a constant; None where it is not known, or says
    # no more than the distance from the mean, as that of a normal
    log_density: Callable[[Array], Array] | None = None
    # whose word alone it is, which full verdicts can't rest on; "": it stands by itself
    single_source: str = ""
    error_unknown: bool = False  # moments that came without standard errors: not exact, though
    long_run: bool = False  # draws made here: they judge claims of far fewer effective draws only

    @property
    def sd(self) -> Array:
        """Marginal standard deviations, [component]."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class Model:
    """One model with its data; ``program(**data)`` is the NumPyro program of all samplers."""

    name: str
    data: dict[str, Any]  # what the program is called with, by keyword: arrays as a rule
    program: Callable[..., Any]  # imports NumPyro inside, so that listing models starts no JAX
    exact_given: Callable[[Sites], Exact] | None = None  # of data of the same shapes; None: unknown
    simulate: Callable[[np.random.Generator], tuple[Sites, Sites]] | None = None
    # simulate(rng) -> (parameters drawn from the prior, the data drawn given them, keyed as `data`)
    truth: Sites = field(default_factory=dict)  # the parameters that made the data, for pictures
    curve: Callable[[Array, Sites], Array] | None = None  # for pictures of data x, y, error:
    # curve(x [k], sites [n, *event]) -> what y would be without noise, [n, k]

    def exact(self) -> Exact | None:
        """The exact posterior given ``data``, or None where no exact answer is known."""
        return self.exact_given(self.data) if self.exact_given else None

    def with_data(self, data: Sites) -> Model:
        """The same model with other data of the same shapes."""
        return replace(self, data=data)


@dataclass(frozen=True)
class Family:
    """A registered model: its options (a frozen dataclass with defaults) and how to build it."""

    name: str
    options: type
    build: Callable[[Any], Model]
    summary: str  # one line for `samplerbench list models`
    link: str = ""  # where it is described, for `samplerbench list NAME`


models: Registry[Family] = Registry("model", ("samplerbench.models",), Family)


def add(
    name: str, options: type, build: Callable[[Any], Model], summary: str, link: str = ""
) -> Family:
    """Register a model family under ``name`` (the file's stem)."""
    return models.add(name, Family(name, options, build, summary, link))


def make_builder(
    name: str,
    make_program: Callable[[Any], Callable[..., Any]],
    make_exact: Callable[[Any, Sites], Exact],
    simulate: Callable[[Any, np.random.Generator], tuple[Sites, Sites]] | None = None,
    make_data: Callable[[Any], Sites] = lambda options: {},
) -> Callable[[Any], Model]:
    """The function that builds the model ``name`` of options, from functions that take these first.

    They give its program, its exact posterior of data, draws from its prior with data, and its own
    data, which by default are none.
    """

    def build(options: Any) -> Model:
        return Model(
            name,
            make_data(options),
            make_program(options),
            exact_given=partial(make_exact, options),
            simulate=simulate and partial(simulate, options),
        )

    return build


def build(name: str, options: Mapping[str, Any]) -> Model:
    """The model ``name`` with ``options``; raises UsageError for what is not known."""
    family = models.get(name)
    return family.build(fill(family.options, options, name))
