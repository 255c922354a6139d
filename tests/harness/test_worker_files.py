"""What a worker leaves beside its result is read as it was written."""

from __future__ import annotations

import numpy as np

from samplerbench.harness import scratch_folder
from samplerbench.harness.records import Job
from samplerbench.harness.worker_files import enter_phase, read_facts, save_facts
from tests.support.trials import small


def test_a_phase_and_facts_are_what_the_worker_said(tmp_path):
    job = Job(small(), str(tmp_path), 0.0)
    enter_phase(job, "import")
    assert scratch_folder.read_phase(tmp_path) == "import"
    facts = [{"name": "runs", "passed": None}]
    save_facts(job, facts, mean=np.arange(3))
    assert scratch_folder.holds_draws(tmp_path) and read_facts(tmp_path) == facts
    with np.load(tmp_path / scratch_folder.DRAWS) as arrays:
        assert arrays["mean"].tolist() == [0, 1, 2]
