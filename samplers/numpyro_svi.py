"""NumPyro's variational inference with an automatic guide. Kucukelbir et al. (2017), JMLR 18:1-45.

Its draws are independent ones from the guide, an approximation of the posterior: their error does
not shrink with their number, and no claim tells its size. Cost is gradients of the ELBO. The
warm-up of the budget has no meaning here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import prepare_chains
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import require_continuous, require_two
from samplerbench.samplers.support.log_density import make_log_density

#: NumPyro's automatic guides by the word used in settings
GUIDES = {
    "normal": "AutoNormal",
    "multivariate_normal": "AutoMultivariateNormal",
    "low_rank": "AutoLowRankMultivariateNormal",
    "laplace": "AutoLaplaceApproximation",
    "inverse_autoregressive": "AutoIAFNormal",
}


@dataclass(frozen=True)
class Settings:
    """The guide, and the optimiser of NumPyro's tutorial, which ships no default for it."""

    # normal: independent normals; the others hold correlations
    guide: Annotated[str, Choices(tuple(GUIDES))] = "normal"
    num_steps: Annotated[int, Range(1)] = 2000  # steps of the optimiser, Adam
    step_size: Annotated[float, POSITIVE] = 0.005  # Adam's step size
    num_particles: Annotated[int, Range(1)] = 1  # draws of the guide for each estimate of the ELBO


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """A fit of the guide for each chain, and draws from it.

    Raises Declined for discrete sites, and for one parameter where the guide takes more.
    """
    require_continuous(model, "a guide")
    if settings.guide == "inverse_autoregressive":
        dim = make_log_density(model).dim
        require_two(
            model, dim, f"guide={settings.guide} takes two at least (guide=normal takes it)"
        )
    make_chain = functools.partial(_make_chain, model, budget, settings)
    return prepare_chains(make_chain, model, budget, "sequential")


def _make_chain(
    model: Model, budget: Budget, settings: Settings, split: DataSplit
) -> tuple[Any, Any]:
    """Pure functions of one fit and of draws from it, as ``chain_programs`` takes them."""
    import jax
    from numpyro.infer import SVI, Trace_ELBO, autoguide
    from numpyro.optim import Adam

    def start(key: Any, data: Any) -> tuple[Any, Any, Any]:
        guide = getattr(autoguide, GUIDES[settings.guide])(model.program)
        elbo = Trace_ELBO(num_particles=settings.num_particles)
        svi = SVI(model.program, guide, Adam(settings.step_size), elbo)
        return guide, svi, svi.init(key, **split.merge(data))

    def warm(key: Any, data: Any) -> Any:
        fit_key, draw_key = jax.random.split(key)
        _, svi, state = start(fit_key, data)

        def step(state: Any, _: None) -> tuple[Any, None]:
            return svi.update(state, **split.merge(data))[0], None

        state, _ = jax.lax.scan(step, state, None, length=settings.num_steps)
        return draw_key, svi.get_params(state)

    def draw(carry: Any, data: Any) -> Any:
        key, parameters = carry
        # only for what init leaves in the guide; its state is unused, so XLA drops the work
        guide, _, _ = start(jax.random.PRNGKey(0), data)
        sites = guide.sample_posterior(key, parameters, sample_shape=(budget.draws,))
        return sites, {}, {"gradients": np.int32(settings.num_steps * settings.num_particles)}

    return warm, draw


add(
    Sampler(
        "numpyro_svi",
        Settings,
        prepare,
        "NumPyro's variational inference: draws of an approximation, by an automatic guide",
        typical_s=(3.0, 0.01),
        link="https://num.pyro.ai/en/stable/svi.html",
        needs=("jax", "numpyro"),
        family="numpyro_svi",
        claims="ESS: that of independent draws of the guide, which the guide's own error exceeds",
        short_name="SVI",
        stack_replicates=0,
    )
)
