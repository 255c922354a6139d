"""Runs a NumPyro kernel: through ``MCMC.run`` (plain), or compiled ahead of time.

Several chains run as ``chain_method`` says, in both modes, as ``chain_programs`` has it; where
devices are too few for ``parallel`` ones, NumPyro runs them one after the other.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Declined, Draws, Prepared
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.chain_programs import (
    count_divergences,
    make_chain_keys,
    prepare_chains,
)
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import require_continuous

MakeKernel = Callable[[], Any]

#: NumPyro's initialisation strategies by the word used in settings
INIT = {
    "uniform": "init_to_uniform",  # within 2 of the origin, unconstrained; NumPyro's default
    "median": "init_to_median",
    "mean": "init_to_mean",
    "sample": "init_to_sample",
    "feasible": "init_to_feasible",
}
STARTS = tuple(INIT)


def find_init_strategy(word: str) -> Any:
    """The NumPyro strategy called ``word`` in settings."""
    import numpyro.infer

    return getattr(numpyro.infer, INIT[word])


def read_options(settings: Any) -> tuple[dict[str, Any], str]:
    """Keyword arguments of a kernel, and how chains run, from a settings record of their names."""
    options = asdict(settings)
    chain_method = options.pop("chain_method")
    options["init_strategy"] = find_init_strategy(options.pop("init"))
    return options, chain_method


def add_superchains(budget: Budget, superchains: int) -> Budget:
    """``budget`` with its chains in so many groups; raises Declined where they don't fill them."""
    if superchains and budget.chains % superchains:
        raise Declined(
            f"{budget.chains} chains make no {superchains} superchains of one size: --chains "
            f"{superchains * max(2, -(-budget.chains // superchains))} would"
        )
    return replace(budget, superchains=superchains)


def prepare_mcmc(
    make: MakeKernel, model: Model, budget: Budget, chain_method: str, gradients: int | None = None
) -> Prepared:
    """Plain and compiled runs of the kernel that ``make`` builds. Raises Declined.

    ``gradients``: evaluations in an iteration of a kernel whose state does not tell them.
    """
    require_continuous(model, type(make()).__name__, enumerates=True, enumerates_unmarked=True)
    make_chain = functools.partial(_make_chain, make, budget, gradients)
    plain = _make_plain(make, model, budget, chain_method)
    return prepare_chains(make_chain, model, budget, chain_method, plain)


def _make_plain(make: MakeKernel, model: Model, budget: Budget, chain_method: str) -> Any:
    from numpyro.infer import MCMC

    # the MCMC object, built in the first call: it is part of what one waits for
    cache: list[Any] = []

    def plain(seed: int) -> Draws:
        import jax

        if cache and hasattr(cache[0].sampler, "_prototype_trace"):
            # HMCGibbs and its kin keep what a first run has made (NumPyro 0.13, not 0.22): its
            # start, and of several chains tracers, which are no use to a further run
            cache[0].sampler._prototype_trace = None
            if budget.chains > 1:
                cache.clear()
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
        key = jax.random.PRNGKey(seed)
        grouped = budget.superchains and budget.chains > 1  # MCMC takes one chain's start as it is
        start = _find_starts(make, model, budget, seed) if grouped else None
        mcmc.run(key, init_params=start, **model.data)
        sites = {k: np.asarray(v) for k, v in mcmc.get_samples(group_by_chain=True).items()}
        fields = mcmc.get_extra_fields(group_by_chain=True)
        stats = {name: np.asarray(fields[name]) for name in ("diverging",) if name in fields}
        return Draws(sites, divergences=count_divergences(stats), stats=stats)

    def plain_or_say_why(seed: int) -> Draws:
        try:
            return plain(seed)
        except (AttributeError, NotImplementedError) as error:
            _refuse_field(make(), error)
            raise

    return plain_or_say_why


def _refuse_field(kernel: Any, error: Exception) -> None:
    """Raise UsageError where ``error`` is that a kernel's state has no field with its draw."""
    name = type(kernel).__name__
    expected = "expected: the field of its state that holds the draw"
    try:
        field = kernel.sample_field
    except NotImplementedError:  # what MCMCKernel itself has
        raise UsageError(f"{name} sets no sample_field; {expected}") from error
    state, lacks = getattr(error, "obj", None), getattr(error, "name", "")  # not in Python 3.9
    if lacks not in str(field).split("."):
        return
    if isinstance(state, (dict, list, tuple)) and not hasattr(state, "_fields"):
        kind = type(state).__name__
        found = f"the state of {name} is a {kind}; expected: a namedtuple with a field {lacks!r}"
        raise UsageError(found) from error
    if fields := getattr(state, "_fields", ()):
        found = f"sample_field of {name} is {field!r}; {expected}, one of {', '.join(fields)}"
        raise UsageError(found) from error


def _find_starts(make: MakeKernel, model: Model, budget: Budget, seed: int) -> Any:
    """Where each chain starts, those of a superchain at its first one's point; unconstrained."""
    import jax.numpy as jnp

    each = budget.chains // budget.superchains
    firsts = make_chain_keys(seed, budget.chains)[::each]
    points = make().init(firsts, budget.warmup, None, (), model.data).z
    return version_compat.tree_map(lambda x: jnp.repeat(x, each, axis=0), points)


def _make_chain(
    make: MakeKernel, budget: Budget, gradients: int | None, split: DataSplit
) -> tuple[Any, Any]:
    """Pure functions of one chain: ``warm(key, data) -> carry``, ``draw(carry, data) -> raw``.

    ``data`` are the arguments among the program's data; the constants of ``split`` join them.
    """
    import jax
    from jax import lax

    def start(key: Any, data: Any, point: Any = None) -> tuple[Any, Any]:
        kernel = make()
        return kernel, kernel.init(key, budget.warmup, point, (), split.merge(data))

    def cost(state: Any) -> Any:
        """Gradients of an iteration, or, where the kernel takes none, its one log-density."""
        # at 64 bits NumPyro's own count is int64, and a loop's carry must keep its type
        return lax.convert_element_type(getattr(state, "num_steps", gradients or 1), np.int32)

    def warm_chain(key: Any, data: Any) -> tuple[Any, Any]:
        own, first = key if budget.superchains else (key, None)
        point = None if first is None else start(first, data)[1].z
        kernel, state = start(own, data, point)

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
            return state, (draw, cost(state), _read_statistics(kernel, state))

        counted = "gradients" if gradients or hasattr(state, "z_grad") else "likelihoods"
        _, (draws, costs, stats) = lax.scan(step, state, None, length=budget.draws)
        sites = jax.vmap(kernel.postprocess_fn((), split.merge(data)))(draws)
        # how much a kernel of one's own evaluates, only its state can tell; HMCGibbs and its kin,
        # which hold the state of another kernel, tell the least of it
        is_simple = type(kernel).__module__.startswith("numpyro.") and not hasattr(
            state, "hmc_state"
        )
        counts = hasattr(state, "num_steps") or is_simple
        if not counts:
            return sites, stats, {}
        tuning = {"tuning_gradients": cost_before} if counted == "gradients" else {}
        return sites, stats, {counted: cost_before + costs.sum(), **tuning}

    return warm_chain, draw_chain


def _read_statistics(kernel: Any, state: Any) -> dict[str, Any]:
    """What a kernel's state tells of its draw; one of TFP's, or one's own, may tell nothing."""
    from jax import lax

    stats = {n: getattr(state, n) for n in ("accept_prob", "diverging") if hasattr(state, n)}
    if hasattr(state, "potential_energy"):
        stats["lp"] = -state.potential_energy
    if hasattr(state, "num_steps"):
        stats["n_steps"] = steps = lax.convert_element_type(state.num_steps, np.int32)
        if getattr(kernel, "_algo", "") == "NUTS":  # 2**(depth - 1) to 2**depth - 1 steps
            stats["tree_depth"] = lax.convert_element_type(32 - lax.clz(steps), np.uint8)
            stats["energy"] = state.energy  # of HMC it would make XLA round its draws otherwise
    return stats
