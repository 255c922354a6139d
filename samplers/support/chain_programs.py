"""Programs of JAX that run the chains of a sampler: in one process, in lanes, or a device each.

A sampler is two pure functions of one chain: ``warm(key, data) -> carry`` and ``draw(carry, data)
-> (sites, stats, counts)``, made for a split of the data in arguments and constants. Counts have
their names in ``Draws``, which holds their sums over chains.

Several chains run as ``chain_method`` says. ``parallel``: each on a device of its own, for which
the launcher makes the processor pass for as many; where devices are too few, as on one GPU, the
plain and the compiled mode run them in lanes of one program on a GPU, and one after the other on
the processor. ``sequential``: one after the other. ``vectorized``: in lanes of one program, each
step of which waits for the chain that takes longest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Compiled, Draws, Prepared, move_to_device
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import (
    DataSplit,
    count_bytes,
    keep_constant,
    prepare_for_data,
)

#: the pure functions ``warm`` and ``draw`` of one chain, for a split of the data
MakeChain = Callable[[DataSplit], tuple[Any, Any]]
CHAIN_METHODS = ("parallel", "vectorized", "sequential")
BATCH_BYTES = 2e9  # for all lanes of a batch together
#: seeds from which on lanes of one program beat threads over one: on a CPU none, since threads use
#: all cores (1.55 times as fast on two) while every lane waits for the deepest tree and the longest
#: trajectory (64 lanes of NUTS: 1.7 to 1.9 times one after the other, jax 0.4.23 and 0.12); on a
#: GPU launches dominate
BATCH_FROM, NEVER = 2, 10**9


def count_host_devices(settings: Any, chains: int) -> int:
    """How many devices ``chain_method="parallel"`` needs: one for each chain.

    With fewer, the chains run one after the other.
    """
    return chains if settings.chain_method == "parallel" else 1


def prepare_chains(
    make_chain: MakeChain,
    model: Model,
    budget: Budget,
    chain_method: str,
    plain: Callable[[int], Draws] | None = None,
) -> Prepared:
    """Plain and compiled runs of the chains that ``make_chain`` gives.

    ``plain``: the library's own call for them, where it has one; None: the same programs, compiled
    in the first call.
    """

    def compile_split(_: Model, split: DataSplit) -> Compiled:
        return _compile(make_chain, split, budget, chain_method)

    plain = plain or _make_plain(make_chain, model, budget, chain_method)
    return prepare_for_data(plain, model, compile_split)


def _make_plain(make_chain: MakeChain, model: Model, budget: Budget, chain_method: str) -> Any:
    # in the first call: the programs are part of what one waits for
    make = functools.cache(
        lambda: _make_programs(make_chain, keep_constant(model), budget, chain_method)
    )

    def plain(seed: int) -> Draws:
        warm, draw, seeds = make()
        return _collect(draw(warm(np.uint32(seed), *seeds[1:], {}), {}))

    return plain


def _make_programs(
    make_chain: MakeChain, split: DataSplit, budget: Budget, chain_method: str
) -> tuple[Any, Any, tuple[Any, ...]]:
    """Jitted ``warm`` and ``draw`` of all chains, and what ``warm`` takes before the data."""
    import jax

    one = make_chain(split)
    if chain_method == "parallel" and 1 < budget.chains <= jax.local_device_count():
        return *_map_devices(*one, budget), (np.uint32(0), np.arange(budget.chains))
    warm, draw = _map_chains(*one, budget, _is_vectorised(chain_method))
    return jax.jit(warm), jax.jit(draw), (np.uint32(0),)


def _is_vectorised(chain_method: str) -> bool:
    import jax

    # on one GPU there is no device for each chain, and lanes are nearly free
    on_cpu = jax.devices()[0].platform == "cpu"
    return chain_method == "vectorized" or (chain_method == "parallel" and not on_cpu)


def _compile(
    make_chain: MakeChain, split: DataSplit, budget: Budget, chain_method: str
) -> Compiled:
    import jax

    data = jax.device_put(dict(split.arguments))
    device = jax.devices()[0].platform
    warm, draw = _map_chains(*make_chain(split), budget, _is_vectorised(chain_method))
    warm_jit, draw_jit, seeds = _make_programs(make_chain, split, budget, chain_method)
    shapes = jax.eval_shape(warm_jit, *seeds, data)  # the trace that lowering then finds again
    warm_lowered = warm_jit.lower(*seeds, data)
    # pmap traces anew, where a kernel's ``init`` may make another class of state
    states = jax.tree_util.tree_unflatten(warm_lowered.out_tree, jax.tree_util.tree_leaves(shapes))
    warm_program, draw_program = version_compat.compile_side_by_side(
        warm_lowered, draw_jit.lower(states, data)
    )

    def run_both(seed: Any, data: Any) -> Any:
        return draw(warm(seed, data), data)

    def bind(data: Any) -> Compiled:
        return Compiled(
            warmup=lambda seed: warm_program(np.uint32(seed), *seeds[1:], data),
            sample=lambda state: draw_program(state, data),
            collect=_collect,
            batch=_make_batch(run_both, data, count_bytes(split.merge(data)), budget),
            with_data=lambda other: bind(move_to_device(other, data)),
            batch_from=NEVER if device == "cpu" else BATCH_FROM,
        )

    return bind(data)


def make_chain_keys(seed: Any, chains: int) -> Any:
    """The keys that MCMC.run makes of PRNGKey(seed): itself for one chain, its split for more."""
    import jax

    key = jax.random.PRNGKey(seed)
    return jax.random.split(key, chains) if chains > 1 else key[None]


def _make_starts(seed: Any, budget: Budget) -> Any:
    """What ``warm`` takes of each chain: its key, and with superchains that of their start, too."""
    import jax.numpy as jnp

    keys = make_chain_keys(seed, budget.chains)
    if not budget.superchains:
        return keys
    each = budget.chains // budget.superchains
    return keys, jnp.repeat(keys[::each], each, axis=0)


def _map_chains(
    warm_chain: Any, draw_chain: Any, budget: Budget, vectorised: bool
) -> tuple[Any, Any]:
    """Pure functions ``warm(seed, data) -> state`` and ``draw(state, data) -> raw``, all chains."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def over_chains(function: Any, values: Any) -> Any:
        if budget.chains == 1:  # a loop of one would be compiled as a loop
            alone = function(version_compat.tree_map(lambda x: x[0], values))
            return version_compat.tree_map(lambda x: jnp.asarray(x)[None], alone)
        return jax.vmap(function)(values) if vectorised else lax.map(function, values)

    def warm(seed: Any, data: Any) -> Any:
        return over_chains(lambda start: warm_chain(start, data), _make_starts(seed, budget))

    def draw(states: Any, data: Any) -> Any:
        return over_chains(lambda carry: draw_chain(carry, data), states)

    return warm, draw


def _map_devices(warm_chain: Any, draw_chain: Any, budget: Budget) -> tuple[Any, Any]:
    """The same with each chain on a device of its own, as ``chain_method="parallel"`` has it.

    ``warm`` takes the seed, the chains' numbers and the data, which each device gets a copy of.
    """
    import jax

    def warm(seed: Any, chain: Any, data: Any) -> Any:
        starts = _make_starts(seed, budget)
        return warm_chain(version_compat.tree_map(lambda x: x[chain], starts), data)

    return jax.pmap(warm, in_axes=(None, 0, None)), jax.pmap(draw_chain, in_axes=(0, None))


def _collect(raw: Any) -> Draws:
    sites, stats, counts = version_compat.tree_map(np.asarray, raw)
    totals: dict[str, Any] = {name: int(count.sum()) for name, count in counts.items()}
    return Draws(
        sites,
        **totals,
        divergences=count_divergences(stats),
        accept_prob=float(stats["accept_prob"].mean()) if "accept_prob" in stats else None,
        stats=stats,
    )


def count_divergences(stats: dict[str, np.ndarray]) -> int | None:
    """How many draws diverged; None for a sampler that tells none, as NumPyro's BarkerMH."""
    return int(stats["diverging"].sum()) if "diverging" in stats else None


def _make_batch(
    run_both: Any, data: Any, size: int, budget: Budget
) -> Callable[[Sequence[int]], list[Draws]]:
    """Many seeds in one vectorised program, in chunks of one size so that it compiles once.

    ``size``: bytes of all data, constants included.
    """
    import jax

    # a lane holds a few copies of the data and its draws
    lanes = max(1, min(256, int(BATCH_BYTES // (8 * size + 64 * budget.chains * budget.draws))))
    programs: dict[int, Any] = {}

    def batch(seeds: Sequence[int]) -> list[Draws]:
        width = min(lanes, len(seeds))
        if width not in programs:
            many = jax.jit(jax.vmap(run_both, in_axes=(0, None)))
            programs[width] = many.lower(np.zeros(width, np.uint32), data).compile()
        replicates: list[Draws] = []
        for first in range(0, len(seeds), width):
            chunk = list(seeds[first : first + width])
            padded = np.array(chunk + [0] * (width - len(chunk)), np.uint32)
            raw = version_compat.tree_map(np.asarray, programs[width](padded, data))
            for lane in range(len(chunk)):
                replicates.append(_collect(version_compat.tree_map(lambda x, i=lane: x[i], raw)))
        return replicates

    return batch
