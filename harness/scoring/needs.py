"""What metrics can need of a trial: each function gives the reason where it is not there, or "".

A metric's own file may hold further ones.
"""

from __future__ import annotations

from samplerbench.harness.scoring.trial_data import TrialData

NO_TRUTH = "no exact answer"


def ground_truth(data: TrialData) -> str:
    """Exact moments of the posterior, or those of a reference."""
    if data.trial.calibrate:
        return "each replicate has data of its own; see sbc_p"
    return "" if data.exact is not None else data.no_truth or NO_TRUTH


def replicates(data: TrialData) -> str:
    """At least two replicates: one error has no scatter, and any number made of it no meaning."""
    return "" if len(data.x) > 1 else "too few replicates: 1"


def simulated_truths(data: TrialData) -> str:
    """Parameters drawn from the prior that made the data of each replicate."""
    return "" if data.trial.calibrate else "asked for with --calibrate prior"


def equal_weights(data: TrialData) -> str:
    """Draws that all count alike."""
    return "" if data.log_w is None else "weighted draws have no such number; see ess"


def weights(data: TrialData) -> str:
    """Weighted draws, as nested sampling gives them."""
    return "" if data.log_w is not None else "the draws have equal weights"


def birth_contours(data: TrialData) -> str:
    """The likelihood contour above which each point of nested sampling was drawn."""
    known = "log_l_birth" in data.file.stats()
    return "" if known else "no birth contours: not nested sampling, or not kept"


def named_modes(data: TrialData) -> str:
    """A model that names its modes, with their exact weights."""
    return "" if data.summary.modes is not None else "the model names no modes"
