"""Reference draws of posteriordb as a trial's answer: what of them is compared."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.records import Trial
from samplerbench.models.posteriordb import folder, load


def copy_reference(trial: Trial, copy: Path) -> None:
    """Write to ``copy`` the reference draws of what the program has a site of that name for.

    What the database holds beside them, such as a quantity derived from parameters, has nothing to
    be compared with. Raises UsageError where nothing is left and for draws that can't be read.
    """
    source = Path(trial.reference)
    if source != load.reference(trial.model):  # a reference of the user's own
        shutil.copyfile(source, copy)
        return
    chains, known = folder.read(source, list), load.parameters(trial.model)
    if not chains or not all(isinstance(chain, dict) for chain in chains):
        raise folder.unreadable(source, "it is not a list of chains, each a dict of lists")
    held = dict.fromkeys(name.partition("[")[0] for name in chains[0])
    if not set(held) & set(known):
        raise UsageError(
            f"reference {str(source)!r} holds {', '.join(held) or '(nothing)'}, none of which the "
            f"program of {trial.model_label!r} has\n  expected: {', '.join(known)}"
        )
    if set(held) <= set(known):
        shutil.copyfile(source, copy)
        return
    kept = [{n: x for n, x in c.items() if n.partition("[")[0] in known} for c in chains]
    if source.suffix != ".zip":
        copy.write_text(json.dumps(kept))
        return
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("draws.json", json.dumps(kept))
