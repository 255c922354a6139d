"""Runs many chains, each with a warm-up and a start of its own: a reference of a model's posterior.

No clock runs here, so that chains run on all cores. The trial's replicates are the chains; as many
as end before the job does are kept, of the model's parameters alone.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from samplerbench.harness.worker import start_up
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.run_trial import TrialRunner
from samplerbench.options import fill
from samplerbench.samplers.base import Budget, Compiled, Draws, samplers
from samplerbench.samplers.support.latent_sites import find_parameters

MOST_NUMBERS = 2e7  # of all draws that are kept: 80 MB in 32 bits
MARGIN = 2.0  # a chain is started where this many times the longest one's seconds are left


def main(job_file: str) -> int:
    """Run the chains of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, lambda job: LongRunner(job).run())


class LongRunner(TrialRunner):
    """Takes a long run through its phases; an exception ends it with a status and a reason."""

    def _run_phases(self) -> None:
        trial = self.trial
        sampler = samplers.get(trial.sampler)
        model = self._load(sampler)
        start_up.widen()
        settings = fill(sampler.settings, trial.settings, sampler.name)
        budget = Budget(trial.chains, trial.warmup, trial.draws)
        self._enter_phase("compile")
        build = sampler.prepare(model, budget, settings).compile
        assert build is not None, "a long run's sampler has a compiled mode"
        names = [site.name for site in find_parameters(model, trial.deterministic or ())]
        compiled = build()
        self._enter_phase("chains")
        self._save(self._run_chains(compiled, names), [], [])

    def _run_chains(self, compiled: Compiled, names: Sequence[str]) -> list[Draws]:
        """The draws of each chain that ended in time; the first one always counts."""
        deadline = self.job.launched_at + self.job.timeout_s
        seconds: list[float] = []

        def run(seed: int) -> Draws | None:
            start = time.monotonic()
            if seconds and start + MARGIN * max(seconds) > deadline:
                return None
            assert compiled.warmup is not None, "a long run's sampler has a warm-up"
            draws = compiled.collect(compiled.sample(compiled.warmup(seed)))
            seconds.append(time.monotonic() - start)
            return self._select(draws, names)

        first = run(self.seeds[0])
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            chains = [first, *pool.map(run, self.seeds[1:])]
        return [draws for draws in chains if draws is not None]

    def _select(self, draws: Draws, names: Sequence[str]) -> Draws:
        """The parameters' draws, thinned where all chains' would be more than MOST_NUMBERS."""
        sites = {name: draws.sites[name] for name in names}
        size = len(self.seeds) * sum(values.size for values in sites.values())
        step = max(1, math.ceil(size / MOST_NUMBERS))
        return replace(
            draws, sites={name: values[:, ::step] for name, values in sites.items()}, stats={}
        )
