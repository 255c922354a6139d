"""nutpie's No-U-Turn sampler, in Rust. Seyboldt and Carlson (2026), arXiv:2603.18845."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.latent_sites import require_continuous
from samplerbench.samplers.support.log_density import LogDensity, make_log_density

ADAPTATIONS = ("diag", "draw_diag", "low_rank")
#: nutpie's statistics of a draw -> name and type of those that are kept
STATISTICS: dict[str, tuple[str, Any]] = {
    "diverging": ("diverging", bool),
    "logp": ("lp", np.float64),
    "energy": ("energy", np.float64),
    "mean_tree_accept": ("accept_prob", np.float64),
    "n_steps": ("n_steps", np.int32),
    "depth": ("tree_depth", np.uint8),
}


@dataclass(frozen=True)
class Settings:
    """Arguments of ``nutpie.sample``, defaults as shipped."""

    # of the mass matrix: diag, draw_diag or low_rank
    adaptation: Annotated[str, Choices(ADAPTATIONS)] = "diag"
    target_accept: Annotated[float, SHARE] = 0.8  # mean acceptance that warm-up aims for
    maxdepth: Annotated[int, Range(1)] = 10  # at most 2**depth - 1 gradient evaluations a draw


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """NUTS on the unconstrained density of ``model``, called through Python at each gradient.

    Its seconds are those of that call; its cost is in gradients. Raises Declined for discrete
    parameters.
    """
    require_continuous(model, "nutpie_nuts")
    density = make_log_density(model)
    build = functools.cache(lambda: _build(model, density))

    def plain(seed: int) -> Draws:
        import nutpie

        compiled, constrain = build()
        trace = nutpie.sample(
            compiled,
            draws=budget.draws,
            tune=budget.warmup,
            chains=budget.chains,
            seed=seed,
            progress_bar=False,
            adaptation=settings.adaptation,
            target_accept=settings.target_accept,
            maxdepth=settings.maxdepth,
        )
        return _read_draws(trace, constrain)

    return Prepared(plain)


def _build(model: Model, density: LogDensity) -> tuple[Any, Any]:
    """nutpie's model of the density, and the map from its draws to sites."""
    import jax
    from nutpie.compiled_pyfunc import from_pyfunc

    data = model.data
    slope = jax.jit(jax.value_and_grad(lambda u: density.log_joint(u, data)))
    find_start = jax.jit(lambda key: density.find_start(key, data))

    def make_log_density_function() -> Any:
        def evaluate(u: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = slope(u)
            return float(value), np.asarray(gradient, np.float64)

        return evaluate

    def make_expand(seed: int, other: int, chain: int) -> Any:
        return lambda u: {"u": np.asarray(u, np.float64)}

    def start(seed: int) -> np.ndarray:
        return np.asarray(find_start(jax.random.PRNGKey(seed % 2**32)), np.float64)

    compiled = from_pyfunc(
        density.dim,
        make_log_density_function,
        make_expand,
        [np.dtype(np.float64)],
        [(density.dim,)],
        ["u"],
        make_initial_point_fn=start,
    )
    constrain = jax.jit(jax.vmap(jax.vmap(lambda u: density.constrain(u, data))))
    return compiled, constrain


def _read_draws(trace: Any, constrain: Any) -> Draws:
    """Draws from nutpie's DataTree, whose one variable is the unconstrained vector."""
    told = trace["sample_stats"]
    stats = {
        ours: np.asarray(told[name], kind)
        for name, (ours, kind) in STATISTICS.items()
        if name in told
    }
    tuning = int(np.asarray(trace["warmup_sample_stats"]["n_steps"]).sum())
    sites = constrain(np.asarray(trace["posterior"]["u"]))
    return Draws(
        {name: np.asarray(values) for name, values in sites.items()},
        gradients=int(stats["n_steps"].sum()) + tuning,
        tuning_gradients=tuning,
        divergences=int(stats["diverging"].sum()),
        stats=stats,
    )


add(
    Sampler(
        "nutpie_nuts",
        Settings,
        prepare,
        "No-U-Turn sampler in Rust, through a Python callback",
        typical_s=(6.0, 4.0),
        link="https://pymc-devs.github.io/nutpie/",
        needs=("jax", "numpyro", "nutpie"),
        distributions=("nutpie",),
        environment="backends-latest",
        short_name="nutpie",
    )
)
