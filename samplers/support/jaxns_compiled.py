"""jaxns compiled ahead of time: the sampler is built once, and a new seed compiles nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import Compiled, Draws, move_to_device
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import (
    DataSplit,
    add_lazy_binding,
    bind_or_compile,
    keep_constant,
    split_data,
)
from samplerbench.samplers.support.jaxns_results import make_arguments, read_draws
from samplerbench.samplers.support.latent_sites import (
    Latent,
    is_latent,
    read_latent,
    trace_sites,
)

if TYPE_CHECKING:
    from samplerbench.samplers.jaxns_nested import Settings


def compile_sampler(
    model: Model, sites: list[Latent], settings: Settings, generation: str
) -> Compiled:
    """The compiled mode for a generation of jaxns: "exact" (2.0, 2.1) or "public" (2.5, 2.6)."""
    return add_lazy_binding(
        _compile_split(model, keep_constant(model), sites, settings, generation),
        lambda: compile_for_data(model, sites, settings, generation),
    )


def compile_for_data(
    model: Model, sites: list[Latent], settings: Settings, generation: str
) -> Compiled:
    """The same with data as arguments, where the program bears them."""
    split = split_data(model)
    bound = _compile_split(model, split, sites, settings, generation)

    def compile_constant(model: Model) -> Compiled:
        return _compile_split(model, keep_constant(model), sites, settings, generation)

    return bind_or_compile(bound, split, model, compile_constant)


def _compile_split(
    model: Model, split: DataSplit, sites: list[Latent], settings: Settings, generation: str
) -> Compiled:
    import jax

    build = {"exact": _compile_exact, "public": _compile_public}[generation]
    data = jax.device_put(dict(split.arguments))
    return _bind(build(_Cube(model, split, sites), settings, data), data)


def _bind(programs: _Programs, data: Any) -> Compiled:
    def collect(raw: Any) -> Draws:
        results = {k: v for k, v in raw.items() if k != "count"}
        return read_draws(results, int(raw["count"]))

    return Compiled(
        sample=lambda seed: programs.run(seed, data),
        collect=collect,
        prime=lambda seeds: programs.prime(seeds, data),
        with_data=lambda other: _bind(programs, move_to_device(other, data)),
    )


@dataclass(frozen=True)
class _Programs:
    run: Callable[[int, Any], dict[str, Any]]  # seed, data -> jaxns's results
    prime: Callable[[Sequence[int], Any], None]  # compile what these seeds need


class _Cube:
    """A NumPyro program on the unit cube, where jaxns samples.

    ``data`` are the arguments among its data throughout; the constants of ``split`` join them.
    """

    def __init__(self, model: Model, split: DataSplit, sites: list[Latent]) -> None:
        from numpyro.contrib.nested_sampling import UniformReparam
        from numpyro.handlers import reparam

        self.sites, self.split = sites, split
        self.enumerated_from = find_enumeration_dim(model)
        self.program = reparam(
            model.program, config={site.name: UniformReparam() for site in sites}
        )

    def jaxns_model(self, data: Any) -> Any:
        """jaxns's model of the likelihood given ``data``, which may be traced."""
        import jax.numpy as jnp
        import tensorflow_probability.substrates.jax as tfp
        from jaxns import Model as JaxnsModel
        from jaxns import Prior

        program, log_density = self._density()
        bases = [f"{site.name}_base" for site in self.sites]

        def prior_model() -> Any:
            params = []
            for site, base in zip(self.sites, bases):  # noqa: B905 (strict= needs Python 3.10)
                flat = tfp.distributions.Uniform(jnp.zeros(site.shape), jnp.ones(site.shape))
                params.append((yield Prior(flat, name=base)))
            return tuple(params)

        def log_likelihood(*params: Any) -> Any:
            bound = dict(zip(bases, params))  # noqa: B905
            # base sites are masked, so the joint density of the cube program is the likelihood
            return log_density(program, (), self.split.merge(data), bound)[0]

        return JaxnsModel(prior_model, log_likelihood)

    def _density(self) -> tuple[Any, Any]:
        """The program and NumPyro's function of its log density, which sums discrete sites out."""
        from numpyro.infer.util import log_density

        if self.enumerated_from is None:
            return self.program, log_density
        from numpyro.contrib import funsor

        return funsor.enum(self.program, self.enumerated_from), funsor.log_density

    def constrain(self, bases: Any, data: Any) -> Any:
        """Base draws [n, ...] -> latent and deterministic sites [n, ...]."""
        import jax
        from numpyro.handlers import seed, substitute, trace

        def one(base: dict[str, Any]) -> dict[str, Any]:
            fixed = substitute(seed(self.program, jax.random.PRNGKey(0)), base)
            records = trace(fixed).get_trace(**self.split.merge(data)).items()
            return {name: s["value"] for name, s in records if s["type"] == "deterministic"}

        return jax.vmap(one)(bases)


def find_enumeration_dim(model: Model) -> int | None:
    """The first dimension left of all plates, for enumeration; None without enumerated sites."""
    import jax

    dims = [0]
    marked: list[bool] = []

    def read() -> None:
        for name, site in trace_sites(model, model.data).items():
            if site["type"] == "sample":
                dims.extend(frame.dim for frame in site["cond_indep_stack"] if frame.dim)
                marked.append(is_latent(site) and read_latent(name, site).enumerated)

    jax.eval_shape(read)
    return min(dims) - 1 if any(marked) else None


def _make_key(seed: int) -> Any:
    """The key that NumPyro's wrapper gives jaxns for ``PRNGKey(seed)``: the first of its split."""
    import jax

    return jax.random.split(jax.random.PRNGKey(seed))[0]


def _compile_exact(cube: _Cube, settings: Settings, data: Any) -> _Programs:
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

    shrink_program = jax.jit(approximate).lower(_make_key(0), data).compile()
    summarise = jax.jit(lambda state, data: _compute_results(cube, state, data))
    refine: dict[tuple[int, int], Any] = {}  # final points, points to refine -> program
    slots_compiled: set[int] = set()  # that ``summarise`` is compiled for

    def shrink(seed: int, data: Any) -> Any:
        reason, state = shrink_program(_make_key(seed), data)
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
        if _count_points(state) not in refine:
            prime([seed], data)
        final = refine[_count_points(state)](data, *state)
        return {**summarise(_pad(final), data), "termination_reason": reason}

    return _Programs(run, prime)


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


def _compute_results(cube: _Cube, state: Any, data: Any) -> dict[str, Any]:
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


def _compile_public(cube: _Cube, settings: Settings, data: Any) -> _Programs:
    """jaxns 2.5 and 2.6: the whole run and its results trace, so one program holds both."""
    import jax
    from jaxns import TerminationCondition
    from jaxns.public import DefaultNestedSampler

    constructor, termination = make_arguments(cube.sites, settings)

    def run_whole(key: Any, data: Any) -> dict[str, Any]:
        model = cube.jaxns_model(data)
        sampler = DefaultNestedSampler(
            model, **version_compat.choose_nested_devices(), **constructor
        )
        reason, state = sampler(key, TerminationCondition(**termination))
        results = sampler.to_results(reason, state, trim=False)._asdict()
        results["samples"] = cube.constrain(results["samples"], data)
        results["count"] = results["total_num_samples"]
        return results

    program = jax.jit(run_whole).lower(_make_key(0), data).compile()
    return _Programs(lambda seed, data: program(_make_key(seed), data), lambda seeds, data: None)
