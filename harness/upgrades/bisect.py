"""Which package, and which release of it, changed what a sampler does between two stacks.

First each package that differs is moved alone, from the older stack's version to the newer one's,
with what has to go along. The first that brings the whole change is bisected over its releases.
What went along with the first release that shows the change is then put back, one package at a
time and against the requirements, so that pairs such as jax and jaxlib are told apart too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from samplerbench.harness.upgrades.bisect_ends import Ends, Word
from samplerbench.harness.upgrades.bisect_report import Culprit, Report, Try
from samplerbench.harness.upgrades.disguised_stack import read_refusal
from samplerbench.harness.upgrades.moved_stacks import ResolutionFailure, StackMover, swap_versions
from samplerbench.harness.upgrades.pinned_stack import (
    PYTHON,
    PinnedStack,
    describe_differences,
    list_unshared,
)
from samplerbench.harness.upgrades.stack_scores import Outcome, Say, ScoreStack
from samplerbench.text import format_count

MANY = (
    "{} were each held against the older stack by 95 % intervals: of those that change nothing, up"
    " to 1 in 20 seems to by chance"
)


def bisect(mover: StackMover, score: ScoreStack, say: Say, package: str = "") -> Report:
    """What changed between the ends of ``mover`` by ``score``; ``say`` is told of each stack.

    With ``package`` every release of it in between is tried, which finds what came and went.
    """
    bisection = _Bisection(mover, score, say)
    return bisection.try_all_releases(package) if package else bisection.run()


class _Bisection:
    """A bisection under way."""

    def __init__(self, mover: StackMover, score: ScoreStack, say: Say) -> None:
        self.mover, self.score, self.say = mover, score, say
        self.old, self.new = mover.old, mover.new
        self.report = Report(self.old.name, self.new.name)
        self._outcomes: dict[str, Outcome] = {}

    def run(self) -> Report:
        report = self.report
        report.ends = Ends(self._find_outcome(self.old), self._find_outcome(self.new))
        report.same = not report.ends.are_apart
        if report.same:
            return report
        if unshared := list_unshared(self.old, self.new):
            text = "not tried alone, since only one of the stacks has them"
            report.notes.append(f"{text}: {', '.join(unshared)}")
        name, moved = self._find_package()
        if moved is not None:
            self._find_release(name, moved)
        return report

    def try_all_releases(self, name: str) -> Report:
        """Each release of ``name``, in order; the first that is apart from the older stack."""
        report = self.report
        report.package = name
        report.ends = Ends(self._find_outcome(self.old), self._find_outcome(self.new))
        steps = [(self._version(self.old, name), self.old), *self._list_steps(name)]
        changed = next((at for at, (_, stack) in enumerate(steps) if self._is_apart(stack)), None)
        if changed is None:
            report.same = True
        else:
            report.second_end = f"{self.old.name} with {name} {steps[changed][0]}"
        words = [self._try("release", stack, f"{name} {v}") for v, stack in steps[1:]]
        if len(words) > 1:
            report.notes.append(MANY.format(format_count(len(words), "release")))
        if changed is not None:
            later = zip(steps[changed + 1 :], words[changed:], strict=True)
            report.back = next((v for (v, _), word in later if word is Word.OLD), "")
            self._separate(name, steps[changed - 1][1], steps[changed][1], ())
        return report

    def _list_steps(self, name: str) -> list[tuple[str, PinnedStack]]:
        """Releases of ``name`` after the older stack's, that of the newer included, with stacks."""
        change = self.mover.changes[name]
        has_releases = name != PYTHON and change.old
        releases = [change.new]
        if has_releases:
            python = self.new.python
            between = self.mover.list_releases(name, change.old, change.new, python)
            releases = [*between, change.new]
        steps = []
        for release in releases:
            stack = self.mover.resolve(name, release) if has_releases else self.mover.move(name)
            if isinstance(stack, ResolutionFailure):
                self._note_unresolved("release", f"{name} {release}", stack)
            else:
                steps.append((release, stack))
        return steps

    def _is_apart(self, stack: PinnedStack) -> bool:
        """Whether ``stack`` is told apart from the older one, which is then one of two ends."""
        ends = self.report.ends._replace(new=self._find_outcome(stack))
        if ends.are_apart:
            self.report.ends = ends
        return ends.are_apart

    # -- outcomes ------------------------------------------------------------------------------

    def _find_outcome(self, stack: PinnedStack) -> Outcome:
        if stack.digest not in self._outcomes:
            self.say(f"trying {describe_differences(stack, self.old) or 'the older stack'}")
            self._outcomes[stack.digest] = self.score(stack)
        return self._outcomes[stack.digest]

    def _try(self, question: str, stack: PinnedStack, moved: str) -> Word:
        """The word on a stack, put into the report."""
        outcome = self._find_outcome(stack)
        word = self.report.ends.judge(outcome)
        parts = describe_differences(stack, self.old).split(", ")
        along = ", ".join(part for part in parts if part != moved)
        number = outcome.numbers.get(self.report.measure)
        one = Try(question, moved, along, word, number, outcome.failure)
        if one not in self.report.tries:
            self.report.tries.append(one)
        self.say(f"{moved}: {word}")
        return word

    def _try_near(
        self,
        question: str,
        near: PinnedStack,
        find_far: Callable[[], PinnedStack | ResolutionFailure],
        moved: str,
    ) -> tuple[PinnedStack, Word]:
        """The word on ``near``; where it breaks that on the stack with more moved, if there is."""
        word = self._try(question, near, moved)
        far = find_far() if word is Word.BREAKS else near
        if isinstance(far, ResolutionFailure) or far.digest == near.digest:
            return near, word
        return far, self._try(question, far, moved)

    def _note_unresolved(self, question: str, moved: str, why: ResolutionFailure) -> None:
        self.report.tries.append(Try(question, moved, "", Word.UNRESOLVED, failure=why.cause))
        self.say(f"{moved}: {Word.UNRESOLVED}: {why.cause}")

    # -- one package at a time -----------------------------------------------------------------

    def _find_package(self) -> tuple[str, PinnedStack | None]:
        """The first package that brings the whole change, with its stack; else the first part."""
        parts: list[tuple[str, PinnedStack]] = []
        for name, change in self.mover.changes.items():
            stack = self.mover.move(name)
            if isinstance(stack, ResolutionFailure):
                self._note_unresolved("package", f"{name} {change.new}", stack)
                continue
            far = partial(self.mover.move, name, far=True)
            stack, word = self._try_near("package", stack, far, f"{name} {change.new}")
            if word is Word.NEW:
                return name, stack
            parts += [(name, stack)] if word is Word.PART else []
        self.report.partial = tuple(name for name, _ in parts)
        return parts[0] if len(parts) == 1 else ("", None)

    # -- its releases --------------------------------------------------------------------------

    def _find_release(self, name: str, moved: PinnedStack) -> None:
        before, after, untold = self.old, moved, list[str]()
        for release, stack, word in self._bisect_releases(name, moved):
            if word in (Word.NEW, Word.PART):
                after = stack
            elif word is Word.OLD:
                before = stack
            else:
                untold.append(release)
        self._separate(name, before, after, self._keep_between(name, untold, before, after))

    def _bisect_releases(
        self, name: str, moved: PinnedStack
    ) -> Iterator[tuple[str, PinnedStack, Word]]:
        """Releases as they are tried: the middle one of those left, without what says nothing."""
        change = self.mover.changes[name]
        if name == PYTHON or not change.old:
            return
        left = self.mover.list_releases(name, change.old, change.new, moved.python)
        if left:
            self.say(f"releases of {name} in between: {', '.join(left)}")
        while left:
            at = len(left) // 2
            release = left[at]
            stack = self.mover.resolve(name, release)
            if isinstance(stack, ResolutionFailure):
                self._note_unresolved("release", f"{name} {release}", stack)
                word, stack = Word.UNRESOLVED, self.old
            else:
                far = partial(self.mover.resolve, name, release, far=True)
                stack, word = self._try_near("release", stack, far, f"{name} {release}")
            if word in (Word.NEW, Word.PART):
                left = left[:at]
            elif word is Word.OLD:
                left = left[at + 1 :]
            else:
                left = left[:at] + left[at + 1 :]
            yield release, stack, word

    def _keep_between(
        self, name: str, untold: Sequence[str], before: PinnedStack, after: PinnedStack
    ) -> tuple[str, ...]:
        """Those of the releases that nothing is known of that could be the one."""
        between = self._list_between(name, before, after) if untold else ()
        return tuple(release for release in between if release in untold)

    def _list_between(self, name: str, before: PinnedStack, after: PinnedStack) -> tuple[str, ...]:
        """The releases of a package between two stacks, whose versions are left out."""
        lo, hi = (self._version(stack, name) for stack in (before, after))
        return tuple(self.mover.list_releases(name, lo, hi, after.python))

    # -- what went along -----------------------------------------------------------------------

    def _separate(
        self, name: str, before: PinnedStack, after: PinnedStack, untold: tuple[str, ...]
    ) -> None:
        """Put back, one at a time, what the two neighbouring stacks differ in beside ``name``."""
        differing = [n for n, v in after.versions.items() if before.versions.get(n) != v]
        names = sorted(differing, key=lambda each: each != name)  # the suspect first
        along = [PYTHON] if name != PYTHON and before.python != after.python else []
        words: dict[str, Word] = {}
        for each in names if len(names) > 1 or along else []:
            version = before.versions.get(each)
            if version is None:
                continue
            stack, words[each] = self._put_back(after, each, version)
            if words[each] is Word.OLD:
                if each != name:  # it went along, maybe over releases that nobody tried
                    untold = self._list_between(each, stack, after)
                self._accuse(each, stack, after, untold)
                return
        open_names = [n for n, word in words.items() if word not in (Word.NEW, Word.PART)] + along
        if words.get(name) not in (Word.NEW, Word.PART):
            others = tuple(each for each in open_names if each != name)
            self._accuse(name, before, after, untold, inseparable=others)
        elif open_names:  # the change stays without the suspect
            other, *more = open_names
            untold = () if other == PYTHON else self._list_between(other, before, after)
            self._accuse(other, before, after, untold, inseparable=tuple(more))
        else:
            others = tuple(each for each in names if each != name)
            self._accuse(name, before, after, untold, jointly=others)

    def _put_back(self, after: PinnedStack, name: str, version: str) -> tuple[PinnedStack, Word]:
        """``after`` with ``name`` in ``version`` again, and what it says."""
        stack = swap_versions(after, {name: version})
        word = self._try("put back", stack, f"{name} {version}")
        told = read_refusal(self._find_outcome(stack).failure)
        if word is Word.BREAKS and name in told:  # refused by its version alone
            stack = replace(stack, disguise=told)
            word = self._try("put back", stack, f"{name} {version} told as {told[name]}")
        return stack, word

    def _accuse(
        self,
        name: str,
        before: PinnedStack,
        after: PinnedStack,
        untold: tuple[str, ...],
        inseparable: tuple[str, ...] = (),
        jointly: tuple[str, ...] = (),
    ) -> None:
        outcomes = [self._find_outcome(stack) for stack in (after, before)]
        with_it, without = (outcome.numbers.get(self.report.measure) for outcome in outcomes)
        self.report.culprit = Culprit(
            name,
            self._version(after, name),
            self._version(before, name),
            with_it,
            without,
            describe_differences(after, before),
            untold,
            inseparable,
            jointly,
        )

    def _version(self, stack: PinnedStack, name: str) -> str:
        return stack.python if name == PYTHON else stack.versions.get(name, "none")
