"""Runs a NumPyro kernel: through ``MCMC.run`` (plain), or compiled ahead of time.

Several chains run as ``chain_method`` says, in both modes. ``parallel``: each on a device of its
own, for which the launcher makes the processor pass for as many; where devices are too few, as on
one GPU, NumPyro runs them one after the other, and the compiled mode there in lanes of one program.
``sequential``: one after the other. ``vectorized``: in lanes of one program, each step of which
waits for the chain that takes longest.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
    move_to_device,
)
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import (
    DataSplit,
    add_lazy_binding,
    bind_or_compile,
    count_bytes,
    keep_constant,
    split_data,
)
from samplerbench.samplers.support.latent_sites import require_continuous

MakeKernel = Callable[[], Any]
BATCH_BYTES = 2e9  # for all lanes of a batch together

#: NumPyro's initialisation strategies by the word used in settings
INIT = {
    "uniform": "init_to_uniform",  # within 2 of the origin, unconstrained; NumPyro's default
    "median": "init_to_median",
    "mean": "init_to_mean",
    "sample": "init_to_sample",
    "feasible": "init_to_feasible",
}


def find_init_strategy(word: str) -> Any:
    """The NumPyro strategy called ``word`` in settings."""
    import numpyro.infer

    return getattr(numpyro.infer, INIT[word])


def check_choices(settings: Any) -> None:
    """Refuse a settings record whose words are not among the choices (raises ValueError)."""
    choices = {"init": tuple(INIT), "chain_method": ("parallel", "vectorized", "sequential")}
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise ValueError(f"{name}={value!r} is not known\n  expected: {', '.join(allowed)}")


def count_host_devices(settings: Any, chains: int) -> int:
    """How many devices ``chain_method="parallel"`` needs: one for each chain.

    With fewer, NumPyro runs the chains one after the other.
    """
    return chains if settings.chain_method == "parallel" else 1


def prepare_mcmc(make: MakeKernel, model: Model, budget: Budget, chain_method: str) -> Prepared:
    """Plain and compiled runs of the kernel that ``make`` builds. Raises Declined."""
    require_continuous(model, type(make()).__name__, enumerates=True, enumerates_unmarked=True)

    def compile_constant(model: Model) -> Compiled:
        return _compile(make, keep_constant(model), budget, chain_method)

    def compile_for_data() -> Compiled:
        split = split_data(model)
        bound = _compile(make, split, budget, chain_method)
        return bind_or_compile(bound, split, model, compile_constant)

    def compile_once() -> Compiled:
        return add_lazy_binding(compile_constant(model), compile_for_data)

    return Prepared(
        plain=_make_plain(make, model, budget, chain_method),
        compile=compile_once,
        compile_for_data=compile_for_data,
    )


def _make_plain(make: MakeKernel, model: Model, budget: Budget, chain_method: str) -> Any:
    from numpyro.infer import MCMC

    # the MCMC object, built in the first call: it is part of what one waits for
    cache: list[Any] = []

    def plain(seed: int) -> Draws:
        import jax

        if not cache:
            sizes = {"num_warmup": budget.warmup, "num_samples": budget.draws}
            cache.append(
                MCMC(
                    make(),
                    **sizes,
                    num_chains=budget.chains,
                    chain_method=chain_method,
                    progress_bar=False,
                )
            )
        mcmc = cache[0]
        mcmc.run(jax.random.PRNGKey(seed), **model.data)
        sites = {k: np.asarray(v) for k, v in mcmc.get_samples(group_by_chain=True).items()}
        fields = mcmc.get_extra_fields(group_by_chain=True)
        stats = {name: np.asarray(fields[name]) for name in ("diverging",) if name in fields}
        return Draws(sites, divergences=_count_divergences(stats), stats=stats)

    return plain


def _compile(make: MakeKernel, split: DataSplit, budget: Budget, chain_method: str) -> Compiled:
    import jax

    data = jax.device_put(dict(split.arguments))
    device = jax.devices()[0].platform
    one = _make_chain(make, split, budget)
    # on one GPU there is no device for each chain, and lanes are nearly free
    vectorised = chain_method == "vectorized" or (chain_method == "parallel" and device != "cpu")
    warm, draw = _map_chains(*one, budget.chains, vectorised)
    seeds: tuple[Any, ...] = (np.uint32(0),)
    warm_jit, draw_jit = jax.jit(warm), jax.jit(draw)
    if chain_method == "parallel" and 1 < budget.chains <= jax.local_device_count():
        seeds = (np.uint32(0), np.arange(budget.chains))
        warm_jit, draw_jit = _map_devices(*one, budget.chains)
    states = jax.eval_shape(warm_jit, *seeds, data)  # the trace that lowering then finds again
    warm_program, draw_program = version_compat.compile_side_by_side(
        warm_jit.lower(*seeds, data), draw_jit.lower(states, data)
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
            batch_from=version_compat.choose_batch_from(device),
        )

    return bind(data)


def _make_chain_keys(seed: Any, chains: int) -> Any:
    """The keys that MCMC.run makes of PRNGKey(seed): itself for one chain, its split for more."""
    import jax

    key = jax.random.PRNGKey(seed)
    return jax.random.split(key, chains) if chains > 1 else key[None]


def _map_chains(warm_chain: Any, draw_chain: Any, chains: int, vectorised: bool) -> tuple[Any, Any]:
    """Pure functions ``warm(seed, data) -> state`` and ``draw(state, data) -> raw``, all chains."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def over_chains(function: Any, values: Any) -> Any:
        if chains == 1:  # a loop of one would be compiled as a loop
            alone = function(version_compat.tree_map(lambda x: x[0], values))
            return version_compat.tree_map(lambda x: jnp.asarray(x)[None], alone)
        return jax.vmap(function)(values) if vectorised else lax.map(function, values)

    def warm(seed: Any, data: Any) -> Any:
        return over_chains(lambda key: warm_chain(key, data), _make_chain_keys(seed, chains))

    def draw(states: Any, data: Any) -> Any:
        return over_chains(lambda carry: draw_chain(carry, data), states)

    return warm, draw


def _map_devices(warm_chain: Any, draw_chain: Any, chains: int) -> tuple[Any, Any]:
    """The same with each chain on a device of its own, as ``chain_method="parallel"`` has it.

    ``warm`` takes the seed, the chains' numbers and the data, which each device gets a copy of.
    """
    import jax

    def warm(seed: Any, chain: Any, data: Any) -> Any:
        return warm_chain(_make_chain_keys(seed, chains)[chain], data)

    return jax.pmap(warm, in_axes=(None, 0, None)), jax.pmap(draw_chain, in_axes=(0, None))


def _make_chain(make: MakeKernel, split: DataSplit, budget: Budget) -> tuple[Any, Any]:
    """Pure functions of one chain: ``warm(key, data) -> carry``, ``draw(carry, data) -> raw``.

    ``data`` are the arguments among the program's data; the constants of ``split`` join them.
    """
    import jax
    from jax import lax

    def start(key: Any, data: Any) -> tuple[Any, Any]:
        kernel = make()
        return kernel, kernel.init(key, budget.warmup, None, (), split.merge(data))

    def cost(state: Any) -> Any:
        """Gradients of an iteration, or, where the kernel takes none, its one log-density."""
        # at 64 bits NumPyro's own count is int64, and a loop's carry must keep its type
        return lax.convert_element_type(getattr(state, "num_steps", 1), np.int32)

    def warm_chain(key: Any, data: Any) -> tuple[Any, Any]:
        kernel, state = start(key, data)

        def step(_: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            state = kernel.sample(carry[0], (), split.merge(data))
            return state, carry[1] + cost(state)

        return lax.fori_loop(0, budget.warmup, step, (state, np.int32(0)))

    def draw_chain(carry: tuple[Any, Any], data: Any) -> Any:
        state, cost_before = carry
        # only for what init leaves in the kernel; its state is unused, so XLA drops the work
        kernel, _ = start(jax.random.PRNGKey(0), data)

        def step(state: Any, _: None) -> tuple[Any, Any]:
            state = kernel.sample(state, (), split.merge(data))
            draw = operator.attrgetter(kernel.sample_field)(state)
            return state, (draw, cost(state), _read_statistics(state))

        counted = "gradients" if hasattr(state, "z_grad") else "likelihoods"
        _, (draws, costs, stats) = lax.scan(step, state, None, length=budget.draws)
        sites = jax.vmap(kernel.postprocess_fn((), split.merge(data)))(draws)
        # how much a kernel of one's own evaluates, only its state can tell
        counts = hasattr(state, "num_steps") or type(kernel).__module__.startswith("numpyro.")
        return sites, stats, {counted: cost_before + costs.sum()} if counts else {}

    return warm_chain, draw_chain


def _read_statistics(state: Any) -> dict[str, Any]:
    """What is kept of a kernel's state beside the draw; kernels of one's own need have none."""
    stats = {n: getattr(state, n) for n in ("accept_prob", "diverging") if hasattr(state, n)}
    return {
        **stats,
        **({"lp": -state.potential_energy} if hasattr(state, "potential_energy") else {}),
    }


def _collect(raw: Any) -> Draws:
    sites, stats, costs = version_compat.tree_map(np.asarray, raw)
    return Draws(
        sites,
        gradients=int(costs["gradients"].sum()) if "gradients" in costs else None,
        likelihoods=int(costs["likelihoods"].sum()) if "likelihoods" in costs else None,
        divergences=_count_divergences(stats),
        accept_prob=float(stats["accept_prob"].mean()) if "accept_prob" in stats else None,
        stats=stats,
    )


def _count_divergences(stats: dict[str, np.ndarray]) -> int | None:
    """How many draws diverged; None for a kernel that tells none, as NumPyro's BarkerMH."""
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
