"""BlackJAX's Pathfinder, an approximation. Zhang et al. (2022), JMLR 23(306):1-49.

Its draws are independent ones of a normal distribution, the best that lies on the path of a
quasi-Newton optimiser, or of several paths', resampled by importance: their error does not shrink
with their number, and no claim tells its size. BlackJAX does not count the optimiser's gradients.
The warm-up of the budget has no meaning here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import prepare_chains
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import require_continuous
from samplerbench.samplers.support.log_density import make_log_density


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.pathfinder``, defaults as shipped."""

    # more than one: as many starts, draws resampled by Pareto-smoothed weights
    paths: Annotated[int, Range(1)] = 1
    # draws for each estimate of the ELBO; of each of several paths
    num_samples: Annotated[int, Range(1)] = 200
    maxiter: Annotated[int, Range(1)] = 30  # iterations of the optimiser, L-BFGS
    maxcor: Annotated[int, Range(1)] = 10  # steps that the optimiser remembers
    gtol: Annotated[float, POSITIVE] = 1e-8  # it ends where the gradient is smaller
    ftol: Annotated[float, POSITIVE] = 1e-5  # or where the density changes by less


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """A fit for each chain, and draws from it. Raises Declined for no and for discrete sites."""
    require_continuous(model, "Pathfinder")
    make_chain = functools.partial(_make_chain, model, budget, settings)
    return prepare_chains(make_chain, model, budget, "sequential")


def _make_chain(
    model: Model, budget: Budget, settings: Settings, split: DataSplit
) -> tuple[Any, Any]:
    """Pure functions of one fit and of draws from it, as ``chain_programs`` takes them."""
    import blackjax
    import jax

    density = make_log_density(model)
    optimiser = {name: getattr(settings, name) for name in ("maxiter", "maxcor", "gtol", "ftol")}

    def make(data: Any) -> Any:
        library = blackjax.pathfinder if settings.paths == 1 else blackjax.multipathfinder
        return library(lambda u: density.log_joint(u, split.merge(data)))

    def warm(key: Any, data: Any) -> Any:
        start_key, fit_key, draw_key = jax.random.split(key, 3)
        find = jax.vmap(lambda key: density.find_start(key, split.merge(data)))
        starts = find(jax.random.split(start_key, settings.paths))
        start = starts[0] if settings.paths == 1 else starts
        fit, _ = make(data).init(fit_key, start, settings.num_samples, **optimiser)
        return draw_key, fit

    def draw(carry: Any, data: Any) -> Any:
        key, fit = carry
        u = make(data).sample(key, fit, budget.draws)
        u = u[0] if settings.paths == 1 else u  # a single path tells the density of its draws, too
        sites = jax.vmap(lambda v: density.constrain(v, split.merge(data)))(u)
        return sites, {}, {}

    return warm, draw


add(
    Sampler(
        "blackjax_pathfinder",
        Settings,
        prepare,
        "BlackJAX's Pathfinder: draws of an approximation, a normal on an optimiser's path",
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        family="blackjax_pathfinder",
        environment="backends-latest",
        claims="ESS: that of independent draws of the fit, which the fit's own error exceeds",
        short_name="Pathfinder",
    )
)
