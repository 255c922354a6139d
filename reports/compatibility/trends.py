"""Trends over the stacks of a matrix, in sentences: what a release of JAX or NumPyro changed."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.harness.compatibility import trends
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.trends import Cold, Reruns, Step
from samplerbench.rounding import format_all_rounded
from samplerbench.text import format_count


def describe_trends(rows: Sequence[StackRow]) -> list[str]:
    """One a question; nothing where the rows can't answer it."""
    cold = trends.cold_by_jax(rows)
    return [*_describe_cold(cold, trends.steps(cold)), *_describe_reruns(trends.reruns(rows))]


def _describe_cold(cold: Sequence[Cold], steps: Sequence[Step]) -> list[str]:
    sentences = []
    for numpyro in dict.fromkeys(each.numpyro for each in cold):
        same = [each for each in cold if each.numpyro == numpyro]
        changes = [_describe_step(step) for step in steps if step.new.numpyro == numpyro]
        least = min(len(each.seconds) for each in same)
        seconds = ", ".join(f"{each.mean:.3g} on jax {each.jax}" for each in same)
        sentences.append(
            f"JAX's share of NUTS's first call, numpyro {numpyro}: CPU seconds, geometric mean of"
            f" at least {least} processes a stack: {seconds}. From one to the next, with intervals"
            f" of 95 % for all steps together: {'; '.join(changes)}"
        )
    return sentences


def _describe_step(step: Step) -> str:
    ratio, lo, hi = format_all_rounded((step.ratio, step.lo, step.hi), step.lo, step.hi)
    prefix = "no change shown, " if step.lo <= 1 <= step.hi else ""
    return f"{step.old.jax} to {step.new.jax}: {prefix}{ratio} times ({lo} to {hi})"


def _describe_reruns(reruns: Sequence[Reruns]) -> list[str]:
    without = [each for each in reruns if max(each.compiles) == 0]
    always = [each for each in reruns if min(each.compiles) > 0]
    if not without or not always or reruns != [*without, *always]:
        return []  # no release from which on it is so
    last, first = without[-1], always[0]
    sentence = (
        f"Since numpyro {first.numpyro} a second MCMC.run of NUTS compiles again:"
        f" {format_count(_range(always), 'program')} on all {_stacks(always)} from"
        f" {first.numpyro} to {always[-1].numpyro}, none on the {_stacks(without)} from"
        f" {without[0].numpyro} to {last.numpyro}"
    )
    shared = [jax for jax in first.jax if jax in last.jax]
    if shared:
        sentence += f"; {last.numpyro} and {first.numpyro} were both tried with jax {shared[0]}"
    return [sentence]


def _range(reruns: Sequence[Reruns]) -> str:
    counts = sorted({count for each in reruns for count in each.compiles})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _stacks(reruns: Sequence[Reruns]) -> str:
    return f"{sum(len(each.compiles) for each in reruns)} stacks tried"
