"""What is said of all stacks together: the summary, the shares of JAX and NumPyro, the README."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.cli import common, main
from samplerbench.errors import UsageError
from samplerbench.harness.compatibility import (
    known_stacks,
    matrix,
    matrix_file,
    stack_tables,
    trends,
)
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix import Entry
from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.reports.compatibility import summary, table
from samplerbench.reports.compatibility.trends import describe_trends
from tests.support.paths import ROOT


def row(numpyro: str, jax: str, jaxns: str = "2.0.1", cause: str = "", **nuts) -> StackRow:
    chosen = {"numpyro": numpyro, "jax": jax, "jaxns": jaxns}
    return StackRow(
        name=stack_tables.name_of(chosen),
        chosen=chosen,
        key=f"{chosen}",
        pins_key="",
        suite=known_stacks.SUITE,
        pins=tuple(f"{name}=={version}" for name, version in chosen.items()),
        python="3.11.7",
        platform="linux-x86_64",
        stages={"nested sampling imports": {"ok": not cause, "cause": cause, "file": "a.py:1"}},
        samplers={"numpyro_nuts": nuts},
        date="2026-11-24",
        machine={"cpu": "a CPU", "cores_allowed": 2},
    )


def entries(*rows: StackRow) -> list[Entry]:
    return [Entry(Stack(r.name, r.chosen, (), ()), r) for r in rows]


# -- a dozen lines -----------------------------------------------------------------------------


def test_releases_of_which_the_same_is_known_share_a_line():
    told = summary.render(
        entries(
            row("0.13.1", "0.4.20"),
            row("0.13.0", "0.4.20"),
            row("0.15.0", "0.4.25", "2.1.0"),
            row("0.15.0", "0.4.30", cause="no _x"),
            row("0.15.0", "0.4.25", cause="no _x"),
        )
    )
    assert told.splitlines()[2:] == [
        "| 0.13.0, 0.13.1 | 0.4.20 (2.0.1) |  |",
        "| 0.15.0 | 0.4.25 (2.1.0) | 0.4.25, 0.4.30 (2.0.1): nested sampling imports: no \\_x |",
    ]


def test_the_summary_replaces_what_is_between_its_marks_alone(tmp_path):
    file = tmp_path / "r.md"
    file.write_text(f"a\n{summary.BEGIN}\nold\n{summary.END}\nb\n")
    for _ in range(2):
        summary.insert_into(file, "\\1 new\n")
        assert file.read_text() == f"a\n{summary.BEGIN}\n\\1 new\n{summary.END}\nb\n"
    file.write_text("no marks")
    with pytest.raises(UsageError, match="expected: a file of text with the lines"):
        summary.insert_into(file, "new\n")
    with pytest.raises(UsageError, match="can't read"):
        summary.insert_into(tmp_path / "none.md", "new\n")


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> list[Entry]:
    """The shipped matrix with the shipped rows alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = matrix.read_stored(matrix_file.read(matrix_file.SHIPPED_FILE))
    if not any(entry.row for entry in found):
        pytest.skip("the shipped rows are of another platform")
    return found


def test_the_documentation_holds_what_the_command_gives(shipped, tmp_path, capsys):
    page = ROOT / "docs" / "explanation" / "stacks.md"
    text = page.read_text("utf-8")
    copy = tmp_path / "copy.md"
    copy.write_text(text, "utf-8")
    command = ["matrix", "--stored", "--format", "markdown", "--into", str(copy)]
    assert main.main(command) in (common.EXIT_OK, common.EXIT_FAILED)
    assert copy.read_text("utf-8") == text, f"samplerbench matrix --stored --into {page}"
    published = (ROOT / "reports" / "published" / "stacks.md").read_text("utf-8")
    assert capsys.readouterr().out == published
    assert 10 <= summary.render(shipped).count("\n") <= 20


def test_rows_of_another_run_take_the_place_of_those_of_the_same_stack(tmp_path, capsys):
    old, other = row("1.0", "1.0"), row("2.0", "1.0")
    file, more = tmp_path / "out" / "known.json", tmp_path / "more.json"
    known_stacks.merge(file, [old, other])
    elsewhere = replace(old, platform="macosx", key="m")
    lost = replace(other, passing=True, key="p")
    known_stacks.write(more, [replace(old, key="new", load=1.0), elsewhere, lost])
    command = ["matrix", "--stored", "--out", str(tmp_path / "out"), "--merge"]
    assert main.main([*command, str(more)]) in (common.EXIT_OK, common.EXIT_FAILED)
    assert [r.key for r in known_stacks.load(file)] == ["new", other.key, "m"]
    assert main.main([*command, str(tmp_path / "none")]) == common.EXIT_USAGE
    assert "expected: a known.json" in capsys.readouterr().err


def test_more_stacks_were_run_than_people_are_known_to_have(shipped):
    assert sum(entry.row is not None for entry in shipped) >= 42


# -- shares of JAX and NumPyro -----------------------------------------------------------------


def runs(rng, mean: float, count: int = 5) -> list[float]:
    """Seconds that scatter by 3 %."""
    return list(mean * np.exp(0.03 * rng.standard_normal(count)))


def test_a_step_between_releases_of_jax_is_found_and_noise_is_not():
    rng = np.random.default_rng(11)
    rows = [
        row("0.22.0", "0.10.0", cold_cpu_runs=runs(rng, 6.0)),
        row("0.22.0", "0.9.2", cold_cpu_runs=runs(rng, 4.0)),
        row("0.22.0", "0.8.2", cold_cpu_runs=runs(rng, 4.0)),
        row("0.22.0", "0.7.2", cold_cpu_runs=[4.0, 4.1]),  # too few
        row("0.19.0", "0.7.2", cold_cpu_runs=runs(rng, 4.0)),  # JAX does not vary
    ]
    cold = trends.cold_by_jax(rows)
    assert [each.jax for each in cold] == ["0.8.2", "0.9.2", "0.10.0"]  # by release, not by letter
    same, step = trends.steps(cold)
    # 5 and 5 runs of 3 %: the standard error of a log ratio is 0.019; five of them, and t for it
    assert same.lo < 1 < same.hi and step.lo < 1.5 < step.hi
    assert abs(np.log(step.ratio / 1.5)) < 5 * 0.019 < np.log(step.lo / 1.0)
    (said,) = describe_trends(rows)
    assert "0.8.2 to 0.9.2: no change shown" in said and "0.9.2 to 0.10.0: 1.5" in said


def test_intervals_of_several_steps_are_wider_than_that_of_one():
    rng = np.random.default_rng(12)
    cold = [trends.Cold("1", str(i), tuple(runs(rng, 4.0))) for i in range(4)]
    one, several = trends.steps(cold[:2])[0], trends.steps(cold)[0]
    assert several.lo < one.lo < one.ratio == several.ratio < one.hi < several.hi


def test_the_release_since_which_a_second_call_compiles_is_told():
    rows = [
        row("0.15.1", "0.4.25", compiles_per_rerun=1),
        row("0.9.0", "0.4.20", compiles_per_rerun=0),
        row("0.15.0", "0.4.25", compiles_per_rerun=0),
        row("0.22.0", "0.10.2", compiles_per_rerun=2),
        row("0.21.0", "0.10.2"),  # NUTS did not run
    ]
    (said,) = describe_trends(rows)
    assert said == (
        "Since numpyro 0.15.1 a second MCMC.run of NUTS compiles again: 1 to 2 programs on all 2"
        " stacks tried from 0.15.1 to 0.22.0, none on the 2 stacks tried from 0.9.0 to 0.15.0;"
        " 0.15.0 and 0.15.1 were both tried with jax 0.4.25"
    )


@pytest.mark.parametrize("counts", [(0, 0), (1, 1), (1, 0)])
def test_where_no_release_divides_them_nothing_is_told(counts):
    rows = [
        row(f"0.{i}.0", "1", compiles_per_rerun=count)
        for i, count in zip((1, 2), counts, strict=True)
    ]
    assert describe_trends(rows) == []


# -- how sure the seconds are ------------------------------------------------------------------


def test_seconds_of_a_busy_machine_are_marked():
    quiet, busy = row("1", "1"), replace(row("2", "1"), load=7.2)
    assert "factor" not in table.render_markdown(entries(quiet, replace(row("2", "1"), load=1.4)))
    told = table.render_markdown(entries(quiet, busy))
    assert "up to 7 processes that wanted the cores on 1 of them, so seconds are good" in told
    assert "up to 3 stacks at once and up to 7" in table.render_markdown(
        entries(replace(quiet, jobs=3), busy)
    )


def test_time_over_draws_is_shown_and_flagged_where_it_is_above_linear_for_certain():
    def shown(**fit):
        nuts = {"draws_exponent": fit} if fit else {}
        return table.make_table(entries(row("0.22.0", "0.11.1", **nuts))).rows[0][-1].text

    assert shown(value=1.72, lo=1.66, hi=1.78) == "1.72 (1.66 to 1.78)!"
    assert shown(value=1.14, lo=1.08, hi=1.2) == "1.14 (1.08 to 1.20)"
    assert shown(reason="timeout") == shown() == ""  # a row of before the column
