"""The scores of a campaign's trials, each computed once against the best ground truth there is."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError, one_line
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import Result, Trial
from samplerbench.samplers.base import samplers
from samplerbench.text import format_count, tell

if TYPE_CHECKING:
    from samplerbench.harness.ground_truth.voices import ConsensusRow, Silence
    from samplerbench.harness.scoring.margins import Margins
    from samplerbench.models.base import Exact


NO_LONG_RUN = "no long run was made; the same command without --no-long-run makes one"
MOST_KEPT = 32  # ground truths, and summaries of draws of other models, each of up to some MB


class TrialScores:
    """Scores trials and keeps their scores in the store; ground truth is read once a model."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._exact: dict[str, Exact | None] = {}
        self._voices: dict[str, ConsensusRow | Silence] = {}  # by trial
        self._lacks_voices = False  # of trials whose draws are lost

    def exact(self, trial: Trial) -> Exact | None:
        """Ground truth of the trial's model, or None; see ``harness.ground_truth.select``."""
        from samplerbench.harness.ground_truth import select

        name = select.model_key(trial) + trial.reference_digest
        if name not in self._exact:
            _make_room(self._exact)
            self._exact[name] = select.find_ground_truth(self._store.folder, trial)[0]
        return self._exact[name]

    def get(self, trial: Trial) -> dict[str, Any]:
        """The scores of a finished trial: the stored ones, or computed and stored now.

        Those that lack lost draws, the trial's own or of one that it is compared with, or a model
        or its answer, are not stored: these may come back. Nor are those of what another process
        has changed meanwhile.
        """
        from samplerbench.harness.scoring import score_trial

        stored = self._store.score(trial.id, score_trial.VERSION)
        if stored is not None:
            return stored
        seen = self._store.state()
        result = self._store.result(trial.id)
        if result is None:
            raise KeyError(f"trial {trial.id} has no result yet")
        if result.status == "ok" and (lost := self._store.explain_lost_draws(trial.id)):
            return score_trial.give_no_numbers(lost)
        self._lacks_voices = False
        try:  # a size that the worker's memory did not hold is not built here either
            exact, why = self._ground_truth(trial, result) if result.status == "ok" else (None, "")
            sites = self._latents(trial)
        except UsageError as error:  # a model that is registered no more, a damaged answer
            return score_trial.give_no_numbers(one_line(error))
        path = self._store.draws_path(trial.id)
        scores = score_trial.score(trial, result, path, exact, why, sites, self._margins())
        if not self._lacks_voices:
            self._store.save_scores(trial.id, score_trial.VERSION, scores, seen)
        return scores

    def set_margins(self, texts: Collection[str]) -> None:
        """Keep what verdicts are to tolerate; what was scored with other margins is scored anew."""
        if list(texts) == self._store.fact("margin"):
            return
        self._store.set_fact("margin", list(texts))
        if finished := self._store.count_finished():
            rows = f"{format_count(finished, 'row')} of {self._store.folder}"
            tell(f"{rows}, judged anew by {self._margins()}")
        self._store.delete_scores([trial.id for trial in self._store.trials()])

    def _margins(self) -> Margins:
        """What verdicts of this campaign tolerate."""
        from samplerbench.harness.scoring.margins import read_margins

        return read_margins(self._store.fact("margin") or ())

    def renew_seconds(self, trial: Trial, result: Result) -> dict[str, Any] | None:
        """Stored scores as a result with more blocks has them; None where there are none."""
        from samplerbench.harness.scoring import score_trial

        scores = self._store.score(trial.id, score_trial.VERSION)
        if scores is not None:
            scores["columns"] = score_trial.renew_seconds(scores["columns"], result)
        return scores

    def list_stale(self, trial: Trial) -> list[str]:
        """Trials whose scores a new result of ``trial`` changes: where rows judge one another."""
        exact = self.exact(trial)
        if trial.calibrate or (exact is not None and not exact.single_source):
            return []
        self._voices.pop(trial.id, None)
        return [sibling.id for sibling in self._siblings(trial)]

    def _siblings(self, trial: Trial) -> list[Trial]:
        """All trials of the same model and data that only other rows can judge."""
        from samplerbench.harness.ground_truth.select import model_key

        name = model_key(trial)
        candidates = [t for t in self._store.trials() if not (t.calibrate or t.reference)]
        return [t for t in candidates if model_key(t) == name]

    def _latents(self, trial: Trial) -> Collection[str] | None:
        """The latent sites that the model's inspection lists; None where it lists none."""
        from samplerbench.harness.ground_truth import select

        return select.latent_shapes(self._store.folder, trial)

    def _ground_truth(self, trial: Trial, result: Result) -> tuple[Exact | None, str]:
        """What the trial is judged by, or None and the reason."""
        from samplerbench.harness.ground_truth import (
            consensus,
            improper_posterior,
            long_run,
            select,
        )
        from samplerbench.harness.scoring.verdict_words import LEAST

        other = select.explain_other_data(self._store.folder, trial, result)
        if other and not trial.calibrate:
            return None, other
        exact = self.exact(trial)
        if trial.calibrate or (exact is not None and not exact.single_source):
            return exact, ""
        voices = self._hear(trial)
        if exact is not None:
            return consensus.confirm(exact, _family_of(long_run.SAMPLER), list(voices.values()))
        own, family = voices.get(trial.id), _family(trial)
        record = long_run.read_record(select.long_run_path(self._store.folder, trial))
        truth, why = consensus.find_consensus(
            own,
            family,
            list(voices.values()),
            elsewhere=bool(trial.outside_digest),
            apart=_family_of(long_run.SAMPLER) if record and record.stays_apart else "",
        )
        if truth is None:
            improper = select.improper_sites(self._store.folder, trial)
            wandering = improper_posterior.describe_wandering(
                self._store.draws_path(trial.id), improper
            )
            if wandering:
                return None, wandering
        if truth is None and record is None and trial.most_replicates < LEAST:
            count = format_count(trial.most_replicates, "replicate")
            return None, f"{count}; a verdict, and a long run to judge by, need {LEAST}"
        if why:
            why += f"; no long run: {record.why}" if record else f"; {NO_LONG_RUN}"
        return truth, why

    def _hear(self, trial: Trial) -> dict[str, ConsensusRow | Silence]:
        """The voice of each finished trial of the same model, by trial, or why it has none."""
        from samplerbench.harness.ground_truth.voices import summarise_row

        sites = self._latents(trial)
        siblings = self._store.select_ok(self._siblings(trial))
        new = [t for t in siblings if t.id not in self._voices and not self._has_other_data(t)]
        kept = self._store.drop_lost_draws(new)
        self._lacks_voices = len(kept) < len(new)
        if len(self._voices) + len(kept) > MOST_KEPT:  # those of other models
            names = {t.id for t in siblings}
            self._voices = {name: v for name, v in self._voices.items() if name in names}
        for each in kept:
            path, family = self._store.draws_path(each.id), _family(each)
            self._voices[each.id] = summarise_row(each, path, sites, family)
        known = [t.id for t in siblings if t.id in self._voices]
        return {name: self._voices[name] for name in known}

    def _has_other_data(self, trial: Trial) -> bool:
        from samplerbench.harness.ground_truth import select

        result = self._store.result(trial.id)
        return bool(result and select.explain_other_data(self._store.folder, trial, result))


def _make_room(kept: dict[str, Any]) -> None:
    """Forget the oldest of what has been read where there are MOST_KEPT."""
    if len(kept) >= MOST_KEPT:
        del kept[next(iter(kept))]


def _family(trial: Trial) -> str:
    """The samplers that the trial's shares its blind spots with.

    Of draws that were made elsewhere nothing is known. Most are of a NUTS, as the long run is, and
    must not confirm what that missed, too.
    """
    from samplerbench.harness.ground_truth import long_run

    return _family_of(long_run.SAMPLER if trial.outside_digest else trial.sampler)


def _family_of(sampler: str) -> str:
    """The samplers that ``sampler`` shares its blind spots with; its own name where it is alone."""
    try:
        return samplers.get(sampler).family or sampler
    except UsageError:  # a plug-in that is no more installed
        return sampler
