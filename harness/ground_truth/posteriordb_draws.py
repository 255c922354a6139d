"""Reference draws of posteriordb as a trial's ground truth: what of them is compared."""

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
    if source != load.find_reference(trial.model):  # a reference of the user's own
        shutil.copyfile(source, copy)
        return
    chains, parameters = folder.read_json(source, list), load.list_parameters(trial.model)
    if not chains or not all(isinstance(chain, dict) for chain in chains):
        raise folder.read_error(source, "it is not a list of chains, each a dict of lists")
    sites = dict.fromkeys(name.partition("[")[0] for name in chains[0])
    if not set(sites) & set(parameters):
        raise UsageError(
            f"reference {str(source)!r} holds {', '.join(sites) or '(nothing)'}, none of which the "
            f"program of {trial.model_label!r} has\n  expected: {', '.join(parameters)}"
        )
    if set(sites) <= set(parameters):
        shutil.copyfile(source, copy)
        return
    shared = [
        {name: draws for name, draws in chain.items() if name.partition("[")[0] in parameters}
        for chain in chains
    ]
    if source.suffix != ".zip":
        copy.write_text(json.dumps(shared))
        return
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("draws.json", json.dumps(shared))
