"""The gate against a baseline fails what intervals show to be worse, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.upgrades.baseline_gate import (
    NEEDED_COLUMNS,
    check_against,
    compare_rows,
    read_export,
)
from tests.support.rows import row, write_json


def check(new, old, **options):
    (case,) = check_against([new], [old], **options)
    return case


def test_the_same_row_passes_and_says_what_would_have_shown():
    case = check(row(), row())
    assert not case.failure and case.name == "numpyro_nuts" and case.place == "linear on pinned"
    assert "verdict honest, as before" in case.note
    assert "calibration 1.00 (0.90 to 1.10), was 1.00 (0.90 to 1.10) (from 1.36 on" in case.note
    assert "warm seconds 1.00 (0.989 to 1.01) times the earlier (from 1.13 on" in case.note


@pytest.mark.parametrize(
    "before, now, fails",
    [
        ("honest", "overconfident", True),
        ("overconfident", "broken", True),
        ("honest", "undecided", False),
        ("undecided", "honest", False),
        ("broken", "biased", False),
        ("biased", "biased", False),
    ],
)
def test_a_verdict_is_worse_that_convicts_of_more_than_the_baselines(before, now, fails):
    case = check(row(now), row(before))
    assert bool(case.failure) == fails
    assert ("why" in case.failure) == fails


def test_a_calibration_is_worse_only_where_intervals_share_nothing():
    assert not check(row(calibration=(1.2, 1.05, 1.4)), row()).failure
    failure = check(row(calibration=(1.4, 1.2, 1.6)), row()).failure
    assert failure.startswith("calibration 1.40 (1.20 to 1.60), was 1.00 (0.90 to 1.10)")
    # above the baseline's, and still no more than claimed
    assert not check(row(calibration=(0.9, 0.8, 0.98)), row(calibration=(0.6, 0.5, 0.7))).failure


def test_seconds_are_worse_where_the_whole_interval_is_beyond_what_is_tolerated():
    slow = row(warm=(0.030, 0.0302, 0.0298))
    assert "warm seconds 1.50 (1." in check(slow, row()).failure
    assert not check(slow, row(), slower=1.6).failure
    noisy = row(warm=(0.030, 0.018, 0.045))
    assert not check(noisy, row()).failure  # an interval that reaches to 1
    assert not check(row(), slow).failure  # faster


@pytest.mark.parametrize(
    "change, said",
    [
        ({"machine": {"cpu": "another", "cores_allowed": 2}}, "the machines differ in cpu"),
        ({"warnings": ["contended: wall over CPU time is 2"]}, "others used a machine"),
        ({"warnings": ["busy in block 2"]}, "others used a machine"),
        ({"block_seconds": {"warm_s": [0.1, 0.1]}}, "fewer than 3 processes"),
        ({"block_seconds": None, "missing": {"warm_s": "made elsewhere"}}, "made elsewhere"),
    ],
)
def test_seconds_that_give_no_answer_pass_and_the_case_says_why(change, said):
    slow = row(warm=(0.9, 0.901, 0.899), **change)
    case = check(slow, row())
    assert not case.failure and f"warm seconds not compared: {said}" in case.note
    if "machine" in change:
        assert "warm seconds" in check(slow, row(), unlike=True).failure


@pytest.mark.slow
def test_the_gate_on_seconds_is_wrong_in_few_of_many_equal_pairs():
    rng = np.random.default_rng(1)
    draw = lambda: row(warm=tuple(0.02 * np.exp(0.03 * rng.standard_normal(3))))  # noqa: E731
    failures = sum(bool(check(draw(), draw(), slower=1.0).failure) for _ in range(400))
    # two clocks of one cause, each beyond 1 with 2.5 % at the most: 10 expected, 20 in one of 500
    assert failures <= 20


def test_a_row_that_is_gone_or_no_longer_runs_fails():
    (gone,) = check_against([], [row()])
    assert gone.failure == "there is no such row any more"
    others = [row(draws=100, warmup=7), row(draws=200)]
    gone, *fresh = check_against(others, [row(draws=400)])
    assert gone.failure == "there is no such row any more: draws is 200, was 400"
    assert [case.note for case in fresh] == ["not in the baseline"] * 2
    case = check(row(None, status="crashed", reason="killed by SIGSEGV"), row())
    assert case.failure == "crashed: killed by SIGSEGV; it was honest"
    same = row(None, status="crashed", reason="killed by SIGSEGV")
    assert not check(same, same).failure


def test_rows_are_matched_by_environment_only_where_it_tells_them_apart():
    newer = row("broken", environment="newer.txt")
    assert check(newer, row()).failure.startswith("verdict broken, was honest")
    both = [row(), row("broken", environment="latest")]
    assert not any(case.failure for case in check_against(both, both))


def test_a_row_that_the_baseline_lacks_passes():
    cases = check_against([row(), row("broken", sampler="mine")], [row()])
    assert [(c.name, c.failure, c.note) for c in cases[1:]] == [("mine", "", "not in the baseline")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("calibration", "x"),
        ("machine", 5),
        ("warnings", 3),
        ("warnings", [3]),
        ("versions", "jax"),
        ("model", ["linear"]),
        ("block_seconds", {"warm_s": ["a"]}),
    ],
)
def test_a_baseline_whose_values_are_of_another_kind_is_refused(name, value, tmp_path):
    file = write_json(
        tmp_path / "a.json", [row(**({} if name == "calibration" else {name: value}))]
    )
    if name == "calibration":
        file.write_text(file.read_text().replace('"calibration": 1.0', '"calibration": "x"'))
    with pytest.raises(UsageError, match=f"{name!r} of a row is none"):
        read_export(file)


def test_columns_that_an_older_report_does_not_have_are_empty(tmp_path):
    old = {name: value for name, value in row().items() if name in NEEDED_COLUMNS}
    (read,) = read_export(write_json(tmp_path / "a.json", [old])).rows
    assert read["warnings"] is None and not check(row(), read).failure


def test_a_baseline_is_read_from_exported_json_and_anything_else_is_refused(tmp_path):
    assert read_export(write_json(tmp_path / "a.json", [row()])).rows[0]["verdict"] == "honest"
    (tmp_path / "b.json").write_text('{"schema": 1, "rows": []}')
    assert read_export(tmp_path / "b.json").rows == []
    for text in ("[1]", "{}", "no", '[{"sampler": "x"}]'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(UsageError, match="expected: a campaign's directory"):
            read_export(tmp_path / "c.json")
    with pytest.raises(UsageError, match="c.json': its rows lack 'model'"):
        read_export(tmp_path / "c.json")
    for text in ('{"a": 1}', "[1]", "3"):
        (tmp_path / "d.json").write_text(text)
        with pytest.raises(UsageError, match="d.json': it holds no list of rows\n"):
            read_export(tmp_path / "d.json")


def test_rows_of_several_budgets_have_places_of_their_own():
    rows = [row(draws=100), row(draws=200), row(draws=200, model="funnel")]
    places = [case.place for case in check_against(rows, rows)]
    assert places == [
        "linear on pinned, draws 100",
        "linear on pinned, draws 200",
        "funnel on pinned",
    ]
    gone = check_against([row(draws=100)], [row(draws=400)])
    assert [case.place for case in gone] == [
        "linear on pinned, draws 400",
        "linear on pinned, draws 100",
    ]


@pytest.mark.parametrize("now, sign", [("honest", -1), ("agrees", -1), ("undecided", 0)])
def test_a_verdict_is_better_only_where_it_acquits(now, sign):
    verdict, *_ = compare_rows(row(now), row("overconfident"))
    assert verdict.sign == sign
    assert compare_rows(row("too few replicates"), row("broken"))[0].sign == 0
    assert compare_rows(row("biased"), row("broken"))[0].sign < 0


def test_a_baseline_that_is_split_by_parameter_is_refused(tmp_path):
    file = write_json(tmp_path / "a.json", [row(parameter="slope"), row(parameter="c")])
    with pytest.raises(UsageError, match="by --by parameter"):
        read_export(file)


def test_an_export_says_when_its_last_result_came(tmp_path):
    for campaign, time in (
        ({"last_result": "2001-09-09T01:46:40+00:00"}, 1.0e9),
        ({"last_result": None}, None),
        ({"last_result": "soon"}, None),
        (None, None),
    ):
        file = tmp_path / "a.json"
        file.write_text(json.dumps({"campaign": campaign, "rows": []}))
        assert read_export(file).end_time == time
    assert read_export(write_json(file, [row()])).end_time is None
