"""BlackJAX's nested slice sampling. Yallup, Kroupa and Handley (2026), arXiv:2601.23252."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import Range, require
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
    Sampler,
    add,
    move_to_device,
)
from samplerbench.samplers.support.data_arguments import DataSplit, prepare_for_data
from samplerbench.samplers.support.dead_points import (
    collect,
    make_summary,
    pad_points,
    round_up,
    write_points,
)
from samplerbench.samplers.support.latent_sites import require_proper
from samplerbench.samplers.support.log_density import (
    LogDensity,
    count_nan_as_zero,
    make_log_density,
)
from samplerbench.samplers.support.site_handlers import adapt_sites
from samplerbench.samplers.support.version_compat import tree_map

MOST_LOST = 0.01  # share of the live points; log Z is too high by as much


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.nss``, which sets none, as its documentation advises them."""

    num_live_points: Annotated[int, Range(2)] = 500  # the resolution
    # slices a new point; None: twice the dimension, 5 at least
    num_inner_steps: Annotated[int | None, Range(1)] = None
    # points replaced at once; None: a tenth of the live ones
    num_delete: Annotated[int | None, Range(1)] = None
    max_samples: Annotated[int, Range(1)] = 100_000  # stop there, whatever the evidence says
    # stop when the live points hold so little beside the dead ones
    log_evidence_left: Annotated[float, Range(-100.0, 100.0)] = -3.0

    def __post_init__(self) -> None:
        deleted, live = self.count_deleted(), self.num_live_points
        require(deleted < live, "num_delete", deleted, f"fewer than the {live} live points")
        most = f"at least the {deleted} that are replaced at once"
        require(deleted <= self.max_samples, "max_samples", self.max_samples, most)

    def count_deleted(self) -> int:
        """Points that are replaced in one step."""
        return self.num_delete or max(1, self.num_live_points // 10)


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested slice sampling of ``model``; the budget has no meaning here.

    It moves in unconstrained parameters, so that any proper continuous prior will do. A likelihood
    that is NaN counts as 0. Raises Declined for discrete parameters and improper priors.
    """
    model, _ = adapt_sites(model, rename=False)
    require_proper(model, "nested sampling")
    density = make_log_density(model)

    def compile_split(model: Model, split: DataSplit) -> Compiled:
        return _compile(split, make_log_density(model), settings)

    return prepare_for_data(_make_plain(model, density, settings), model, compile_split)


def _make_algorithm(density: LogDensity, settings: Settings, data: Any) -> Any:
    import blackjax

    def log_likelihood(u: Any) -> Any:
        return count_nan_as_zero(density.log_likelihood(density.constrain(u, data), data))

    return blackjax.nss(
        logprior_fn=lambda u: density.log_prior(u, data),
        loglikelihood_fn=log_likelihood,
        num_inner_steps=settings.num_inner_steps or max(5, 2 * density.dim),
        num_delete=settings.count_deleted(),
    )


def _draw_live(density: LogDensity, settings: Settings, key: Any, data: Any) -> Any:
    """Live points from the prior, [point, dim], unconstrained, and how many stand for others.

    Those that overflow are replaced by their neighbours.
    """
    import jax
    import jax.numpy as jnp

    def draw(key: Any) -> Any:
        return density.unconstrain(density.draw_prior(key, data), data)

    points = jax.vmap(draw)(jax.random.split(key, settings.num_live_points))
    # 32 bits round one uniform draw in millions to the border of its interval, which is infinite
    usable = jnp.isfinite(points).all(axis=1, keepdims=True)
    return jnp.where(usable, points, jnp.roll(points, 1, axis=0)), (~usable).sum()


def _refuse_overflow(lost: int, settings: Settings) -> None:
    """Raise OverflowError where the live points lack so much of the prior that log Z is wrong."""
    if lost > MOST_LOST * settings.num_live_points:
        raise OverflowError(
            f"{lost} of {settings.num_live_points} draws from the prior are infinite in"
            " unconstrained parameters; 64 bits hold more of them (--precision 64)"
        )


def _has_evidence_left(state: Any, settings: Settings) -> Any:
    """Whether the live points hold more than ``log_evidence_left`` beside the dead ones."""
    left = state.integrator.logZ_live - state.integrator.logZ
    return ~(left < settings.log_evidence_left)  # NaN, where all likelihoods are 0, goes on


def _count_evaluations(info: Any) -> Any:
    """Likelihoods of one step: both ends of each slice, its expansions and its shrinkages."""
    slices = info.update_info
    while not hasattr(slices, "num_shrink"):
        slices = slices.info if hasattr(slices, "info") else slices[0]
    return (2 + slices.num_expansions + slices.num_shrink).sum()


def _make_plain(model: Model, density: LogDensity, settings: Settings) -> Any:
    """The loop over jitted steps that BlackJAX's documentation shows."""
    import jax

    data = model.data

    @functools.cache
    def make() -> tuple[Any, Any, Any, Any]:
        algorithm = _make_algorithm(density, settings, data)
        live = jax.jit(lambda key: _draw_live(density, settings, key, data))
        summarise = make_summary(density, data)
        return live, jax.jit(algorithm.init), jax.jit(algorithm.step), summarise

    def plain(seed: int) -> Draws:
        from blackjax.ns.utils import finalise

        draw_live, init, step, summarise = make()
        live_key, key, weight_key = jax.random.split(jax.random.PRNGKey(seed), 3)
        live, lost = draw_live(live_key)
        _refuse_overflow(int(lost), settings)
        state, evaluations = init(live), settings.num_live_points
        dead: list[Any] = []
        most = settings.max_samples // settings.count_deleted()
        while len(dead) < most and (not dead or _has_evidence_left(state, settings)):
            key, step_key = jax.random.split(key)
            state, info = step(step_key, state)
            evaluations += int(_count_evaluations(info))
            dead.append(info)
        particles = finalise(state, dead, update_info=False).particles
        count = len(particles.loglikelihood)
        padded = pad_points(particles, round_up(count))
        summary = summarise(padded, weight_key)
        return collect((count, evaluations, len(dead) == most, padded, summary))

    return plain


def _compile(split: DataSplit, density: LogDensity, settings: Settings) -> Compiled:
    import jax
    import jax.numpy as jnp
    from jax import lax

    data = jax.device_put(dict(split.arguments))
    deleted = settings.count_deleted()
    most = settings.max_samples // deleted

    def run(seed: Any, arguments: Any) -> Any:
        data = split.merge(arguments)
        algorithm = _make_algorithm(density, settings, data)
        live_key, key, weight_key = jax.random.split(jax.random.PRNGKey(seed), 3)
        live, lost = _draw_live(density, settings, live_key, data)
        state = algorithm.init(live)

        def go_on(carry: Any) -> Any:
            step, state = carry[0], carry[1]
            return (step < most) & ((step == 0) | _has_evidence_left(state, settings))

        def advance(carry: Any) -> Any:
            step, state, key, dead, evaluations = carry
            key, step_key = jax.random.split(key)
            state, info = algorithm.step(step_key, state)
            evaluations += _count_evaluations(info).astype(evaluations.dtype)
            dead = write_points(dead, info.particles, step * deleted)
            return step + 1, state, key, dead, evaluations

        rows = most * deleted + settings.num_live_points
        dead = pad_points(tree_map(lambda x: x[:0], state.particles), rows)
        started = (jnp.int32(0), state, key, dead, jnp.int32(settings.num_live_points))
        steps, state, _, dead, evaluations = lax.while_loop(go_on, advance, started)
        dead = write_points(dead, state.particles, steps * deleted)
        return steps, evaluations, dead, weight_key, lost

    program = jax.jit(run).lower(np.uint32(0), data).compile()

    def bind(data: Any) -> Compiled:
        summarise = make_summary(density, split.merge(data))

        def sample(seed: int) -> Any:
            steps, evaluations, dead, key, lost = program(np.uint32(seed), data)
            _refuse_overflow(int(lost), settings)
            count = int(steps) * deleted + settings.num_live_points
            rows = min(round_up(count), len(dead.loglikelihood))
            padded = tree_map(lambda x: x[:rows], dead)
            cut_short = int(steps) == most
            return count, int(evaluations), cut_short, padded, summarise(padded, key)

        return Compiled(
            sample=sample,
            collect=collect,
            with_data=lambda other: bind(move_to_device(other, data)),
        )

    return bind(data)


add(
    Sampler(
        "blackjax_nss",
        Settings,
        prepare,
        "nested slice sampling: weighted draws and the evidence",
        typical_s=(15.0, 0.15),
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        family="blackjax nested",
        environment="backends-latest",
        claims="ESS: Kish's of mean weights; log Z error: spread over 100 simulated shrinkages",
        short_name="NSS",
    )
)
