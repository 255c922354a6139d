"""What a worker leaves in its scratch folder beside its result: its phase, and facts for an answer.

Facts are whatever JSON holds; they lie in the file that the draws of a trial would be in, so that
they travel and are checked as those are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.files import write_whole
from samplerbench.harness.records import Job

PHASE, DRAWS = "phase.txt", "draws.npz"


def enter_phase(job: Job, name: str) -> None:
    """Tell the coordinator what the worker of ``job`` is at from now on."""
    write_whole(Path(job.scratch) / PHASE, name)


def save_facts(job: Job, facts: Any, **arrays: np.ndarray) -> None:
    """Write the answer to ``job``: ``facts``, and arrays beside them."""
    with open(Path(job.scratch) / DRAWS, "wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)


def read_facts(scratch: Path) -> Any:
    """The facts that a worker left in its folder ``scratch``."""
    with np.load(scratch / DRAWS, allow_pickle=False) as arrays:
        return json.loads(str(arrays["facts"]))
