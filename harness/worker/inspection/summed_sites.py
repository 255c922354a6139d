"""Whether NumPyro can form the density of a program with its discrete sites summed out."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from samplerbench.errors import one_line
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import Latent


def refuse_unsummed(
    model: Model, sites: Sequence[Latent], locate: Callable[[Exception], str]
) -> None:
    """Raise UnfitModel where it can't, as without a plate; nothing is compiled.

    Not where a discrete site can't be summed out, or nothing is left beside them: samplers say so
    themselves. ``locate`` gives the place in the user's file that an error comes from.
    """
    import jax
    from numpyro.infer.util import initialize_model

    discrete = [site for site in sites if site.discrete]
    is_summed = all(site.enumerated or site.enumerable for site in discrete)
    if not is_summed or len(discrete) == len(sites) or find_spec("funsor") is None:
        return

    def trace(key: jax.Array) -> jax.Array:
        initialize_model(key, model.program, model_kwargs=model.data)
        return key

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of a run are told by its row
            jax.eval_shape(trace, jax.random.PRNGKey(0))
    except Exception as error:  # of NumPyro, funsor or the program
        traceback.print_exc()
        names = ", ".join(repr(site.name) for site in discrete)
        raise UnfitModel(
            f"{locate(error)}: {one_line(error)}\n  the discrete {names} of {model.name!r} can't "
            "be summed out\n  expected: a numpyro.plate for each dimension of what is discrete, "
            "and of what is observed given it; or a program that sums them out itself"
        ) from error
