"""The files in a worker's scratch folder; what it writes there: its phase, and an answer's facts.

Facts are whatever JSON holds; they lie in the file that the draws of a trial would be in, so that
they travel and are checked as those are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.files import write_whole
from samplerbench.harness.records import Job

#: names of the files there
DRAWS, LOG, PHASE, RESULT = "draws.npz", "log.txt", "phase.txt", "result.json"


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
        return parse_facts(arrays)


def parse_facts(arrays: Mapping[str, np.ndarray]) -> Any:
    """The facts among the arrays of an answer."""
    return json.loads(str(arrays["facts"]))
