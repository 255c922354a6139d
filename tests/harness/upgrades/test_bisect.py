"""A bisection finds the package and the release that made a change, and tells what it can't."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.run import make_plan
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.records import Result
from samplerbench.harness.upgrades import disguised_stack, moved_stacks, stack_scores
from samplerbench.harness.upgrades.bisect import bisect
from samplerbench.harness.upgrades.bisect_ends import Ends, Word, judge_number
from samplerbench.harness.upgrades.bisect_report import Report
from samplerbench.harness.upgrades.moved_stacks import StackMover
from samplerbench.harness.upgrades.pinned_stack import (
    PYTHON,
    PinnedStack,
    list_changes,
    list_unshared,
)
from samplerbench.harness.upgrades.stack_scores import (
    EXPONENT,
    MEANING,
    Number,
    Outcome,
    RunScores,
    Trials,
)
from samplerbench.reports.upgrades import bisection

OLD = PinnedStack("old.txt", {"jax": "1.0", "jaxlib": "1.0", "numpyro": "0.1", "six": "1"}, "3.11")
NEW = PinnedStack("new.txt", {"jax": "1.9", "jaxlib": "1.9", "numpyro": "0.5", "six": "1"}, "3.11")
RELEASES = {
    "jax": [f"1.{i}" for i in range(10)],
    "jaxlib": [f"1.{i}" for i in range(10)],
    "numpyro": ["0.1", "0.2", "0.3", "0.4", "0.5"],
    "six": ["1"],
}


class Index:
    """A package index: what uv would make of requirements, with jax and jaxlib in pairs."""

    def __init__(self, releases=RELEASES):
        self.releases, self.calls = releases, 0

    def __call__(self, arguments, folder):
        self.calls += 1
        paths = {flag: arguments[i + 1] for i, flag in enumerate(arguments) if flag[:2] == "--"}
        wanted = next(a for a in arguments if a.endswith(".in"))
        lines = [Requirement(line) for line in Path(wanted).read_text().splitlines()]
        if "--no-deps" in arguments:
            pins = self._newest(lines)
        elif paths["--resolution"] == "highest":
            there = dict(
                line.split("==") for line in Path(paths["--output-file"]).read_text().split()
            )
            pins = self._nearest(lines, there)
        else:
            pins = self._lowest(lines)
        text = "".join(f"{name}=={version}\n" for name, version in pins.items())
        Path(paths["--output-file"]).write_text(text)

    def _allowed(self, lines):
        allowed = {}
        for wish in lines:
            versions = allowed.get(wish.name, self.releases[wish.name])
            allowed[wish.name] = [v for v in versions if wish.specifier.contains(v)]
        return allowed

    def _newest(self, lines):
        found = {name: max(v, key=Version, default="") for name, v in self._allowed(lines).items()}
        return self._checked(found)

    def _nearest(self, lines, there):
        """As uv does: what is in the output file where it will do, else the newest."""
        allowed = self._pair(self._allowed(lines))
        chosen = {name: max(v, key=Version, default="") for name, v in allowed.items()}
        kept = {name: there[name] for name in chosen if there[name] in allowed[name]}
        return self._checked({**chosen, **kept})

    def _pair(self, allowed):
        if "jax" in allowed and "jaxlib" in allowed:
            both = [v for v in allowed["jax"] if v in allowed["jaxlib"]]
            allowed["jax"] = allowed["jaxlib"] = both
        return allowed

    def _lowest(self, lines):
        allowed = self._pair(self._allowed(lines))
        return self._checked({name: min(v, key=Version, default="") for name, v in allowed.items()})

    def _checked(self, found):
        if "" in found.values():
            raise EnvironmentFailed(
                "environment 'bisect' could not be made: they exclude each other"
            )
        return found


def number(value, half=0.1):
    return Number(value, value - half, value + half)


class Scores:
    """Scores by a rule on versions; notes which stacks were asked for."""

    def __init__(self, rule):
        self.rule, self.asked = rule, []

    def __call__(self, stack):
        self.asked.append(stack)
        outcome = self.rule({name: Version(v) for name, v in stack.versions.items()}, stack)
        if isinstance(outcome, str):
            return Outcome(failure=outcome)
        value = outcome if isinstance(outcome, Number) else number(outcome)
        return Outcome({EXPONENT: value})


def search(tmp_path, rule, old=OLD, new=NEW, index=None):
    mover = StackMover(old, new, tmp_path, call_uv=index or Index())
    return bisect(mover, Scores(rule), lambda line: None)


def found(report):
    return report.culprit and (report.culprit.name, report.culprit.version, report.culprit.earlier)


def test_a_release_of_a_package_that_moves_alone_is_found(tmp_path):
    report = search(tmp_path, lambda v, s: 2.0 if v["numpyro"] >= Version("0.3") else 1.0)
    assert found(report) == ("numpyro", "0.3", "0.2")
    assert report.culprit.number_with == number(2.0) and report.culprit.number_without == number(
        1.0
    )
    words = {one.change: one.word for one in report.tries}
    assert words["jaxlib 1.9"] is Word.OLD and words["numpyro 0.5"] is Word.NEW


@pytest.mark.parametrize("guilty, other", [("jaxlib", "jax"), ("jax", "jaxlib")])
def test_of_two_packages_that_move_together_the_one_that_did_it_is_told(tmp_path, guilty, other):
    report = search(tmp_path, lambda v, s: 2.0 if v[guilty] >= Version("1.4") else 1.0)
    assert found(report) == (guilty, "1.4", "1.3") and not report.culprit.inseparable
    sentence = bisection.summarise(report)
    assert sentence.startswith(f"{guilty} 1.4 made the change: 2.00 (1.90")
    assert f"with {guilty} 1.3 ({MEANING[EXPONENT]}), all else equal" in sentence


def test_from_a_newer_stack_to_an_older_one_releases_are_tried_as_well(tmp_path):
    report = search(tmp_path, lambda v, s: 2.0 if v["jax"] >= Version("1.4") else 1.0, NEW, OLD)
    assert found(report) == ("jax", "1.3", "1.4") and not report.culprit.untold


def test_what_goes_along_to_older_releases_goes_no_farther_than_it_must(tmp_path):
    report = search(tmp_path, lambda v, s: 2.0 if v["numpyro"] >= Version("0.3") else 1.0, NEW, OLD)
    assert found(report) == ("numpyro", "0.2", "0.3") and not report.culprit.untold
    mover = StackMover(NEW, OLD, tmp_path / "other", call_uv=Index())
    near, far = (mover.resolve("jax", "1.4", far=far) for far in (False, True))
    assert near.versions == {**NEW.versions, "jax": "1.4", "jaxlib": "1.4"}
    assert far.versions == {**near.versions, "numpyro": "0.1"}


def test_a_stack_that_breaks_beside_newer_packages_is_tried_with_all_that_may_go_along(tmp_path):
    def rule(v, stack):
        if v["jax"] < Version("1.3") and v["numpyro"] > Version("0.2"):
            return "failed: ImportError: no such name in jax"
        return 2.0 if v["jaxlib"] >= Version("1.2") else 1.0

    report = search(tmp_path, rule, NEW, OLD)
    assert found(report) == ("jaxlib", "1.1", "1.2")
    words = [t.word for t in report.tries if t.question == "package"]
    assert words == [Word.BREAKS, Word.NEW]


def test_releases_that_a_package_skipped_when_it_went_along_are_named(tmp_path):
    class Coupled(Index):
        """Releases of jaxlib before 1.3 take numpyro 0.1 alone."""

        def _checked(self, chosen):
            if Version(chosen.get("jaxlib") or "9") < Version("1.3"):
                chosen = {**chosen, "numpyro": "0.1"}
            return super()._checked(chosen)

    rule = lambda v, s: 2.0 if v["numpyro"] >= Version("0.3") else 1.0  # noqa: E731
    report = search(tmp_path, rule, NEW, OLD, Coupled())
    assert found(report) == ("numpyro", "0.1", "0.5")
    assert report.culprit.untold == ("0.4", "0.3", "0.2")


def test_two_packages_that_only_run_together_are_named_together(tmp_path):
    def rule(v, stack):
        if v["jax"] != v["jaxlib"]:
            return "crashed: they are of different releases"
        return 2.0 if v["jax"] >= Version("1.4") else 1.0

    report = search(tmp_path, rule)
    assert report.culprit.version == "1.4" and report.culprit.inseparable == ("jax",)
    assert bisection.summarise(report).startswith("jaxlib 1.4 (or jax, which went along")
    assert [t.word for t in report.tries if t.question == "put back"] == [Word.BREAKS] * 2


def test_a_pair_that_is_refused_by_its_version_alone_is_told_apart_in_disguise(tmp_path):
    def rule(v, stack):
        told = Version(stack.disguise.get("jaxlib", stack.versions["jaxlib"]))
        if told < v["jax"]:
            needs = f"this version of jax requires version >= {v['jax']}."
            return f"failed: RuntimeError: jaxlib is version {told}, but {needs}"
        return 2.0 if v["jaxlib"] >= Version("1.4") else 1.0

    report = search(tmp_path, rule)
    assert found(report) == ("jaxlib", "1.4", "1.3") and not report.culprit.inseparable
    shown = {t.change: t.word for t in report.tries if t.question == "put back"}
    assert shown == {"jaxlib 1.3": Word.BREAKS, "jaxlib 1.3 told as 1.4": Word.OLD}
    assert disguised_stack.read_refusal("ImportError: no jaxlib") == {}


def test_a_disguise_is_another_stack_and_changes_nothing_but_what_is_said(tmp_path, monkeypatch):
    def call_uv(arguments, name, log):
        if arguments[0] == "pip":
            folder = tmp_path / "e" / "lib" / "python3.11" / "site-packages" / "jaxlib"
            folder.mkdir(parents=True)
            (folder / "version.py").write_text("_version = '1.0'\nother = '1.0.1'\n")

    monkeypatch.setattr(disguised_stack.uv, "run", call_uv)
    stack = replace(OLD, disguise={"jaxlib": "1.4"})
    assert stack.digest != OLD.digest
    python = disguised_stack.make(stack, tmp_path / "e")
    (text,) = [p.read_text() for p in (tmp_path / "e").rglob("version.py")]
    assert text == "_version = '1.4'\nother = '1.0.1'\n"
    assert disguised_stack.make(stack, tmp_path / "e") == python  # made once


def test_ends_that_are_not_told_apart_are_no_change_and_nothing_else_is_run(tmp_path):
    scores = Scores(lambda v, s: number(1.1 if v["numpyro"] > Version("0.1") else 1.0, 0.2))
    report = bisect(StackMover(OLD, NEW, tmp_path, call_uv=Index()), scores, lambda line: None)
    assert report.same and len(scores.asked) == 2
    assert bisection.summarise(report).startswith("No change is shown: old.txt gives 1.00 (0.80 to")


def test_releases_that_are_not_told_apart_are_left_open_and_named(tmp_path):
    def rule(v, stack):
        if v["numpyro"] == Version("0.3"):
            return number(1.5, 0.6)
        return 2.0 if v["numpyro"] >= Version("0.4") else 1.0

    report = search(tmp_path, rule)
    assert found(report) == ("numpyro", "0.4", "0.2") and report.culprit.untold == ("0.3",)
    assert "numpyro, one of 0.3, 0.4, made the change" in bisection.summarise(report)
    assert [t.word for t in report.tries if t.change == "numpyro 0.3"] == [Word.UNTOLD]


def test_a_change_that_takes_two_packages_is_of_no_one_package(tmp_path):
    def rule(v, stack):
        return 2.0 if v["numpyro"] > Version("0.1") and v["jax"] > Version("1.0") else 1.0

    report = search(tmp_path, rule)
    assert report.culprit is None and not report.partial
    assert bisection.summarise(report).startswith("No one package brings the change by itself")


def test_parts_of_a_change_are_named_each(tmp_path):
    def rule(v, stack):
        return 1.0 + (v["numpyro"] > Version("0.1")) + 2 * (v["jaxlib"] > Version("1.0"))

    report = search(tmp_path, rule)
    assert report.culprit is None and set(report.partial) >= {"jaxlib", "numpyro"}
    assert "each bring a part" in bisection.summarise(report)


def test_what_came_and_went_is_found_by_trying_every_release(tmp_path):
    def rule(v, stack):
        return 2.0 if Version("1.3") <= v["jaxlib"] < Version("1.6") else 1.0

    mover = StackMover(OLD, NEW, tmp_path, call_uv=Index())
    assert bisect(mover, Scores(rule), lambda line: None).same
    report = bisect(mover, Scores(rule), lambda line: None, "jaxlib")
    assert found(report) == ("jaxlib", "1.3", "1.2") and report.back == "1.6"
    words = {t.change: t.word for t in report.tries if t.question == "release"}
    assert [words[f"jaxlib 1.{i}"] for i in (2, 3, 5, 6)] == [
        Word.OLD,
        Word.NEW,
        Word.NEW,
        Word.OLD,
    ]
    sentence = bisection.summarise(report)
    assert sentence.startswith("jaxlib 1.3 made the change: ") and "gone again with 1.6" in sentence


def test_where_no_release_differs_every_one_was_tried(tmp_path):
    scores = Scores(lambda v, s: 1.0)
    report = bisect(
        StackMover(OLD, NEW, tmp_path, call_uv=Index()), scores, lambda line: None, "numpyro"
    )
    assert report.same and len(scores.asked) == 2 + 3 + 1


def test_an_import_that_breaks_is_bisected_by_what_it_breaks_with(tmp_path):
    def rule(v, stack):
        line = 10 * v["numpyro"].minor  # lines move by releases
        return f"ImportError: no host_callback (a.py:{line})" if v["numpyro"].minor > 2 else ""

    mover = StackMover(OLD, NEW, tmp_path, call_uv=Index())
    report = bisect(mover, lambda s: Outcome(failure=rule_of(rule, s)), lambda line: None)
    assert found(report) == ("numpyro", "0.3", "0.2")
    sentence = bisection.summarise(report)
    assert "no failure" in sentence and "no host_callback (a.py:50)" in sentence


def rule_of(rule, stack):
    return rule({name: Version(v) for name, v in stack.versions.items()}, stack)


def test_a_bisection_that_goes_on_asks_the_index_nothing_again(tmp_path):
    rule = lambda v, s: 2.0 if v["jaxlib"] >= Version("1.4") else 1.0  # noqa: E731
    first = search(tmp_path, rule)
    index = Index()
    assert search(tmp_path, rule, index=index) == first and index.calls == 0


def test_what_does_not_resolve_is_a_row_with_its_cause(tmp_path):
    releases = {**RELEASES, "jaxlib": ["1.0"]}
    report = search(tmp_path, lambda v, s: 1.0 + v["numpyro"].minor, index=Index(releases))
    rows = {t.change: (t.word, t.failure) for t in report.tries}
    assert rows["jax 1.9"] == (Word.UNRESOLVED, "they exclude each other")
    assert report.culprit.name == "numpyro"


@pytest.mark.parametrize(
    "value, half, word",
    [
        (1.0, 0.2, Word.OLD),
        (2.0, 0.2, Word.NEW),
        (1.5, 0.1, Word.PART),
        (1.5, 0.9, Word.UNTOLD),
        (0.2, 0.1, Word.OTHER),
        (3.0, 0.1, Word.NEW),
    ],
)
def test_a_number_is_as_the_end_that_its_interval_reaches(value, half, word):
    assert judge_number(number(value, half), number(1.0), number(2.0)) is word


def test_what_tells_both_ends_apart_follows_from_their_numbers_and_failures():
    old = Outcome({"calibration": number(1.0), "mean_error": number(0.0)})
    new = Outcome({"calibration": number(1.0), "mean_error": number(2.0)})
    report = Report("old", "new", Ends(old, new))
    assert report.measure == "mean_error" and report.ends.are_apart
    assert report.ends.judge(new) is Word.NEW and report.ends.judge(Outcome()) is Word.BREAKS
    assert Report("old", "new").measure == "" and not Report("old", "new").ends.are_apart
    failed = Ends(old, Outcome(failure="ImportError: no x (a.py:3)"))
    assert (
        failed.are_apart and failed.judge(Outcome(failure="ImportError: no x (a.py:4)")) is Word.NEW
    )


def test_changes_are_listed_libraries_first_and_python_among_them():
    old = replace(OLD, versions={**OLD.versions, "absl-py": "1", "only": "1"})
    new = replace(NEW, versions={**NEW.versions, "absl-py": "2"}, python="3.12")
    names = [change.name for change in list_changes(old, new)]
    assert names == ["jaxlib", "jax", "numpyro", PYTHON, "absl-py"]
    old, new = (replace(s, versions={**s.versions, "jaxns": s.python}) for s in (old, new))
    assert list_changes(old, new, "jaxns_direct")[0].name == "jaxns"
    assert list_unshared(old, new) == ["only"]


def test_seconds_of_unlike_rounds_are_no_pairs(tmp_path, monkeypatch):
    sides = ([1.0, 1.0, 1.0, None], [None, 2.0, 2.0, 2.0])
    blocks = [[{"warm_s": seconds} for seconds in side] for side in sides]
    ran = [(None, Result("ok", timings=first, blocks=rest), {}) for first, *rest in blocks]
    monkeypatch.setattr(RunScores, "_run", lambda *_, **__: ran)
    outcome = RunScores(tmp_path, OLD, Trials(), timed=True)(NEW)
    assert outcome.failure == "no seconds: fewer than 3 rounds timed both"


def test_an_exponent_is_of_runs_of_each_number_of_draws(tmp_path, monkeypatch):
    planned = []

    def run(folder, retry, **options):
        planned.extend(trial.draws for trial in expand(make_plan(options)[0]))
        raise InterruptedError

    monkeypatch.setattr(stack_scores, "run", run)
    for trials, draws in ((Trials(draws=(100, 400)), [100, 400]), (Trials(draws=(100,)), [100])):
        planned.clear()
        with pytest.raises(InterruptedError):
            RunScores(tmp_path, OLD, trials, timed=len(draws) > 1)(NEW)
        assert planned == draws


def test_a_stack_is_written_complete_and_read_back(tmp_path):
    from samplerbench.harness.environments import environments
    from samplerbench.harness.upgrades.pinned_stack import read_stack

    path = OLD.write(tmp_path / "stack.txt")
    stack = read_stack(str(path))
    assert (stack.versions, stack.python, stack.complete) == (OLD.versions, "3.11", True)
    assert stack.digest == OLD.digest and environments.is_complete(str(path))
    path.write_text(re.sub("# complete.*\n", "", path.read_text()))
    assert not read_stack(str(path)).complete


def test_a_file_that_is_not_complete_gets_what_its_pins_depend_on(tmp_path):
    class Deep(Index):
        def _lowest(self, lines):
            return {**super()._lowest(lines), "six": "1"}

    old = PinnedStack("old", {"numpyro": "0.1"}, "3.11", complete=False)
    new = PinnedStack("new", {"numpyro": "0.5"}, "3.11", complete=False)
    mover = StackMover(old, new, tmp_path, call_uv=Deep())
    assert mover.old.versions == {"numpyro": "0.1", "six": "1"} and mover.old.complete


def test_releases_that_show_nothing_are_no_word_on_the_ends(tmp_path):
    rule = lambda v, s: 2.0 if v["numpyro"] >= Version("0.3") else 1.0  # noqa: E731
    mover = StackMover(OLD, NEW, tmp_path, call_uv=Index())
    report = bisect(mover, Scores(rule), lambda line: None, "jax")
    assert report.same and {t.word for t in report.tries} == {Word.OLD}
    sentence = bisection.summarise(report)
    assert sentence.startswith("No change is shown by the 9 releases of jax that could be tried")
    assert "new.txt gives 2.00" in sentence and "--releases" not in sentence
    assert report.notes[0].startswith("9 releases were each held against the older stack")


def test_the_end_that_a_release_made_has_its_name(tmp_path):
    mover = StackMover(OLD, NEW, tmp_path, call_uv=Index())
    rule = lambda v, s: 2.0 if v["numpyro"] == Version("0.3") else 1.0  # noqa: E731
    report = bisect(mover, Scores(rule), lambda line: None, "numpyro")
    rows = [[cell.text for cell in row] for row in bisection.make_table(report).rows]
    assert rows[1][:2] == ["ends", "old.txt with numpyro 0.3"] and "2.00" in rows[1][3]


@pytest.fixture
def no_interpreters(monkeypatch):
    """Pythons by their versions, none of which is looked for."""
    monkeypatch.setattr(moved_stacks.interpreters, "find", lambda version, name: version)


def test_every_release_of_python_or_of_another_distribution_is_the_newer_one(
    tmp_path, no_interpreters
):
    old, new = (
        replace(stack, versions={**stack.versions, name: "1"}, python=python)
        for stack, name, python in (
            (OLD, "tensorflow-probability", "3.11"),
            (NEW, "tfp-nightly", "3.12"),
        )
    )
    index = Index({**RELEASES, "tfp-nightly": ["1"], "tensorflow-probability": ["1"]})
    for package, rule in (
        (PYTHON, lambda v, s: 1.0 + (s.python == "3.12")),
        ("tfp-nightly", lambda v, s: 1.0 + ("tfp-nightly" in v)),
    ):
        mover = StackMover(old, new, tmp_path, call_uv=index)
        report = bisect(mover, Scores(rule), lambda line: None, package)
        assert report.culprit.name == package


def test_a_change_that_stays_where_either_of_two_is_put_back_is_of_both(tmp_path):
    report = search(tmp_path, lambda v, s: 1.0 + (max(v["jax"], v["jaxlib"]) >= Version("1.4")))
    assert (report.culprit.name, report.culprit.jointly) == ("jaxlib", ("jax",))
    sentence = bisection.summarise(report)
    assert sentence.startswith("jaxlib 1.4 with jax (the change stays where any one of them is put")
    assert "with all of them put back" in sentence


def test_a_package_without_which_the_change_stays_is_not_accused(tmp_path):
    def rule(v, stack):
        if v["jax"] < v["jaxlib"]:
            return "crashed: too old"
        return 2.0 if v["jax"] >= Version("1.4") else 1.0

    report = search(tmp_path, rule)
    assert found(report) == ("jax", "1.4", "1.3") and not report.culprit.inseparable


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (lambda v, s: 1.0 + (s.python == "3.12"), PYTHON),
        (lambda v, s: 1.0 + (v["numpyro"] > Version("0.1")), "numpyro"),
    ],
)
def test_a_python_that_went_along_is_told_from_the_package(tmp_path, rule, name, no_interpreters):
    class Newer(Index):
        """Releases of numpyro from 0.2 on are for Python 3.12."""

        def __call__(self, arguments, folder):
            wanted = next(a for a in arguments if a.endswith(".in"))
            is_old = "numpyro==0.1\n" in Path(wanted).read_text()
            if "--no-deps" not in arguments and not is_old and "3.12" not in arguments:
                raise EnvironmentFailed("environment 'bisect' could not be made: no such Python")
            super().__call__(arguments, folder)

    new = replace(OLD, name="new.txt", versions={**OLD.versions, "numpyro": "0.5"}, python="3.12")
    mover = StackMover(OLD, new, tmp_path, call_uv=Newer())
    report = bisect(mover, Scores(rule), lambda line: None)
    assert report.culprit.name == name


def test_an_older_stack_that_does_not_run_has_no_ratio_to_hold_others_against(
    tmp_path, monkeypatch
):
    failed = [(None, Result("failed", reason="ImportError: x"), {})] * 2
    monkeypatch.setattr(RunScores, "_run", lambda *_, **__: failed)
    with pytest.raises(UsageError, match="'old.txt' has no seconds .*: failed: ImportError: x\n"):
        RunScores(tmp_path, OLD, Trials(), timed=True)(NEW)
