"""Tables of what pytest-benchmark saved, and refusals of what is no such file."""

from __future__ import annotations

import csv
import io
import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from samplerbench.cli import main
from samplerbench.errors import UsageError
from samplerbench.harness.pytest_plugin.scores import estimate_median_interval, make_record
from samplerbench.harness.pytest_plugin.warm_runs import make_row, set_timing
from samplerbench.harness.records import Result
from samplerbench.reports import pytest_benchmark, report
from tests.support import stored

COLD, WARM = [3.0, 3.2, 2.9], [0.020, 0.023, 0.021, 0.022, 0.026, 0.024, 0.019]


def one(sampler: str, timed: str, seconds: list[float], changes: Any = None) -> dict[str, Any]:
    """A benchmark as pytest-benchmark writes it."""
    result = Result("ok", machine={"device": "cpu"}, mode="plain", versions={"python": "3.11.7"})
    set_timing(result, timed, seconds)
    if timed == "cold_s":
        result.timings.update(import_s=1.0, compile_s=2.0, compiles=100)
    columns = {"verdict": "honest", "ess": 90.0, "realised_ess": 80.0, "calibration": 1.1}
    row = make_row(stored.trial(sampler), result, {"columns": columns, "missing": {}})
    stats = dict(
        min=min(seconds), max=max(seconds), median=statistics.median(seconds), rounds=len(seconds)
    )
    name = f"test_{timed[:4]}[linear-{sampler}]"
    info = {**make_record(row, timed), **(changes or {})}
    return {"name": name, "fullname": f"t.py::{name}", "stats": stats, "extra_info": info}


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Writes benchmarks, or any text, to a file."""

    def write(*benchmarks: Any, text: str = "") -> Path:
        path = tmp_path / "saved.json"
        path.write_text(text or json.dumps({"benchmarks": benchmarks, "version": "5.3.1"}))
        return path

    return write


def test_warm_and_cold_seconds_of_one_run_are_one_row_with_intervals(saved):
    path = saved(
        one("honest_one", "warm_s", WARM),
        one("honest_one", "cold_s", COLD),
        one("quick_one", "cold_s", COLD[:1]),
    )
    (both, cold), others = pytest_benchmark.read(path)
    assert not others and both["sampler"] == "honest_one" and cold["sampler"] == "quick_one"
    assert both["warm_s"] == 0.022 and (both["warm_s_lo"], both["warm_s_hi"]) == (0.019, 0.026)
    assert both["cold_s"] == 3.0 and both["cold_s_lo"] < 2.9 < 3.2 < both["cold_s_hi"]
    assert both["compiles"] == 100 and both["trial"].count("::") == 2
    assert "different processes" in both["missing"]["seconds_to_5pct"]
    assert cold["cold_s_lo"] is None and cold["warnings"] == ["cold_s has no interval: timed once"]


def test_the_same_run_twice_stays_two_rows_told_apart_by_name(saved):
    again = {**one("honest_one", "warm_s", WARM), "fullname": "t.py::test_again"}
    path = saved(one("honest_one", "warm_s", WARM), one("honest_one", "cold_s", COLD), again)
    assert len(pytest_benchmark.read(path)[0]) == 3
    assert "t.py::test_again" in pytest_benchmark.render(path, report.ReportOptions("table"))


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "latex", "json"])
def test_every_format_of_text_is_made_and_others_are_listed(saved, capsys, monkeypatch, form):
    monkeypatch.setenv("COLUMNS", "160")  # of the terminal: costs go first where it is narrow
    other = {"name": "test_sort", "fullname": "t.py::test_sort", "stats": {}, "extra_info": {}}
    path = saved(one("honest_one", "warm_s", WARM), other, one("honest_one", "cold_s", COLD))
    assert main.main(["report", "--pytest-benchmark", str(path), "--format", form]) == 0
    out, err = capsys.readouterr()
    shown = "0.022" if form in ("csv", "json") else "ms"
    assert "honest" in out and shown in out and "test_sort" not in out
    assert "left out" in err and "test_sort" in err
    if form == "json":
        document = json.loads(out)
        assert document["campaign"] is None and document["rows"][0]["warm_s_lo"] == 0.019
    if form == "csv":
        assert next(csv.DictReader(io.StringIO(out)))["cold_s"] == "3.0"


def test_columns_order_and_file_are_as_asked(saved, tmp_path):
    path = saved(one("honest_one", "warm_s", WARM), one("quick_one", "warm_s", [0.01] * 7))
    to = tmp_path / "table.csv"
    options = ["--columns", "sampler,warm_s", "--sort", "warm_s", "--format", "csv", "-o", str(to)]
    assert main.main(["report", "--pytest-benchmark", str(path), *options]) == 0
    assert to.read_text() == "sampler,warm_s\nquick_one,0.01\nhonest_one,0.022\n"


def test_what_is_no_such_file_is_refused_with_what_was_expected(saved, tmp_path):
    fine = one("honest_one", "warm_s", WARM)
    strange = {"name": "test_sort", "fullname": "t.py::test_sort", "stats": {}, "extra_info": {}}
    cases = [
        (tmp_path / "none.json", "No such file"),
        (tmp_path, "it is a folder, no file"),
    ]
    for path, says in cases:
        with pytest.raises(UsageError, match=says):
            pytest_benchmark.read(path)
    for says, text, benchmarks in [
        ("is not JSON", "{", ()),
        ("is not JSON", "[" * 100_000, ()),
        ("is not pytest-benchmark's", "[1, 2]", ()),
        ("is not pytest-benchmark's", '{"benchmarks": [3]}', ()),
        ("none of the 0 benchmarks", "", ()),
        ("none of the 1 benchmarks .*test_sort", "", (strange,)),
        ("record of version 9", "", ({**fine, "extra_info": {"samplerbench": 9}},)),
        ("damaged: model", "", (one("honest_one", "warm_s", WARM, {"model": None}),)),
        ("damaged: its seconds", "", (one("honest_one", "warm_s", WARM, {"warm_s": "fast"}),)),
        ("damaged: its seconds", "", (one("honest_one", "warm_s", WARM, {"timed": "draws"}),)),
    ]:
        with pytest.raises(UsageError, match=says) as refused:
            pytest_benchmark.read(saved(*benchmarks, text=text))
        assert "expected:" in str(refused.value)


def test_what_needs_draws_or_says_two_things_is_refused(saved, tmp_path, capsys, monkeypatch):
    path = str(saved(one("honest_one", "warm_s", WARM)))
    for words, says in (
        (["--format", "html"], "needs the draws"),
        (["--by", "parameter"], "needs the draws"),
        ([str(tmp_path)], "a folder were given"),
        (["--figures", str(tmp_path)], "--figures were given"),
        (["--columns", "warm_"], "did you mean 'warm_s'"),
    ):
        assert main.main(["report", "--pytest-benchmark", path, *words]) == 2
        assert says in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)  # where no campaign is the newest
    assert main.main(["report"]) == 2
    assert "DIR or --pytest-benchmark FILE" in capsys.readouterr().err


def test_a_timer_that_is_not_the_walls_is_told(saved):
    cpu = {**one("honest_one", "warm_s", WARM), "options": {"timer": "process_time"}}
    ((row,), _) = pytest_benchmark.read(saved(cpu))
    assert row["warnings"] == ["warm_s is by the timer 'process_time', not wall seconds"]


def test_an_interval_is_of_the_median_and_few_values_have_students():
    assert estimate_median_interval([1.0]) == (None, None, "timed once")
    assert estimate_median_interval([float(k) for k in range(1, 8)]) == (1.0, 7.0, "")
    # two values, logs 0 and 1: mean 0.5, half-width t(0.975, 1 df) * 0.5 = 12.706 * 0.5
    lo, hi, why = estimate_median_interval([1.0, 2.718281828459045])
    assert (lo, hi, why) == (pytest.approx(0.00287, rel=1e-2), pytest.approx(947.0, rel=1e-2), "")
