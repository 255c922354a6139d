"""What chains of BlackJAX's kernels share."""

from __future__ import annotations

from typing import Any

import numpy as np

GRADIENTS = 2  # of a step of the minimal-norm integrator, McLachlan (1995)


def draw_steps(kernel: Any, key: Any, state: Any, draws: int) -> tuple[Any, dict[str, Any], Any]:
    """Positions [draw, dim], statistics [draw], and steps of the integrator, of a chain's draws."""
    import jax

    def step(state: Any, key: Any) -> Any:
        state, info = kernel.step(key, state)
        stats = {
            "accept_prob": info.acceptance_rate,
            "diverging": info.is_divergent,
            "lp": state.logdensity,
            "n_steps": info.num_integration_steps.astype(np.int32),
        }
        if hasattr(info, "num_trajectory_expansions"):  # NUTS
            stats["tree_depth"] = info.num_trajectory_expansions.astype(np.uint8)
            stats["energy"] = info.energy
        return state, (state.position, stats, info.num_integration_steps)

    _, (u, stats, steps) = jax.lax.scan(step, state, jax.random.split(key, draws))
    return u, stats, steps.astype(np.int32).sum()
