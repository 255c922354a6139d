"""NumPyro's Sample Adaptive MCMC, without gradients. Zhu (2019), NeurIPS 32."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from models.base import Model
from samplers.base import Budget, Prepared, Sampler, add
from samplers.mcmc import check_choices, init_strategy, prepare_mcmc


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``SA`` and its ``chain_method``, defaults as shipped."""

    adapt_state_size: int | None = None  # points that make the proposal; None: twice the dimension
    dense_mass: bool = True
    init: str = "uniform"  # NumPyro's init_to_<init>
    chain_method: str = "parallel"  # plain mode; "vectorized" raises on scalar sites upstream

    def __post_init__(self) -> None:
        check_choices(self)


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """SA on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import SA

    options = asdict(settings)
    chain_method = options.pop("chain_method")
    options["init_strategy"] = init_strategy(options.pop("init"))
    return prepare_mcmc(lambda: SA(model.program, **options), model, budget, chain_method)


add(
    Sampler(
        "numpyro_sa",
        Settings,
        prepare,
        "Sample Adaptive MCMC, no gradients",
        needs=("jax", "numpyro"),
    )
)
