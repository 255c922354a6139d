"""The gate for continuous integration."""

from __future__ import annotations

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.scoring.ci_gate import check_rows, list_lines, refuse_unknown_rows


def list_failures(rows, rules):
    return list_lines(check_rows(rows, rules))


def row(sampler, verdict, status="ok", **settings):
    reason = "" if status == "ok" else "it raised"
    return {
        "model": "linear",
        "environment": "pinned",
        "sampler": sampler,
        "settings": settings,
        "verdict": verdict,
        "status": status,
        "verdict_reason": f"why {verdict}" if verdict else "",
        "reason": reason,
    }


ROWS = [row("a", "honest"), row("b", "biased"), row("b", "honest", by=2), row("c", None, "failed")]


def test_without_a_rule_nothing_fails():
    assert list_failures(ROWS, ()) == []


def test_one_verdict_holds_for_every_row_and_the_line_says_why():
    assert list_failures(ROWS, ["honest"]) == [
        "b: biased, not honest: why biased",
        "c: failed, not honest: it raised",
    ]


def test_a_rule_for_one_sampler_leaves_the_verdicts_of_others_alone():
    assert list_failures(ROWS[:3], ["b:by=2=honest"]) == []
    assert list_failures(ROWS[:3], ["b=honest"]) == ["b: biased, not honest: why biased"]


def test_a_row_that_no_rule_is_for_must_have_ended_ok():
    assert list_failures(ROWS, ["b:by=2=honest"]) == ["c: failed: it raised"]
    assert list_failures([row("c", None, "declined")], ["c=honest"]) == [
        "c: declined, not honest: it raised"
    ]


def test_a_rule_for_one_sampler_goes_before_that_for_all():
    assert list_failures(ROWS[:2], ["honest", "b=biased"]) == []


@pytest.mark.parametrize(
    ("rule", "passing"),
    [
        ("honest", {"honest"}),
        ("agrees", {"honest", "agrees"}),
        ("undecided", {"honest", "agrees", "undecided"}),
    ],
)
def test_a_rule_passes_what_is_shown_as_well_or_better(rule, passing):
    verdicts = ("honest", "agrees", "undecided", "biased", "overcautious", "not judged")
    cases = check_rows([row(verdict, verdict) for verdict in verdicts], [rule])
    assert {case.name for case in cases if not case.failure} == passing


def test_a_sampler_that_is_gated_but_missing_fails():
    assert list_failures(ROWS[:3], ["d=honest"]) == ["d: there is no such row"]


def test_a_sampler_that_will_have_no_row_is_refused_with_those_that_will():
    refuse_unknown_rows(["honest", "b:by=2=honest"], ["b:by=2", "a"])
    with pytest.raises(UsageError, match="called 'b'(?s:.)*known rows to gate: a, b:by=2"):
        refuse_unknown_rows(["b=honest"], ["b:by=2", "a"])


def test_rows_of_one_name_are_told_apart_by_their_place():
    rows = [row("a", "biased"), {**row("a", "biased"), "model": "funnel"}]
    assert list_failures(rows, ["honest"]) == [
        "a (linear on pinned): biased, not honest: why biased",
        "a (funnel on pinned): biased, not honest: why biased",
    ]


def test_an_undecided_row_says_what_it_would_have_shown():
    open_row = {**row("a", "undecided"), "power": "errors 1.9 times those claimed"}
    (line,) = list_failures([open_row], ["honest"])
    assert line.endswith("why undecided; would have shown (95 %): errors 1.9 times those claimed")
    (line,) = list_failures([{**open_row, "verdict": "biased"}], ["honest"])
    assert line == "a: biased, not honest: why undecided"


def test_a_case_says_its_reason_once():
    (failed,), (passed,) = check_rows(ROWS[1:2], ["honest"]), check_rows(ROWS[1:2], [])
    assert (failed.failure, failed.note) == ("biased, not honest: why biased", "")
    assert (passed.failure, passed.note) == ("", "biased: why biased")


def test_rows_of_several_budgets_have_places_of_their_own():
    rows = [{**row("a", "biased"), "draws": draws} for draws in (100, 200)]
    assert list_failures(rows, ["honest"]) == [
        "a (linear on pinned, draws 100): biased, not honest: why biased",
        "a (linear on pinned, draws 200): biased, not honest: why biased",
    ]
