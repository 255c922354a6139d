"""What a bisection found: the stacks tried, what each says, the package that made the change."""

from __future__ import annotations

from dataclasses import dataclass, field

from samplerbench.harness.upgrades.bisect_ends import Ends, Word
from samplerbench.harness.upgrades.stack_scores import Number, Outcome


@dataclass(frozen=True)
class Try:
    """One stack that was tried."""

    question: str  # "package", "release", "put back" or "end"
    change: str  # the package that was moved, with its version
    companions: str  # what else differs from the older stack
    word: Word
    number: Number | None = None
    failure: str = ""


@dataclass(frozen=True)
class Culprit:
    """What made the change, and the two stacks that show it."""

    name: str
    version: str  # the first that shows the change
    earlier: str  # the last that does not
    number_with: Number | None
    number_without: Number | None
    differences: str  # what the two stacks differ in
    untold: tuple[str, ...] = ()  # releases in between of which nothing is known
    inseparable: tuple[str, ...] = ()  # packages that were moved with it and can't be put back
    jointly: tuple[str, ...] = ()  # without any one of these, or of it, the change stays


@dataclass
class Report:
    """What a bisection found."""

    old: str
    new: str
    ends: Ends = Ends(Outcome(), Outcome())
    tries: list[Try] = field(default_factory=list)
    culprit: Culprit | None = None
    partial: tuple[str, ...] = ()  # packages that each bring a part, where none brings it all
    notes: list[str] = field(default_factory=list)
    same: bool = False  # both ends are alike: there is nothing to find
    package: str = ""  # the one whose every release was tried
    second_end: str = ""  # the stack that the second end is, where it is not the newer one
    back: str = ""  # the first release, where every one was tried, that is as the older stack again

    @property
    def measure(self) -> str:
        """The number that tells both ends apart; "" for imports."""
        return self.ends.measure
