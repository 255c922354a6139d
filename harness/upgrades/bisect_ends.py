"""Both ends of a bisection: whether there is a change to find, and what any outcome says of it."""

from __future__ import annotations

import enum
from typing import NamedTuple

from samplerbench.harness.upgrades.stack_scores import ACCURACY, Number, Outcome


class Word(enum.StrEnum):
    """What a stack's outcome says, held against both ends."""

    OLD = "as the older stack"
    NEW = "as the newer stack"
    PART = "a part of the change"  # apart from both, on the newer one's side
    UNTOLD = "not told apart"  # its interval reaches to both
    OTHER = "neither"  # apart from the older stack, away from the newer one
    BREAKS = "breaks"
    UNRESOLVED = "does not resolve"


class Ends(NamedTuple):
    """The outcomes of the two stacks between which a change is looked for."""

    old: Outcome
    new: Outcome

    @property
    def measure(self) -> str:
        """The first number whose intervals at both ends are apart; else the first of both."""
        old, new = self.old.numbers, self.new.numbers
        shared = [name for name in (*ACCURACY, *old) if name in old and name in new]
        apart = (name for name in shared if old[name].is_apart(new[name]))
        return next(apart, shared[0] if shared else "")

    @property
    def are_apart(self) -> bool:
        """Whether there is a change to find."""
        if self._are_told_by_failure:
            return self.old.failure != self.new.failure
        return self.old.numbers[self.measure].is_apart(self.new.numbers[self.measure])

    @property
    def _are_told_by_failure(self) -> bool:
        return bool(self.old.failure or self.new.failure or not self.measure)

    def judge(self, outcome: Outcome) -> Word:
        """What ``outcome`` says, held against both."""
        if outcome.failure or self._are_told_by_failure:
            return _judge_failure(outcome, self.old, self.new)
        number = outcome.numbers.get(self.measure)
        if number is None:
            return Word.BREAKS
        return judge_number(number, *(end.numbers[self.measure] for end in self))


def judge_number(number: Number, old: Number, new: Number) -> Word:
    """What ``number`` says, of two ends that are apart."""
    if not number.is_apart(old):
        return Word.OLD if number.is_apart(new) else Word.UNTOLD
    if (number.value > old.value) != (new.value > old.value):
        return Word.OTHER
    is_between = min(old.value, new.value) < number.value < max(old.value, new.value)
    return Word.PART if number.is_apart(new) and is_between else Word.NEW


def _judge_failure(outcome: Outcome, old: Outcome, new: Outcome) -> Word:
    """By what it breaks with: where it is in a file's line, numbers of lines move by releases."""
    if outcome.failure == old.failure:
        return Word.OLD
    if _strip_line(outcome.failure) == _strip_line(new.failure):
        return Word.NEW
    return Word.BREAKS if outcome.failure else Word.OTHER


def _strip_line(failure: str) -> str:
    return failure.rstrip("0123456789)").rstrip(":")
