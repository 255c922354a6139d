"""What a kernel of NumPyro's that a user's file makes has to be, to be run on a program."""

from __future__ import annotations

import inspect
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.models.base import Model
from samplerbench.samplers.base import Declined
from samplerbench.samplers.support.latent_sites import find_latents


def refuse_class(made: type, what: str, how: str) -> None:
    """Raise UsageError for a class that is no kernel's, Declined for an ensemble's.

    ``what`` and ``how`` say where it is from: "'Mine' in my_file.py", "is a class".
    """
    from numpyro.infer.mcmc import MCMCKernel

    if not issubclass(made, MCMCKernel):
        bases = ", ".join(base.__name__ for base in made.__mro__[1:-1]) or made.__name__
        raise UsageError(f"{what} {how} on top of {bases}; expected: of MCMCKernel")
    if any(base.__name__ == "EnsembleSampler" for base in made.__mro__):  # NumPyro 0.13 has none
        raise Declined(
            f"{what} is an ensemble, whose chains are walkers: numpyro_aies and numpyro_ess run "
            "NumPyro's; any other is a function prepare, and its Draws have walkers set"
        )


def refuse_inner_kernel(kernel: type, what: str) -> None:
    """Raise UsageError for a class of NumPyro's that takes a kernel in place of a program."""
    if next(iter(inspect.signature(kernel).parameters), "") == "inner_kernel":
        name = kernel.__name__
        raise UsageError(
            f"{what} is {name}, which takes a kernel and no program\n  expected: a function that "
            f"makes it of the program: def make(program): return {name}(NUTS(program))"
        )


def require_discrete(kernel: Any, model: Model) -> None:
    """Raise Declined for DiscreteHMCGibbs and MixedHMC where no site is left for them to move."""
    from numpyro.infer import DiscreteHMCGibbs

    left = [site for site in find_latents(model) if site.discrete and not site.enumerated]
    if isinstance(kernel, DiscreteHMCGibbs) and not left:
        raise Declined(
            f"{model.name!r} has no discrete site for {type(kernel).__name__} to move (one that is"
            " marked to be enumerated is summed out); the kernel within it is all that it takes"
        )


def require_subsample(kernel: Any, model: Model) -> None:
    """Raise Declined for HMCECS where its program takes all of the data; nothing is computed.

    The model itself is on all data; what the kernel was made of may take a part of them.
    """
    import jax
    from numpyro.handlers import seed, trace
    from numpyro.infer import HMCECS

    if not isinstance(kernel, HMCECS):
        return
    found: list[str] = []

    def read() -> None:
        program = seed(kernel.model, jax.random.PRNGKey(0))
        sites = trace(program).get_trace(**model.data).values()
        plates = [site for site in sites if site["type"] == "plate"]
        found.extend(p["name"] for p in plates if p["args"][1] not in (None, p["args"][0]))

    jax.eval_shape(read)
    if not found:
        raise Declined(
            f"no plate of {model.name!r} takes a part of the data, which HMCECS does; give the "
            "program an argument for it that is None by default, subsample_size=size, and the "
            "kernel a value: HMCECS(NUTS(functools.partial(program, size=100)))"
        )
