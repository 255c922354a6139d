"""jaxns 2.0 and 2.1 compiled ahead of time: shrinkage, then a refinement of what it left."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.jaxns_cube import Cube, Programs, make_key
from samplerbench.samplers.support.jaxns_results import make_arguments

if TYPE_CHECKING:
    from samplerbench.samplers.jaxns_nested import Settings


def compile_exact(cube: Cube, settings: Settings, data: Any) -> Programs:
    """jaxns 2.0 and 2.1: shrinkage to a fixed size, then a refinement compiled for each size met.

    The library jits with its own objects as keys, and these hold the data; here they are built
    while tracing, so that the data can be arguments.
    """
    import jax
    from jaxns import ExactNestedSampler, TerminationCondition

    constructor, termination = make_arguments(cube.sites, settings)

    def sampler(data: Any) -> Any:
        return ExactNestedSampler(cube.jaxns_model(data), num_parallel_samplers=1, **constructor)

    def approximate(key: Any, data: Any) -> Any:
        return sampler(data).approximate_sampler(key, TerminationCondition(**termination))

    def improve(data: Any, *state: Any) -> Any:
        return sampler(data).adaptive_refinement.improve(*state)

    shrink_program = jax.jit(approximate).lower(make_key(0), data).compile()
    summarise = jax.jit(lambda state, data: _compute_results(cube, state, data))
    refine: dict[tuple[int, int], Any] = {}  # final points, points to refine -> program
    slots_compiled: set[int] = set()  # that ``summarise`` is compiled for
    one_at_a_time = threading.Lock()  # NumPyro's stack of handlers is one for all threads

    def shrink(seed: int, data: Any) -> Any:
        reason, state = shrink_program(make_key(seed), data)
        return reason, state, *_split_points(state)

    def prime(seeds: Sequence[int], data: Any) -> None:
        """Compile for all sizes among ``seeds`` side by side; each costs 2 s alone."""
        new: dict[tuple[int, int], Any] = {}
        first: dict[int, Any] = {}  # slots -> a state that will need so many
        for seed in seeds:
            _, *state = shrink(seed, data)
            sizes = _count_points(state)
            if sizes not in refine and sizes not in new:
                new[sizes] = jax.jit(improve).lower(data, *state)
            first.setdefault(_round_up(sum(sizes)), state)
        refine.update(zip(new, version_compat.compile_side_by_side(*new.values())))  # noqa: B905
        for slots in first.keys() - slots_compiled:
            summarise(_pad(refine[_count_points(first[slots])](data, *first[slots])), data)
            slots_compiled.add(slots)

    def run(seed: int, data: Any) -> dict[str, Any]:
        reason, *state = shrink(seed, data)
        sizes = _count_points(state)
        with one_at_a_time:
            if sizes not in refine:
                prime([seed], data)
        final = refine[sizes](data, *state)
        return {**summarise(_pad(final), data), "termination_reason": reason}

    return Programs(run, prime)


def _count_points(state: Sequence[Any]) -> tuple[int, int]:
    """How many points are kept as they are, and how many are to be refined."""
    _, final, rest = state
    return final.sample_collection.reservoir.iid.size, rest.iid.size


def _round_up(points: int) -> int:
    """The power of two that ``points`` are padded to."""
    return 1 << (points - 1).bit_length()


def _pad(state: Any) -> Any:
    """``state`` filled up to a power of two of points, on the host, so that few programs serve all.

    Unused slots are as jaxns itself makes them: above every contour, and no evaluation spent.
    """
    collection = state.sample_collection
    reservoir = collection.reservoir
    count = reservoir.iid.size
    extra = _round_up(count) - count

    def pad(name: str, value: Any) -> np.ndarray:
        value = np.asarray(value)
        filler = np.inf if name in ("log_L", "log_L_constraint") else 0
        tail = np.full((extra, *value.shape[1:]), filler, value.dtype)
        return np.concatenate([value, tail])

    longer = {name: pad(name, value) for name, value in reservoir._asdict().items()}
    return state._replace(
        sample_collection=collection._replace(reservoir=type(reservoir)(**longer))
    )


def _split_points(state: Any) -> tuple[Any, Any]:
    """Points drawn independently, and those to refine: on the host, where shapes cost no compile.

    How many there are changes with the seed by multiples of the live points, and jaxns compiles
    its refinement once for each count that it meets.
    """
    collection = state.sample_collection
    reservoir = type(collection.reservoir)(*(np.asarray(x) for x in collection.reservoir))
    used = np.arange(reservoir.iid.size) < int(collection.sample_idx)
    keep = reservoir.iid
    final = type(reservoir)(*(x[keep] for x in reservoir))
    rest = type(reservoir)(*(x[~keep & used] for x in reservoir))
    # a Python int, as jaxns itself passes: another type would be another program
    collection = collection._replace(sample_idx=int(keep.sum()), reservoir=final)
    return state._replace(sample_collection=collection), rest


def _compute_results(cube: Cube, state: Any, data: Any) -> dict[str, Any]:
    """What jaxns 2.0's ``to_results`` computes and its claims rest on, as one program.

    The library's own builds its loops anew at each call and so compiles at each call.
    """
    import jax
    import jax.numpy as jnp
    from jaxns.internals.stats import effective_sample_size, linear_to_log_stats
    from jaxns.statistics import analyse_sample_collection

    collection = state.sample_collection
    evidence, stats = analyse_sample_collection(collection, sorted_collection=True)
    log_z, variance = linear_to_log_stats(
        log_f_mean=evidence.log_Z_mean, log_f2_mean=evidence.log_Z2_mean
    )
    reservoir = collection.reservoir
    bases = jax.vmap(cube.jaxns_model(data).transform)(reservoir.point_U)
    return {
        "samples": cube.constrain(bases, data),
        "log_dp_mean": stats.log_dZ_mean - jax.nn.logsumexp(stats.log_dZ_mean),
        "ESS": effective_sample_size(evidence.log_Z_mean, evidence.log_dZ2_mean),
        "log_Z_mean": log_z,
        "log_Z_uncert": jnp.sqrt(variance),
        "total_num_likelihood_evaluations": jnp.sum(reservoir.num_likelihood_evaluations),
        "log_L_samples": reservoir.log_L,
        "log_L_birth": reservoir.log_L_constraint,
        "count": collection.sample_idx,
    }
