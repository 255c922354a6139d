"""What the energies of Hamiltonian Monte Carlo tell of how it moves between them."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, number
from samplerbench.harness.scoring.trial_data import TrialData

Array = np.ndarray


def energies(data: TrialData) -> str:
    """The energy of each draw, as Hamiltonian samplers have it."""
    known = "energy" in data.file.stats()
    return "" if known else "no energies: not Hamiltonian Monte Carlo, or not kept"


def measure_ebfmi(energy: Array) -> Array:
    """E-BFMI of each chain [replicate, chain], of energies [replicate, chain, draw].

    How much energies change from draw to draw, over how much they vary (Betancourt 2016,
    arXiv:1604.00695, eq. 3); NaN where they are not finite or do not vary.
    """
    energy = np.asarray(energy, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.square(np.diff(energy)).mean(axis=-1) / energy.var(axis=-1)


@metric(
    "claimed",
    "E-BFMI of the worst chain, median over replicates; below 0.3 energies are explored slowly",
    "higher",
    needs=[energies],
)
def ebfmi(data: TrialData) -> Score:
    """How freely the momenta's energy moves a chain between energies."""
    least = measure_ebfmi(data.file.stats()["energy"]).min(axis=1)
    finite = least[np.isfinite(least)]
    return number(float(np.median(finite)) if finite.size else None, "energies are not finite")
