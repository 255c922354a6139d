"""Runs many chains, each with a warm-up and a start of its own: a reference of a model's posterior.

No clock runs here, so that chains run on all cores. The trial's replicates are the chains; as many
as end before the job does are kept, of the model's parameters alone. A chain that takes far longer
than others (it started where the posterior is not, and takes the most steps that it can) is left
behind, and where hardly one ends, or more draws diverge already than all of them may have, the run
is ended early, so that there is time for another.
"""

from __future__ import annotations

import functools
import math
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from samplerbench.harness.records import LEAST_CHAINS, MOST_DIVERGENT, PATIENCE_S
from samplerbench.harness.worker import start_up
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker.run_trial import TrialRunner
from samplerbench.harness.worker.time_limit import OutOfTime
from samplerbench.options import fill
from samplerbench.samplers.base import Budget, Compiled, Draws, samplers
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.samplers.support.latent_sites import find_parameters

MOST_NUMBERS = 2e7  # of all draws that are kept: 80 MB in 32 bits
MARGIN = 2.0  # a chain is started where this many times the longest one's seconds are left
PATIENCE = 5.0  # a chain that takes this many times the median is left behind
MOST_BEHIND = 0.25  # of the chains, before the run is no reference
POLL_S = 0.02


def main(job_file: str) -> int:
    """Run the chains of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, lambda job: LongRunner(job).run())


class LongRunner(TrialRunner):
    """Takes a long run through its phases; an exception ends it with a status and a reason."""

    def _run_phases(self) -> None:
        trial = self.trial
        sampler = samplers.get(trial.sampler)
        model = self._load(sampler)
        if trial.precision == 64:  # else a program in 32 bits, which runs in no other
            start_up.widen(model)
        settings = fill(sampler.settings, trial.settings, sampler.name)
        budget = Budget(trial.chains, trial.warmup, trial.draws)
        self._enter_phase("compile")
        build = sampler.prepare(model, budget, settings).compile
        assert build is not None, "a long run's sampler has a compiled mode"
        names = [site.name for site in find_parameters(model, trial.deterministic or ())]
        compiled = build()
        self._enter_phase("chains")
        try:
            chains = self._run_chains(compiled, names)
        except OutOfTime as slow:
            self.result.end("timeout", str(slow))
        else:
            self._save(chains, [], [])

    def _run_chains(self, compiled: Compiled, names: Sequence[str]) -> list[Draws]:
        """The draws of each chain that ended in time, in the order of their seeds.

        Raises OutOfTime where none ends early enough for LEAST_CHAINS to end before the limit, or
        too many take far longer than the others.
        """
        cores = os.cpu_count() or 1
        left = self.limit.seconds_left()
        waiting = list(self.seeds)
        running: dict[int, tuple[float, BackgroundCall]] = {}  # by seed
        ended: dict[int, Draws] = {}
        seconds: list[float] = []
        patience = first_s = left / math.ceil(LEAST_CHAINS / cores)

        def run(seed: int) -> tuple[Draws, float]:
            start = time.monotonic()
            assert compiled.warmup is not None, "a long run's sampler has a warm-up"
            draws = compiled.collect(compiled.sample(compiled.warmup(seed)))
            return self._select(draws, names), time.monotonic() - start

        while self.limit.seconds_left() > 0:
            now = time.monotonic()
            for seed in [seed for seed, (_, call) in running.items() if call.wait(0)]:
                ended[seed], took = running.pop(seed)[1].result()
                seconds.append(took)
                self.limit.reserve(ended[seed], len(self.seeds))
                patience = max(PATIENCE_S, PATIENCE * statistics.median(seconds))
                if MARGIN * max(seconds) > self.limit.seconds_left():
                    waiting = []
            if len(ended) >= LEAST_CHAINS and self._diverges(ended.values()):
                break
            behind = sum(now - start > patience for start, _ in running.values())
            if not ended and behind:
                raise OutOfTime(
                    f"none of its chains ended in {first_s:.2g} s, so that {LEAST_CHAINS} would "
                    f"not in the {left:.2g} s that were left to them (--timeout)"
                )
            if behind > MOST_BEHIND * len(self.seeds):
                raise OutOfTime(
                    f"{behind} of its {len(self.seeds)} chains take more than {PATIENCE:g} times "
                    "as long as the others"
                )
            free = max(0, cores - (len(running) - behind))
            for seed in waiting[:free]:
                running[seed] = now, BackgroundCall(functools.partial(run, seed))
            waiting = waiting[free:]
            if len(running) == behind:
                break
            time.sleep(POLL_S)
        if not ended:
            raise OutOfTime("compiling left no time for its chains before the limit (--timeout)")
        return [ended[seed] for seed in self.seeds if seed in ended]

    def _diverges(self, ended: Iterable[Draws]) -> bool:
        """Whether ``ended`` have more divergences than all chains may have."""
        divergences = sum(draws.divergences or 0 for draws in ended)
        return divergences > MOST_DIVERGENT * self.trial.draws * len(self.seeds)

    def _select(self, draws: Draws, names: Sequence[str]) -> Draws:
        """The parameters' draws, thinned where all chains' would be more than MOST_NUMBERS."""
        sites = {name: draws.sites[name] for name in names}
        size = len(self.seeds) * sum(values.size for values in sites.values())
        step = max(1, math.ceil(size / MOST_NUMBERS))
        return replace(
            draws, sites={name: values[:, ::step] for name, values in sites.items()}, stats={}
        )
