"""What draws look like where the posterior may not integrate to one: they overflow or wander."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth.varying_components import find_varying_in_runs
from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.self_diagnostics import RHAT_FEW

Array = np.ndarray

APART = 10.0  # of its own sds: a run whose mean is as far from all others' is where no other is


@np.errstate(all="ignore")
def describe_wandering(path: Path, improper: Collection[str], rhat: float = RHAT_FEW) -> str:
    """Why no answer is to be had, where most runs in ``path`` never settle; "" where they do.

    ``improper``: the sites whose priors do not integrate to one. Without one a posterior is proper.
    ``rhat``: of a run by itself, from which on it counts as drifting.
    """
    if not improper:
        return ""
    with DrawsFile(path) as file:
        names, owners = file.component_names(improper)
        if not names or file.get("log_weights") is not None:
            return ""
        x = file.components(names)
    x = x[..., find_varying_in_runs(owners, x, None)]
    overflows = ~np.isfinite(np.square(x)).all(axis=(1, 2, 3))
    lost = overflows | _wanders(x, rhat)
    if lost.mean() <= 0.5:
        return ""
    words = [
        word for word, runs in (("overflow", overflows), ("wander", ~overflows)) if runs[lost].any()
    ]
    return (
        f"draws {' or '.join(words)} in {lost.sum()} of {len(x)} runs: the posterior may be "
        f"improper, as the prior of {', '.join(map(repr, improper))} is; give it bounds, or a prior"
        " that integrates to one"
    )


def _wanders(x: Array, rhat: float) -> Array:
    """Whether a run of ``x[run, chain, draw, component]`` drifts, is stuck or is alone, [run]."""
    claims = ess_rhat.claims(x)
    settled = (claims.rhat <= rhat).all(axis=1)  # not where it is no number
    places = claims.mean[settled]
    for run in np.flatnonzero(settled) if len(places) > 1 else ():  # several may share a mode
        near = np.abs(places - claims.mean[run]) < APART * claims.sd[run]
        settled[run] = (near.sum(axis=0) > 1).all()
    return ~settled
