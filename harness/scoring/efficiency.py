"""What the draws cost: columns that set claimed and realised ESS against time and evaluations."""

from __future__ import annotations

from samplerbench.harness.records import Result
from samplerbench.harness.scoring.scorecard import NO_ANSWER, Scored
from samplerbench.harness.statistics import estimates
from samplerbench.harness.statistics.estimates import Estimate

WANTED = 400.0  # draws for a standard error of 5 % of the sd: 1 / 0.05**2


def put(scored: Scored, result: Result, ess: float | None, nested: bool) -> None:
    """The cost columns; ``ess`` is the claimed one, of one replicate."""
    warm = result.timings.get("warm_s")
    no_warm = result.missing.get("warm_s", "warm_s is missing")
    per_s = ess / warm if ess is not None and warm else None
    scored.number("ess_per_s", per_s, scored.missing.get("ess", no_warm))
    gradients = scored.columns["gradients"]
    evaluations = (gradients or 0.0) + (scored.columns["likelihoods"] or 0.0)
    _per(scored, "realised_ess_per_s", warm, no_warm)
    _per(scored, "realised_ess_per_gradient", gradients, "this sampler uses no gradients")
    _per(scored, "realised_ess_per_evaluation", evaluations, "no evaluations were counted")
    _seconds_to_5pct(scored, result, nested)


def _per(scored: Scored, name: str, cost: float | None, why: str) -> None:
    """realised_ess over a cost, its interval along with it."""
    ends = [scored.columns.get(f"realised_ess{end}") for end in ("", "_lo", "_hi")]
    if ends[0] is None:
        scored.put(name, estimates.missing(scored.missing.get("realised_ess", NO_ANSWER)))
    elif not cost:
        scored.put(name, estimates.missing(why))
    else:
        scored.put(name, Estimate(*(None if end is None else end / cost for end in ends)))


def _seconds_to_5pct(scored: Scored, result: Result, nested: bool) -> None:
    """What a user waits for from nothing until 400 realised draws.

    The first run gives ``realised_ess``. MCMC goes on, or stops earlier, at the pace of its
    sampling phase; nested sampling adds whole runs, which cannot be cut short.
    """
    told = scored.columns.get("verdict")
    if told in ("biased", "broken"):
        reason = f"never: {scored.columns['verdict_reason']}"
        scored.put("seconds_to_5pct", estimates.missing(reason))
        return
    times = result.timings
    first = (times.get("import_s") or 0.0) + (times.get("cold_s") or 0.0)
    pace = times.get("sample_s") or times.get("warm_s") or times.get("rerun_s")
    ends = [scored.columns.get(f"realised_ess{end}") for end in ("", "_hi", "_lo")]
    untimed = [name for name in ("cold_s", "warm_s") if name in result.missing]
    if not ends[0] or not pace or times.get("cold_s") is None:
        why = result.missing[untimed[0]] if ends[0] and untimed else NO_ANSWER
        scored.put("seconds_to_5pct", estimates.missing(scored.missing.get("realised_ess", why)))
        return
    more = [None if not end else WANTED / end - 1 for end in ends]
    if nested:
        more = [None if m is None else max(0.0, m) for m in more]
    scored.put(
        "seconds_to_5pct", Estimate(*(None if m is None else first + m * pace for m in more))
    )
