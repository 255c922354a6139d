"""What a matrix answers beyond its rows, in sentences: what a release of JAX or NumPyro changed."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.harness.compatibility import trends
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.trends import Cold, Reruns, Step
from samplerbench.rounding import rounded


def sentences(rows: Sequence[StackRow]) -> list[str]:
    """One a question; nothing where the rows can't answer it."""
    cold = trends.cold_by_jax(rows)
    return [*_cold(cold, trends.steps(cold)), *_recompiling(trends.reruns(rows))]


def _cold(cold: Sequence[Cold], steps: Sequence[Step]) -> list[str]:
    said = []
    for numpyro in dict.fromkeys(each.numpyro for each in cold):
        mine = [each for each in cold if each.numpyro == numpyro]
        changes = [_change(step) for step in steps if step.after.numpyro == numpyro]
        least = min(len(each.seconds) for each in mine)
        seconds = ", ".join(f"{each.mean:.3g} on jax {each.jax}" for each in mine)
        said.append(
            f"JAX's share of NUTS's first call, numpyro {numpyro}: CPU seconds, geometric mean of"
            f" at least {least} processes a stack: {seconds}. From one to the next, with intervals"
            f" of 95 % for all steps together: {'; '.join(changes)}"
        )
    return said


def _change(step: Step) -> str:
    interval = f"({rounded(step.lo, step.lo, step.hi)} to {rounded(step.hi, step.lo, step.hi)})"
    ratio = f"{rounded(step.ratio, step.lo, step.hi)} times {interval}"
    shown = "no change shown, " if step.lo <= 1 <= step.hi else ""
    return f"{step.before.jax} to {step.after.jax}: {shown}{ratio}"


def _recompiling(found: Sequence[Reruns]) -> list[str]:
    without = [each for each in found if max(each.compiles) == 0]
    always = [each for each in found if min(each.compiles) > 0]
    if not without or not always or found != [*without, *always]:
        return []  # no release from which on it is so
    last, first = without[-1], always[0]
    said = (
        f"Since numpyro {first.numpyro} a second MCMC.run of NUTS compiles again:"
        f" {_most(always)} program(s) on all {_stacks(always)} from {first.numpyro} to"
        f" {always[-1].numpyro}, none on the {_stacks(without)} from {without[0].numpyro} to"
        f" {last.numpyro}"
    )
    shared = [jax for jax in first.jax if jax in last.jax]
    if shared:
        said += f"; {last.numpyro} and {first.numpyro} were both tried with jax {shared[0]}"
    return [said]


def _most(found: Sequence[Reruns]) -> str:
    counts = sorted({count for each in found for count in each.compiles})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _stacks(found: Sequence[Reruns]) -> str:
    return f"{sum(len(each.compiles) for each in found)} stacks tried"
