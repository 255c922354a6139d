"""What metrics compute their columns from: one finished trial with its draws and ground truth."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth.varying_components import find_varying_in_runs
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring import summarise_replicates
from samplerbench.harness.scoring.margins import DEFAULT, Margins
from samplerbench.harness.scoring.metrics.base import Score, metrics, no_score
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.ess_rhat import Claims
from samplerbench.models.base import Exact

Array = np.ndarray
T = TypeVar("T")


class Unfit(ValueError):
    """Draws that lack what the ground truth is about; the text says what."""


@dataclass(frozen=True, eq=False)
class TrialData:
    """One finished trial as metrics see it; what is derived from it is computed once."""

    trial: Trial
    result: Result
    file: DrawsFile
    names: tuple[str, ...]  # of the scalar components
    x: Array  # draws, [replicate, chain, draw, component]
    exact: Exact | None  # the ground truth
    no_truth: str = ""  # why there is no ground truth
    margins: Margins = DEFAULT  # what its verdict tolerates
    _memo: dict[Any, Any] = field(default_factory=dict)

    @functools.cached_property
    def log_w(self) -> Array | None:
        """Log weights of the draws, [replicate, chain, draw]; None where all count alike."""
        return self.file.get("log_weights")

    @functools.cached_property
    def claims(self) -> Claims | None:
        """What equal-weight draws claim about themselves; None for weighted draws."""
        return None if self.log_w is not None else ess_rhat.claims(self.x)

    @functools.cached_property
    def summary(self) -> ReplicateSummary:
        """Each replicate against the ground truth, for metrics that need one."""
        assert self.exact is not None, "a metric that needs a ground truth says so"
        log_z, log_z_err = self.file.get("log_z"), self.file.get("log_z_err")
        summary = summarise_replicates.summarise(
            self.x, self.exact, self.log_w, self.file.get("ess"), log_z, log_z_err, self.claims
        )
        return replace(summary, margins=self.margins, labels=tuple(self.result.replicate_names))

    @functools.cached_property
    def joint_summary(self) -> ReplicateSummary:
        """The same with the joint posterior's directions beside the parameters, for the verdict."""
        assert self.exact is not None, "a verdict that needs a ground truth says so"
        ess = self.file.get("ess")
        return summarise_replicates.add_joint(self.summary, self.x, self.exact, self.log_w, ess)

    def score(self, name: str) -> Score:
        """The score in another metric's column."""
        entry = metrics.get(name)
        reasons = (need(self) for need in entry.needs)
        reason = next((reason for reason in reasons if reason), "")
        return no_score(reason) if reason else self.compute_once(entry.compute)

    def compute_once(self, compute: Callable[[TrialData], T]) -> T:
        """``compute(self)``, called once however many metrics ask for it."""
        if compute not in self._memo:
            self._memo[compute] = compute(self)
        return self._memo[compute]


def read(
    trial: Trial,
    result: Result,
    file: DrawsFile,
    exact: Exact | None,
    no_truth: str = "",
    sites: Collection[str] | None = None,
    margins: Margins = DEFAULT,
) -> TrialData:
    """The trial's draws from ``file``, of what the ground truth is about where there is one.

    Without one they are of ``sites`` (None: all), where the draws hold any of these. Components
    that are fixed while others of their site vary are left out where nothing says which count.
    Raises Unfit where the draws lack a component of the ground truth, or have one more.
    """
    if trial.calibrate:
        exact = None  # each replicate has data of its own; the truths that made them are the judge
    owners: tuple[str, ...] = ()
    if exact:
        names = exact.names
    else:
        names, owners = file.component_names(file.truths() if trial.calibrate else sites)
        if not names:
            names, owners = file.component_names()
    try:
        x = file.components(names)
    except (KeyError, IndexError) as error:
        raise Unfit(error.args[0]) from error  # a KeyError's text is a repr of it
    if exact:
        _refuse_further(file, exact)
    if exact is None and not trial.calibrate:
        free = find_varying_in_runs(owners, x, file.get("log_weights"))
        names = tuple(name for name, kept in zip(names, free, strict=True) if kept)
        x = x[..., free]
    return TrialData(trial, result, file, names, x, exact, no_truth, margins)


def _refuse_further(file: DrawsFile, exact: Exact) -> None:
    """Raise Unfit where a site that the ground truth knows has further components that vary."""
    site_of, known = dict(zip(*file.component_names(), strict=True)), set(exact.names)
    judged = {site for name, site in site_of.items() if name in known}
    further = {site for name, site in site_of.items() if site in judged and name not in known}
    names = tuple(name for name, site in site_of.items() if site in further)
    if not names:
        return
    sites, x = [site_of[name] for name in names], file.components(names)
    free = find_varying_in_runs(sites, x, file.get("log_weights"))
    for name, varies in zip(names, free, strict=True):
        if varies and name not in known:
            raise Unfit(f"they hold {name!r}, which varies and which the answer knows nothing of")
