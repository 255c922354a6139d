"""Names that stood for something else when a campaign began, so that its rows would mix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import Trial


def refuse_changed(store: Store, trials: Sequence[Trial]) -> None:
    """Raise UsageError where the campaign holds trials of what a name of ``trials`` was before."""
    now: dict[tuple[str, str], set[str]] = {}
    for trial in trials:
        for what, name, digest in _list_digests(trial):
            now.setdefault((what, name), set()).add(digest)
    for trial in store.trials():
        for what, name, digest in _list_digests(trial):
            known = now.get((what, name), {digest})
            if digest not in known:
                new = ", ".join(sorted(each[:8] or "none" for each in known))
                raise UsageError(
                    f"{what} {name!r} has changed since the campaign in {str(store.folder)!r} "
                    f"began (it was {digest[:8] or 'none'}, it is {new}): nothing would tell its "
                    "rows apart\n  expected: a folder of its own for what it is now, by --out"
                )


def _list_digests(trial: Trial) -> Iterator[tuple[str, str, str]]:
    """What the trial names, and the digest of what each name stood for."""
    yield "model", trial.model_label, trial.model_digest
    yield "the data of model", trial.model_label, trial.data_file_digest
    yield "sampler", trial.sampler, trial.sampler_digest
    yield "environment", trial.environment, trial.environment_digest
    if trial.reference:
        yield "reference", trial.reference, trial.reference_digest
