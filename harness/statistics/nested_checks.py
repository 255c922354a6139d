"""What runs of nested sampling show without an exact answer: effective draws, insertions, ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from samplerbench.harness.statistics.insertion_index import insertion_index

Array = np.ndarray

#: fewer effective draws than a mean's errors are normal from, as in the verdict; a p that right
#: runs have once in a thousand; points that share one likelihood
LEAST_ESS, LEAST_P, MOST_TIES = 25, 1e-3, 0.01


@dataclass(frozen=True)
class NestedChecks:
    """Of each run, [replicate]; NaN: not known."""

    ess: Array  # as the sampler claims it
    insertion_p: Array
    ties: Array  # largest share of the points that lie on one likelihood

    def list_tests(self) -> dict[str, Array]:
        """Reason -> which replicates fail for it.

        On a plateau a contour shrinks by a part that is not known (Fowlie, Handley and Su 2021,
        MNRAS 503:1199).
        """
        with np.errstate(invalid="ignore"):
            return {
                f"ESS below {LEAST_ESS}": self.ess < LEAST_ESS,
                f"insertion p below {LEAST_P:g}": self.insertion_p < LEAST_P,
                f"more than {100 * MOST_TIES:g} % of the points on one likelihood": self.ties
                > MOST_TIES,
            }


def check_nested(stats: Mapping[str, Array], log_w: Array, ess: Array | None) -> NestedChecks:
    """The checks of runs with log weights ``log_w[replicate, chain, draw]``.

    ``stats``: per draw ``log_l`` and the contour ``log_l_birth`` that it was drawn above; without
    contours, as of importance sampling, points tell nothing. ``ess`` is the sampler's own.
    """
    count = len(log_w)
    p, ties = np.full(count, np.nan), np.full(count, np.nan)
    for r in range(count if "log_l_birth" in stats else 0):
        real, rng = np.isfinite(log_w[r, 0]), np.random.default_rng([r, 0x1D])
        log_l, birth = (stats[name][r, 0][real] for name in ("log_l", "log_l_birth"))
        found, _ = insertion_index(log_l, birth, rng)
        p[r], ties[r] = np.nan if found is None else found, _share_tied(log_l)
    return NestedChecks(np.full(count, np.nan) if ess is None else ess, p, ties)


def _share_tied(log_l: Array) -> float:
    finite = log_l[np.isfinite(log_l)]
    if not len(finite):
        return float("nan")
    most = int(np.unique(finite, return_counts=True)[1].max())
    return most / len(finite) if most > 1 else 0.0
