"""Names that stood for something else when a campaign began, so that its rows would mix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.campaign_folder import suggest_folder
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.models.loading.program_file import is_program

FACT = "versions"  # environment's digest -> package -> version, where the campaign began
FIRST = ("jax", "jaxlib", "numpyro", "numpy")  # of changes, for who upgrades
MOST_CHANGES = 6  # of versions that are named


def note_versions(store: Store, trials: Sequence[Trial]) -> None:
    """Keep what is installed in the environments of ``trials``, to say later what has changed."""
    known = store.fact(FACT) or {}
    missing = {t.environment_digest: t.environment for t in trials}
    new = {digest: name for digest, name in missing.items() if digest not in known}
    if new:
        store.set_fact(FACT, known | {d: environments.list_versions(n) for d, n in new.items()})


def refuse_changed(store: Store, trials: Sequence[Trial]) -> None:
    """Raise UsageError where the campaign holds trials of what a name of ``trials`` was before."""
    now: dict[tuple[str, str], dict[str, Trial]] = {}
    for trial in trials:
        for what, name, digest in _list_digests(trial):
            now.setdefault((what, name), {})[digest] = trial
    for before in store.trials():
        for what, name, digest in _list_digests(before):
            known = now.get((what, name), {})
            if known and digest not in known:
                new = ", ".join(sorted(each[:8] or "none" for each in known))
                change = _describe_change(what, store, before, next(iter(known.values())))
                raise UsageError(
                    f"{what} {name!r} has changed since the campaign in {str(store.folder)!r} "
                    f"began (it was {digest[:8] or 'none'}, it is {new}{change}): nothing would "
                    f"tell its rows apart\n  expected: {_advise(store.folder)}"
                )


def _list_digests(trial: Trial) -> Iterator[tuple[str, str, str]]:
    """What the trial names, and the digest of what each name stood for."""
    yield "model", trial.model_label, trial.model_digest
    yield "the data of model", trial.model_label, trial.data_file_digest
    judged = ",".join(trial.deterministic or ())
    yield "what is judged of model", trial.model_label, judged
    yield "sampler", trial.sampler, trial.sampler_digest
    yield "environment", trial.environment, trial.environment_digest
    if trial.reference:
        yield "reference", trial.reference, trial.reference_digest


def _describe_change(what: str, store: Store, before: Trial, now: Trial) -> str:
    """What is known to differ, in words; "" where that is the digest alone."""
    if what == "model" and is_program(now.model):
        return "; of a function that is its code, its data or what it closes over"
    if what == "model" and before.model != now.model:
        return f"; {before.model} then, {now.model} now"
    if what != "environment":
        return ""
    changes = _list_version_changes(store, before, now.environment)
    more = len(changes) - MOST_CHANGES
    shown = [*changes[:MOST_CHANGES], *([f"{more} more"] if more > 0 else [])]
    return f"; {', '.join(shown)}" if shown else ""


def _list_version_changes(store: Store, before: Trial, environment: str) -> list[str]:
    """Packages whose version is another one in ``environment`` now, as "jax 0.4.23, now 0.4.30"."""
    known = (store.fact(FACT) or {}).get(before.environment_digest, {})
    now = environments.list_versions(environment) if known else {}
    names = sorted(known | now, key=lambda name: (name not in FIRST, name))
    pairs = [(name, known.get(name, "none"), now.get(name, "none")) for name in names]
    return [f"{name} {was}, now {new}" for name, was, new in pairs if was != new]


def _advise(folder: Path) -> str:
    """What to do: another folder, and what shows both side by side."""
    other = suggest_folder(folder)
    return (
        f"a folder of its own for what it is now, as --out {other}; then `samplerbench compare "
        f"{folder} {other}` shows what the change did"
    )
