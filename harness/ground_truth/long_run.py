"""Ground truth by a long run: many chains of one sampler, each started from the prior.

The conditions are those that posteriordb sets its reference draws (Magnusson et al. 2024,
https://github.com/stan-dev/posteriordb): rank-normalised split R-hat below 1.01 over all chains,
hardly a divergence, and chains that can be thinned until neighbours are nearly uncorrelated. Where
posteriordb has ten chains of 10,000 draws, here are as many as judge the claims of a campaign: the
run's own error is common to all replicates, and below CLAIMS times a claimed ESS it would move the
errors that are held against that claim by more than 2 %.

Draws are kept more densely than that, since their errors allow for autocorrelation: of an
autoregression the mean of draws with a lag-1 autocorrelation of 0.1 has 1.4 times the variance that
all draws give, and at 0.5 it has 1.04 times that.

Chains start from the prior, so that they find modes that are far apart. Where some never leave a
start at which hardly a step is accepted, or take far longer than others, the run is made again with
the starts that the sampler has of its own, as posteriordb's are Stan's own.

All chains have one sampler's blind spots. So a long run is *unconfirmed* until a sampler of another
family agrees with it (``harness.ground_truth.consensus``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth.kept_files import name_damaged
from samplerbench.harness.ground_truth.reference_files import truth_from_draws
from samplerbench.harness.ground_truth.varying_components import stack_varying
from samplerbench.harness.records import LEAST_CHAINS, MOST_DIVERGENT, Trial, format_label
from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.self_diagnostics import RHAT_FEW
from samplerbench.models.base import Exact, Sites

Array = np.ndarray

SAMPLER = "numpyro_nuts"
SEED = 760_000_000  # far from those of replicates
CLAIMS = 25  # effective draws for each that a replicate may claim; see harness.scoring.agreement
RHAT = 1.01
RHAT_APART = 1.1  # above, chains that are settled are at places apart
SETTLED_SHARE = 0.9  # of the chains
DIVERGING = 0.5  # share of a chain's draws, where it never found the posterior
MOST_DIVERGING = 0.25  # of the chains, that may be their starts' fault
LAG_1 = 0.1  # autocorrelation of neighbours that thinning must reach
KEPT_LAG_1 = 0.5  # and that of the draws that are kept
LEAST_DRAWS = 20  # of a chain after thinning
EFFICIENCY = 0.5  # effective draws a draw, as guessed beforehand


APART = "they do not go from mode to mode"  # how the reason ends that there is no answer


@dataclass(frozen=True)
class Effort:
    """One attempt at a long run: settings of the sampler, iterations and number of chains."""

    settings: dict[str, Any]
    warmup: int
    draws: int
    most_chains: int

    def make_trial(self, trial: Trial) -> Trial:
        """The long run for the model of ``trial``, in 64 bits on the CPU; a replicate a chain."""
        wanted = CLAIMS * trial.draws * trial.chains / (EFFICIENCY * self.draws)
        chains = int(np.clip(np.ceil(wanted), 2 * LEAST_CHAINS, self.most_chains))
        changes: dict[str, Any] = {
            **{"sampler": SAMPLER, "settings": self.settings, "sampler_digest": ""},
            **{"chains": 1, "warmup": self.warmup, "draws": self.draws, "replicates": chains},
            **{"device": "cpu", "precision": 64, "seed": SEED},
        }
        return replace(trial, **changes)


#: each more careful than the one before, which failed; chains start from the prior
EFFORTS = (
    Effort({"init": "sample"}, 500, 2_000, 256),
    Effort({"init": "sample", "noncentered": True, "target_accept_prob": 0.9}, 1_000, 4_000, 64),
    Effort({"init": "sample", "target_accept_prob": 0.95}, 2_000, 10_000, 32),
    Effort({"init": "sample", "noncentered": True, "target_accept_prob": 0.99}, 4_000, 10_000, 16),
)
#: where starts from the prior are too far off: starts of the sampler's own
OWN_STARTS = (
    Effort({}, 500, 1_000, 64),
    Effort({"noncentered": True, "target_accept_prob": 0.9}, 1_000, 4_000, 32),
    Effort({"noncentered": True, "target_accept_prob": 0.99}, 4_000, 10_000, 16),
)


@dataclass(frozen=True)
class LongRun:
    """What is stored of a model's long run beside its draws."""

    why: str = ""  # there is no ground truth from it; "": there is
    chains: int = 0
    ess: float = 0.0  # of the mean of the worst parameter
    seconds: float = 0.0
    label: str = ""  # the sampler with its settings
    attempts: list[str] = field(default_factory=list)  # why earlier attempts did not do
    short_s: float = 0.0  # seconds that it had, where more could do; 0: they would not

    @property
    def stays_apart(self) -> bool:
        """Whether its chains settled where they started: one that starts alike is no answer."""
        return self.why.endswith(APART)

    def save(self, path: Path) -> None:
        """Write the record to ``path`` as JSON."""
        path.write_text(json.dumps(self.__dict__))


class RunFailed(Exception):
    """Raised for a long run that is no ground truth.

    ``hopeless``: more effort won't help. ``far_off``: the chains' starts may be what is wrong.
    """

    def __init__(self, reason: str, hopeless: bool = False, far_off: bool = False) -> None:
        super().__init__(reason)
        self.hopeless, self.far_off = hopeless, far_off


def record_path(draws: Path) -> Path:
    """The file of the record beside the file of draws."""
    return draws.with_suffix(".json")


def read_record(draws: Path) -> LongRun | None:
    """The record of the long run whose draws are in ``draws``; None where none was made."""
    path = record_path(draws)
    if not path.is_file():
        return None
    with name_damaged(path):
        return LongRun(**json.loads(path.read_text()))


def read_long_run(draws: Path) -> Exact | None:
    """The ground truth of a long run that passed, unconfirmed; None where there is none."""
    record = read_record(draws)
    if record is None or record.why:
        return None
    with name_damaged(draws), DrawsFile(draws) as file:
        sites = _read_sites(file)
    source = f"long run ({record.chains} chains of {record.label})"
    return replace(truth_from_draws(sites, source, str(draws)), long_run=True, single_source=source)


def _read_sites(file: DrawsFile) -> Sites:
    """Draws of each site [chain, draw, *event]: a replicate holds a chain."""
    return {name: values[:, 0] for name, values in file.sites().items()}


def accept_draws(path: Path, trial: Trial) -> tuple[Sites, LongRun]:
    """The thinned draws of a long run, site -> [chain, draw, *event], and its record.

    A site with one value in all chains, wherever they start, is fixed by the model and left out.
    Raises RunFailed where they are no ground truth.
    """
    with DrawsFile(path) as file:
        sites = _read_sites(file)
        divergences = file.get("divergences")
    chains, draws = next(iter(sites.values())).shape[:2]
    if chains < LEAST_CHAINS:
        raise RunFailed(
            f"{chains} of its chains ended in time, and {LEAST_CHAINS} are needed", True
        )
    _refuse_nonfinite(sites)
    sites = {name: v for name, v in sites.items() if (v != v[0, 0]).any()} or sites
    if divergences is not None:
        _refuse_diverging(divergences.reshape(chains, -1).sum(axis=1) / trial.draws)
    _refuse_unsettled(_thin(sites, LAG_1))
    kept = _thin(sites, KEPT_LAG_1)
    ess = ess_rhat.claims(stack_varying(kept)[1][None]).ess_mean.min()
    label = format_label(trial.sampler, trial.settings)
    return kept, LongRun(chains=chains, ess=float(ess), label=label)


def _refuse_diverging(shares: Array) -> None:
    """Refuse chains too many of whose draws diverge, by the shares of each chain."""
    if shares.mean() <= MOST_DIVERGENT:
        return
    lost = int((shares > DIVERGING).sum())
    if 0 < lost <= MOST_DIVERGING * len(shares):
        raise RunFailed(f"most draws of {lost} of its {len(shares)} chains diverge", far_off=True)
    raise RunFailed(f"{100 * shares.mean():.2g} % of its draws diverge")


def _refuse_unsettled(sites: Sites) -> None:
    """Refuse chains that do not agree with one another, by draws that are thinned."""
    try:
        truth_from_draws(sites, "", "")
    except UsageError as error:
        raise RunFailed(str(error).partition("\n")[0], True) from error
    names, x = stack_varying(sites)
    claims = ess_rhat.claims(x[None])
    worst = int(np.nanargmax(claims.rhat[0]))
    if not claims.rhat[0].max() < RHAT:
        words = f"R-hat of its {len(x)} chains is {claims.rhat[0, worst]:.3f} for {names[worst]!r}"
        if claims.rhat[0, worst] > RHAT_APART and _settle(x):
            words += f", while each by itself is settled: {APART}"
            raise RunFailed(words, hopeless=True)
        raise RunFailed(words)


def _settle(x: Array) -> bool:
    """Whether nearly every chain of ``x[chain, draw, component]`` by itself is at rest."""
    rhat = ess_rhat.claims(x[:, None]).rhat
    return bool((rhat <= RHAT_FEW).all(axis=1).mean() >= SETTLED_SHARE)


def _refuse_nonfinite(sites: Sites) -> None:
    finite = np.array([np.isfinite(v).reshape(len(v), -1).all(axis=1) for v in sites.values()])
    bad = int((~finite.all(axis=0)).sum())
    if bad:
        raise RunFailed(
            f"draws overflow in {bad} of {finite.shape[1]} chains: the posterior may be improper",
            hopeless=True,
        )


def _thin(sites: Sites, most: float) -> Sites:
    """Every so manyth draw that neighbours correlate by ``most`` at the most."""
    _, x = stack_varying(sites)
    step, draws = 1, x.shape[1]
    while _lag_1(x[:, ::step]) > most:
        step *= 2
        if draws // step < LEAST_DRAWS:
            raise RunFailed(f"draws {step // 2} iterations apart are still correlated")
    return {name: values[:, ::step] for name, values in sites.items()}


def _lag_1(x: Array) -> float:
    """The largest lag-1 autocorrelation of any component of ``x[chain, draw, component]``."""
    off = x - x.mean(axis=1, keepdims=True)
    variance = np.square(off).mean(axis=(0, 1))
    products = (off[:, 1:] * off[:, :-1]).mean(axis=(0, 1))
    varies = variance > 0
    return float((products[varies] / variance[varies]).max(initial=0))
