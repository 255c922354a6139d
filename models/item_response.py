"""Answers of persons to items of a test: the two-parameter logistic model. Birnbaum (1968).

    ability_i ~ Normal(0, 1),   difficulty_j ~ Normal(0, 1.5),   slope_j ~ LogNormal(0, 0.5)
    y_k ~ Bernoulli(logistic(slope_j (ability_i - difficulty_j))),   i = person_k, j = item_k

No closed form is known: a long run is the answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Model, Sites, add
from samplerbench.options import SEED, Range


@dataclass(frozen=True)
class Options:
    """How many persons and items, and which answers. Raises ValueError for too few or too many."""

    persons: Annotated[int, Range(2, 10_000)] = 20  # who answer every item
    items: Annotated[int, Range(2, 1000)] = 8  # questions
    data_seed: Annotated[int, SEED] = 0  # of NumPy's legacy generator


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""

    def program(person: Any, item: Any, y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        persons, items = jnp.zeros(options.persons), jnp.zeros(options.items)
        ability = numpyro.sample("ability", dist.Normal(persons, 1.0).to_event(1))
        difficulty = numpyro.sample("difficulty", dist.Normal(items, 1.5).to_event(1))
        slope = numpyro.sample("slope", dist.LogNormal(items, 0.5).to_event(1))
        logits = slope[item] * (ability[person] - difficulty[item])
        numpyro.sample("y", dist.Bernoulli(logits=logits).to_event(1), obs=y)

    return program


def _draw_parameters(options: Options, rng: Any) -> Sites:
    return {
        "ability": rng.standard_normal(options.persons),
        "difficulty": 1.5 * rng.standard_normal(options.items),
        "slope": np.exp(0.5 * rng.standard_normal(options.items)),
    }


def _draw_answers(options: Options, sites: Sites, uniform: Callable[[int], Array]) -> Sites:
    """One answer of every person to every item."""
    person, item = (
        index.ravel() for index in np.indices((options.persons, options.items), dtype=np.int32)
    )
    logits = sites["slope"][item] * (sites["ability"][person] - sites["difficulty"][item])
    answers = uniform(len(logits)) < 1 / (1 + np.exp(-logits))
    return {"person": person, "item": item, "y": answers.astype(np.int32)}


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and answers drawn given them."""
    sites = _draw_parameters(options, rng)
    return sites, _draw_answers(options, sites, rng.random)


def build(options: Options) -> Model:
    """The test with these options."""
    rng = np.random.RandomState(options.data_seed)
    truth = _draw_parameters(options, rng)
    return Model(
        name="item_response",
        data=_draw_answers(options, truth, rng.random_sample),
        program=make_program(options),
        simulate=functools.partial(simulate, options),
        truth=truth,
    )


add("item_response", Options, build, "answers of persons to items of a test; no closed form")
