"""A stored campaign as Python reads it: its trials, results, rows and draws."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import sweep
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.trial_scores import TrialScores
from samplerbench.harness.records import Trial
from samplerbench.user_files import as_path

if TYPE_CHECKING:
    import pandas

    from samplerbench.harness.campaign.replicate_draws import Choice
    from samplerbench.models.base import Exact


@contextmanager
def no_collection() -> Iterator[None]:
    """Disable the cyclic garbage collector while building many acyclic records.

    It would go through all of them again and again, and take half of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Campaign:
    """A stored campaign: its trials, their results, rows and draws."""

    def __init__(self, store: Store) -> None:
        self.store, self.folder = store, store.folder
        self.trial_scores = TrialScores(store)
        self._rows: list[dict[str, Any]] = []
        self._rows_of: tuple[int, int] | None = None  # the store's state that they were built from

    def close(self) -> None:
        """Close its database; nothing can be read from it after that."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def exact(self, trial: Trial) -> Exact | None:
        """Ground truth of the trial's model, or None; see ``harness.ground_truth.select``.

        Also None where the model is registered no more.
        """
        try:
            return self.trial_scores.exact(trial)
        except UsageError:
            return None

    def scores(self, trial: Trial) -> dict[str, Any]:
        """The scores of a finished trial, computed once and kept in the store."""
        return self.trial_scores.get(trial)

    def rows(self, first: int | None = None) -> list[dict[str, Any]]:
        """One dict a finished trial, in the order of the plan.

        Its keys are ``harness.scoring.columns.COLUMNS``. ``first``: no more than so many. Trials
        without scores are scored. The whole list is built once, until the store changes.
        """
        if self._rows_of is not None and self._rows_of == self.store.state():
            return self._rows[:first]
        with no_collection():
            rows = list(self.each_row(first))
        if first is None:
            self._rows, self._rows_of = rows, self.store.state()
        return rows[:]

    def each_row(self, first: int | None = None) -> Iterator[dict[str, Any]]:
        """The rows one by one, for what needs no more than one at a time.

        Trials without scores are scored before the first row comes.
        """
        from samplerbench.harness.scoring import columns, score_trial

        for trial in self.store.unscored_trials(score_trial.VERSION, first):
            if self.store.result(trial.id) is not None:  # a damaged one has no row
                self.scores(trial)
        axes = self.store.fact("sweep") or ()
        for trial, result, scores in self.store.finished_records(score_trial.VERSION, first):
            # a folder that can't be written has kept no scores
            swept = sweep.describe_position(trial, axes)
            yield columns.row(trial, result, scores or self.scores(trial), swept)

    def draws(
        self,
        sampler: str,
        *,
        replicate: Choice = 0,
        mode: str = "replicates",
        resample: int | None = None,
        trial: str | None = None,
        model: str | None = None,
    ) -> Any:
        """Draws of one replicate, of several (a slice), or of all (None), for ArviZ.

        With ArviZ 0.x an ``arviz.InferenceData``, with 1.x an ``xarray.DataTree``, of the groups
        ``posterior``, ``[chain, draw, *event]``, and ``sample_stats``, as ArviZ's schema has them;
        several replicates are chains side by side, of which the coordinate ``replicate`` tells the
        number. ``sampler`` is the label in the tables, as ``numpyro_hmc:trajectory_length=1.5``;
        where several trials share it, ``model``, its name in the table, or ``trial`` tells them
        apart. ``mode="plain"`` gives the first (0) and second (1) plain run.

        Of weighted draws, ``posterior`` is an equal-weight sample: a systematic resample in random
        order, of the size of the ESS that the sampler claims (Kish's where it claims none,
        ``resample`` where that is given; of several replicates the least), so that ArviZ's standard
        errors are the sampler's own. ``attrs["weights"]`` says so. ``weighted_posterior`` holds
        every point with its ``log_weight`` and its statistics.

        Raises UsageError for a label that is not there, for a trial without draws, for ``resample``
        of draws without weights, and where ArviZ is missing.
        """
        from samplerbench.harness.campaign.arviz_export import export_draws
        from samplerbench.harness.campaign.replicate_draws import read_replicates

        stored = read_replicates(self, sampler, replicate, mode, trial, model)
        return export_draws(self, stored, resample)

    def frame(
        self,
        sampler: str,
        *,
        replicate: Choice = 0,
        mode: str = "replicates",
        trial: str | None = None,
        model: str | None = None,
    ) -> pandas.DataFrame:
        """Draws of one sampler as a DataFrame: a row a draw, a column a component ("beta[0]").

        Index: replicate, chain, draw. Weighted draws have a column ``weight``, 1 at the most in
        each replicate, and no rows where that is 0. The arguments are those of ``draws``.
        """
        from samplerbench.harness.campaign.replicate_draws import make_frame, read_replicates

        return make_frame(read_replicates(self, sampler, replicate, mode, trial, model))


def load(folder: str | PathLike[str]) -> Campaign:
    """The campaign in ``folder``, for reading; raises StoreError where there is none."""
    return Campaign(Store.open(as_path("folder", folder)))
