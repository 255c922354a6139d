"""What a NumPyro program for a model of posteriordb must be.

A program must have the density of the database's Stan program up to a factor that does not depend
on the parameters. Three things are easily got wrong, and every file here says how it does them:

- a Stan parameter without a statement has a flat prior, mostly improper: ``flat``;
- a prior on a bounded parameter is not renormalised in Stan: half distributions of NumPyro are
  twice as high, which is a constant;
- the bounds' Jacobians: both programs work on the unconstrained scale with the Jacobian added, so
  densities are compared on the constrained one. Where a site here is not Stan's parameter but is
  mapped to it, the map's Jacobian is written beside it.

posteriordb: Magnusson, Torgander, Buerkner, Zhang, Carpenter and Vehtari (2025), AISTATS 258.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.registry import Registry

Data = Mapping[str, Any]  # as the database has them: arrays and whole numbers by Stan's names


@dataclass(frozen=True)
class Program:
    """The NumPyro program of one model of the database."""

    model: str  # its name in the database
    posteriors: tuple[str, ...]  # of the database that it serves
    density: str  # Stan's density in one line
    parameters: tuple[str, ...]  # sites that are called and mean what Stan's parameters do
    keys: tuple[str, ...]  # of the data that it needs
    program: Callable[..., None]  # takes what ``adapt`` gives, by keyword
    adapt: Callable[[Data], dict[str, Any]] = dict  # Stan's `transformed data`, in float64
    extra_sites: tuple[str, ...] = ()  # latent sites of its own, which reference draws do not hold
    precision: int = 32  # bits of a float that its density needs


programs: Registry[Program] = Registry("program", ("samplerbench.models.posteriordb",))


def add(program: Program) -> Program:
    """Register ``program`` under its model's name."""
    return programs.add(program.model, program)


def sample_flat(name: str, shape: tuple[int, ...] = (), positive: bool = False) -> Any:
    """A site with a flat, improper prior on the real or the positive numbers, [*shape]."""
    import numpyro
    import numpyro.distributions as dist

    known = dist.constraints
    one = known.positive if positive else known.real
    support = known.independent(one, len(shape)) if shape else one
    return numpyro.sample(name, dist.ImproperUniform(support, (), event_shape=shape))


def multiply(X: Any, beta: Any) -> Any:
    """``X @ beta``, [row], with all the bits of a float: a GPU else may take fewer."""
    import jax.numpy as jnp

    return jnp.dot(X, beta, precision="highest")


def stack_columns(*parts: Any) -> np.ndarray:
    """A design matrix [row, column] from columns and numbers, such as 1 for an intercept."""
    return np.stack(np.broadcast_arrays(*(np.asarray(part, float) for part in parts)), axis=1)


def match_rows(y: Any, X: np.ndarray) -> dict[str, Any]:
    """Outcomes ``y`` [row] with their design matrix; raises ValueError where they don't match."""
    y = np.asarray(y)
    if y.shape != X.shape[:1]:
        raise ValueError(f"outcomes have shape {y.shape}, predictors {X.shape}")
    return {"y": y, "X": X}


def centre(x: Any) -> Any:
    """``x`` less its mean."""
    return x - np.mean(x)


def interact(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Both columns and their product."""
    return a, b, a * b
