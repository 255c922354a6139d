"""A further process of a trial: runs replicates that nobody has taken, until there are none."""

from __future__ import annotations

from pathlib import Path

from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.run_trial import TrialRunner
from samplerbench.harness.worker.seed_queue import SeedQueue


def main(job_file: str) -> int:
    """Run a share of the replicates of the job in ``job_file``; an exception ends the process."""
    return serve(job_file, run_share)


def run_share(job: Job) -> Result:
    """Run what is left in the queue beside the job's folder; its draws are handed in there."""
    run = TrialRunner(job).prepare_replicates()
    queue = SeedQueue(Path(job.scratch).parent, job.shared_replicates)
    for index in queue.take_all():
        queue.put(index, run(index))
    return Result("ok")
