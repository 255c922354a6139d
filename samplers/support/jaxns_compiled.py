"""jaxns compiled ahead of time: the sampler is built once, and a new seed compiles nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Compiled, Draws, Prepared, move_to_device
from samplerbench.samplers.support import version_compat
from samplerbench.samplers.support.data_arguments import DataSplit, prepare_for_data
from samplerbench.samplers.support.jaxns_cube import Cube, NumPyroCube, Programs, make_key
from samplerbench.samplers.support.jaxns_exact import compile_exact
from samplerbench.samplers.support.jaxns_results import make_arguments, read_draws
from samplerbench.samplers.support.latent_sites import Latent

if TYPE_CHECKING:
    from samplerbench.samplers.jaxns_nested import Settings


def prepare_compiled(
    plain: Callable[[int], Draws],
    model: Model,
    sites: list[Latent],
    settings: Settings,
    cube: type[Cube] = NumPyroCube,
) -> Prepared:
    """``plain`` runs, and compiled ones where the installed jaxns can be compiled."""
    generation = version_compat.find_nested_generation()
    if not generation:
        return Prepared(plain)
    build = {"exact": compile_exact, "public": _compile_public}[generation]

    def compile_split(model: Model, split: DataSplit) -> Compiled:
        import jax

        data = jax.device_put(dict(split.arguments))
        return _bind(build(cube(model, split, sites), settings, data), data)

    return prepare_for_data(plain, model, compile_split)


def _bind(programs: Programs, data: Any) -> Compiled:
    def collect(raw: Any) -> Draws:
        results = {k: v for k, v in raw.items() if k != "count"}
        return read_draws(results, int(raw["count"]))

    return Compiled(
        sample=lambda seed: programs.run(seed, data),
        collect=collect,
        prime=lambda seeds: programs.prime(seeds, data),
        with_data=lambda other: _bind(programs, move_to_device(other, data)),
    )


def _compile_public(cube: Cube, settings: Settings, data: Any) -> Programs:
    """jaxns 2.5 and 2.6: the whole run and its results trace, so one program holds both."""
    import jax
    from jaxns import TerminationCondition
    from jaxns.public import DefaultNestedSampler

    constructor, termination = make_arguments(cube.sites, settings)
    devices = version_compat.choose_nested_devices()

    def run_whole(key: Any, data: Any) -> dict[str, Any]:
        model = cube.jaxns_model(data)
        sampler = DefaultNestedSampler(model, **devices, **constructor)
        reason, state = sampler(key, TerminationCondition(**termination))
        results = sampler.to_results(reason, state, trim=False)._asdict()
        results["samples"] = cube.constrain(results["samples"], data)
        results["count"] = results["total_num_samples"]
        return results

    program = jax.jit(run_whole).lower(make_key(0), data).compile()
    return Programs(lambda seed, data: program(make_key(seed), data), lambda seeds, data: None)
