"""Tables made from rows in every format, and the reports of campaigns that are not whole."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import pytest

from samplerbench import rounding
from samplerbench.cli.main import main
from samplerbench.cli.report import FORMATS
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.store import Store
from samplerbench.reports import report
from samplerbench.reports.tables import (
    campaign_table,
    cells,
    csv_json,
    latex,
    latex_escapes,
    markdown,
    notes,
    selection,
    terminal,
)
from samplerbench.reports.tables.table import Cell, Column, Table
from tests.support import stored
from tests.support.latex import assert_fits_an_article, needs_tex
from tests.support.rows import changed

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # locks of folders left open


def text(campaign, form: str, **options) -> str:
    return report.render(campaign, report.ReportOptions(form, **options))


# -- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "lo", "hi", "shown"),
    [
        (1636.0, 935.0, 2530.0, "1600"),
        (0.8819, 0.634, 1.126, "0.88"),
        (68924.0, 39396.0, 106574.0, "70k"),
        (152194.0, 151000.0, 153300.0, "152k"),
        (5.0255, 5.0237, 5.0294, "5.03"),  # three digits at most
        (0.00234, 0.0013, 0.0035, "0.0023"),
        (1.4, -300.0, 300.0, "1"),  # at least one
        (9.996, 9.9, 10.1, "10.0"),
        (-0.25, -0.3, -0.2, "-0.25"),
        (3.0e-9, 1.0e-9, 5.0e-9, "3.0e-09"),
        (7.0, 7.0, 7.0, "7.00"),
    ],
)
def test_a_number_has_the_digits_that_its_interval_supports(value, lo, hi, shown):
    assert rounding.format_rounded(value, lo, hi) == shown


def test_the_ends_of_a_share_have_two_digits_each():
    assert rounding.format_percents(0.000583, 0.0321) == "0.058 to 3.2 %"
    assert rounding.format_percents(0.0, 0.998) == "0 to 99.8 %"  # not all


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (32, "32"),
        (12345, "12.3k"),
        (0.5, "0.500"),
        (99999.0, "100k"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (True, "True"),
        ("word", "word"),
    ],
)
def test_a_number_without_an_interval_has_three_digits(value, shown):
    assert rounding.format_number(value) == shown


def test_half_an_interval_and_its_number_end_at_the_same_digit(rows):
    row = changed(rows[0], mean_error=-0.00882, mean_error_lo=-0.01728, mean_error_hi=-0.00036)
    assert cells.make_cell(row, "mean_error").short == "-0.009±0.008"
    row = changed(rows[0], mean_error=-0.0123, mean_error_lo=-0.0143, mean_error_hi=-0.0103)
    assert cells.make_cell(row, "mean_error").short == "-0.0123±0.0020"
    row = changed(rows[0], mean_error=-0.001, mean_error_lo=-0.041, mean_error_hi=0.039)
    assert cells.make_cell(row, "mean_error").short == "0.00±0.04"  # nothing has no sign


def test_a_missing_number_shows_a_dash_and_says_why(rows):
    found = cells.make_cell(rows[0], "log_z_error")
    assert found.text == "-" and found.reason == "this sampler gives no evidence"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.033, "s", "33.0 ms"),
        (0.00032, "s", "0.320 ms"),
        (2e-5, "s", "20.0 µs"),
        (4.7, "s", "4.70 s"),
        (70_000.0, "s", "19.4 h"),
        (0.0, "s", "0 s"),
        (24_100.0, "MB", "24.1 GB"),
        (300, "MB", "300 MB"),
    ],
)
def test_seconds_and_memory_have_the_unit_that_shows_them_in_few_digits(value, unit, shown):
    assert rounding.format_in_unit(value, unit) == shown


def test_a_cell_scales_its_interval_along_and_a_program_gets_seconds(rows):
    row = changed(rows[0], warm_s=0.0331, warm_s_lo=0.0312, warm_s_hi=0.0350)
    cell = cells.make_cell(row, "warm_s")
    assert cell.full == "33.1 (31.2 to 35.0) ms" and cell.short == "33.1 ms"
    assert float(cell.key) == 0.0331
    assert cells.make_cell(changed(row, warm_s_lo=None), "warm_s").short == "33.1 ms"


def test_one_note_names_all_rows_that_it_is_of(rows):
    few = [changed(row, status="ok", answer="consensus of 16 runs") for row in rows[:3]]
    few = [changed(row, verdict="agrees", verdict_reason="the same", power=None) for row in few]
    said = notes.verdict_notes([*few, changed(rows[3], answer="another")])
    assert "honest_one, quick_one, shifted_one: agrees: the same" in said
    (seen,) = notes.verdict_notes([changed(few[0], answer=None, power="twice the errors")])
    assert seen == "honest_one: agrees: the same; with 95 % it would have shown twice the errors"
    many = [changed(few[0], sampler=f"s{at}") for at in range(9)]
    assert notes.verdict_notes(many)[0].startswith("s0, s1, s2, s3, s4, s5, and 3 more: agrees")


def test_a_key_below_the_table_says_what_claims_are_held_against(campaign):
    for form in ("table", "markdown"):
        shown = text(campaign, form).replace("\n", " ")
        assert "realised: what errors over 256 runs show; calibration: error / claimed" in shown
    assert "error / claimed" not in text(campaign, "table", columns=["sampler", "rhat"])


def test_the_reference_is_no_method(campaign, rows):
    shown = text(campaign, "table")
    assert "(reference)" in shown
    assert "exact_iid is a reference: independent draws from the exact answer" in shown
    assert "exact_iid: honest" not in shown
    (cell,) = [cells.make_cell(r, "sampler") for r in rows if r["sampler"] == "exact_iid"]
    assert cell.kind == "reference" and cell.key == "exact_iid"


@pytest.mark.parametrize("width", [70, 80, 100])
def test_accuracy_stays_where_costs_have_to_go(campaign, width):
    left_out = text(campaign, "table", width=width).partition("left out at this width: ")[2]
    assert left_out.startswith("ess_per_s, cold_s")
    for name in ("realised_ess", "calibration", "verdict"):
        assert name not in left_out


# -- what is comparable --------------------------------------------------------------------------


def test_speeds_of_rows_that_are_not_honest_are_marked_in_every_format(campaign, rows):
    shifted = next(row for row in rows if row["sampler"] == "shifted_one")
    assert cells.make_cell(shifted, "ess_per_s").marked
    for form in ("table", "markdown", "latex"):  # of the page: in test_page
        shown = text(campaign, form, columns=["sampler", "ess_per_s"])
        assert "not comparable" in shown, form
    found = json.loads(text(campaign, "json"))["rows"]
    assert {row["sampler"]: row["comparable"] for row in found} == {
        "honest_one": True,
        "quick_one": True,
        "shifted_one": False,
        "nested_one": True,
        "exact_iid": True,
        "failed_one": False,
        "declined_one": False,
    }
    lines = list(csv.DictReader(io.StringIO(text(campaign, "csv"))))
    assert [line["comparable"] for line in lines].count("False") == 3


@pytest.mark.parametrize("name", cells.SPEEDS)
def test_every_speed_is_marked_and_honest_ones_are_not(rows, name):
    honest = changed(rows[0], **{name: 5.0})
    assert not cells.make_cell(honest, name).marked
    assert cells.make_cell(changed(honest, verdict="biased"), name).marked
    assert cells.make_cell(changed(honest, verdict="no exact answer"), name).marked


# -- columns, order, parameters ------------------------------------------------------------------


@pytest.mark.parametrize("form", report.FORMATS)
@pytest.mark.parametrize("option", ["--columns=ess,compara", "--sort=compara"])
def test_an_unknown_column_is_refused_in_every_format(campaign, capsys, form, option):
    assert main(["report", str(campaign.folder), "--format", form, option]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert re.search("did you mean 'comparable'.*\n.*known columns:.*ess", told.err)


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "latex", "json"])
def test_only_the_columns_asked_for_are_shown_in_their_order(campaign, form):
    shown = text(campaign, form, columns=["rhat", "sampler"]).partition('"rows"')
    shown = shown[2] or shown[0]  # of JSON without what is said of the campaign
    assert shown.index("rhat") < shown.index("sampler")
    assert "calibration" not in shown and "realised" not in shown


def test_rows_are_sorted_best_first_with_missing_ones_last(rows):
    by = [cells.label(row) for row in selection.sort_rows(rows, ["seconds_to_5pct"])]
    assert by[:4] == ["quick_one", "honest_one", "exact_iid", "nested_one"]
    worst = [cells.label(row) for row in selection.sort_rows(rows, ["-seconds_to_5pct"])]
    assert worst[:4] == by[:4][::-1] and worst[4:] == by[4:]
    nearest = selection.sort_rows(rows, ["calibration"])
    assert nearest[0]["calibration"] < 1.5 and nearest[4]["sampler"] == "shifted_one"


def test_by_parameter_gives_one_row_a_parameter_with_its_own_numbers(campaign):
    found = json.loads(text(campaign, "json", by_parameter=True))["rows"]
    honest = [row for row in found if row["sampler"] == "honest_one"]
    assert [row["parameter"] for row in honest] == ["m", "c"]
    assert honest[0]["realised_ess"] != honest[1]["realised_ess"]
    assert honest[0]["cold_s"] == honest[1]["cold_s"] == pytest.approx(2.0)
    whole = json.loads(text(campaign, "json"))["rows"][0]
    assert whole["realised_ess"] == min(row["realised_ess"] for row in honest)
    assert whole["ess"] <= min(row["ess"] for row in honest)  # least in each run, then the median
    for row in honest:
        tighter = min(row["ess_bulk"], row["ess_tail"])  # of medians: no less than the median
        assert 0.5 * tighter < row["ess"] <= tighter * (1 + 1e-9)
        assert row["ess_per_s"] == pytest.approx(row["ess"] / row["warm_s"])
        assert row["realised_ess_per_s"] == pytest.approx(row["realised_ess"] / row["warm_s"])
    nested = next(row for row in found if row["sampler"] == "nested_one")
    assert nested["ess"] is None and "all parameters" in nested["missing"]["ess"]
    assert [row["parameter"] for row in found if row["sampler"] == "failed_one"] == [None]
    assert "parameter" in text(campaign, "table", by_parameter=True)


def test_json_gives_every_column_and_a_reason_for_every_number_that_is_missing(campaign):
    found = json.loads(text(campaign, "json"), parse_constant=pytest.fail)["rows"]  # no NaN
    assert list(found[0]) == [name for name in selection.column_names(campaign.rows())]
    bare = [c.name for c in selection.COLUMNS if c.group in ("claimed", "realised", "cost")]
    for row in found:
        missing = {n for n in bare if row[n] is None and not n.endswith(("_lo", "_hi"))}
        assert missing == set(row["missing"]), row["sampler"]
        assert all(why.strip() for why in row["missing"].values())


def test_csv_gives_every_number_back_bit_by_bit_and_infinities_as_words(rows):
    names = selection.choose_columns(None, rows)
    hurt = changed(rows[0], seconds_to_5pct=math.inf, mean_error=-math.inf, w1=1e-7, ess=None)
    lines = list(csv.reader(io.StringIO("".join(csv_json.as_csv([*rows, hurt], names)))))
    assert len(lines) == len(rows) + 2
    assert list(dict.fromkeys(name.partition(".")[0] for name in lines[0])) == names
    for row, line in zip([*rows, hurt], lines[1:], strict=True):
        told = dict(zip(lines[0], line, strict=True))
        values = {name: cells.get_value(row, name) for name in names}
        parts = [csv_json.flatten(name, values[name]) for name in names]
        flat = {name: value for part in parts for name, value in part.items()}
        for name, value in flat.items():
            cell = told.pop(name)
            is_float = isinstance(value, float)
            expected = "" if value is None else value if is_float else str(value)
            assert (float(cell) if is_float else cell) == expected, name
        assert not any(told.values())  # what other rows have


def test_no_cell_of_csv_is_nested_and_parts_of_records_are_columns(campaign):
    heading, *lines = csv.reader(io.StringIO(text(campaign, "csv")))
    assert {"versions.jax", "machine.cores", "settings.note", "missing.log_z_error"} <= {*heading}
    assert {"block_seconds.cold_s.1", "block_seconds.cold_s.3", "warnings"} <= {*heading}
    assert not any(cell.startswith(("{", "[")) for line in lines for cell in line)
    chosen = text(campaign, "csv", columns=["sampler", "settings"]).splitlines()
    assert chosen[:2] == ["sampler,settings.note", 'honest_one,""']


def test_a_record_that_no_row_has_is_one_empty_column(rows):
    lines = "".join(csv_json.as_csv(rows[:1], ["sampler", "settings"])).splitlines()
    assert lines[0] == "sampler,settings"


def test_json_says_infinity_in_words_also_inside_settings(rows):
    hurt = changed(rows[0], w1=math.inf, settings={"most": -math.inf, "of": [1.5, math.nan]})
    names = selection.choose_columns(None, rows)
    (found,) = json.loads("".join(csv_json.as_json([hurt], names)))["rows"]
    assert found["w1"] == "inf" and found["settings"] == {"most": "-inf", "of": [1.5, "nan"]}
    empty = {"schema": csv_json.SCHEMA, "campaign": None, "rows": []}
    assert json.loads("".join(csv_json.as_json([], ["w1"]))) == empty


def test_what_is_no_character_stands_in_csv_and_json_as_its_code(rows):
    hurt = changed(rows[0], reason="a\udcff", versions={"\ud800": "b\udcff"})
    names = selection.choose_columns(None, rows)
    text = "".join(csv_json.as_csv([hurt], names))
    assert "a\\udcff" in text and "versions.\\ud800" in text and text.encode()
    (found,) = json.loads("".join(csv_json.as_json([hurt], names)))["rows"]
    assert found["reason"] == "a\\udcff" and found["versions"] == {"\\ud800": "b\\udcff"}


def test_the_rows_alone_are_what_json_was(campaign):
    rows = json.loads(text(campaign, "json-rows", columns=["sampler", "ess"]))
    assert rows == json.loads(text(campaign, "json", columns=["sampler", "ess"]))["rows"]


def test_json_names_its_campaign(campaign):
    from samplerbench.version import __version__

    told = json.loads(text(campaign, "json"))["campaign"]
    assert (told["name"], told["samplerbench"]) == (campaign.folder.name, __version__)
    assert (told["trials"], told["finished"], told["command"]) == (8, 7, None)
    assert told["first_result"] <= told["last_result"]


@pytest.mark.parametrize("form", ["csv", "json", "json-rows"])
def test_what_is_for_programs_is_read_row_by_row(campaign, form, monkeypatch):
    expected = text(campaign, form)
    monkeypatch.setattr(type(campaign), "rows", None)  # all rows at once
    monkeypatch.setattr(csv_json, "CHUNK", 2)
    assert text(campaign, form) == expected


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_a_table_that_is_read_shows_the_first_rows_and_says_where_all_are(
    campaign, form, monkeypatch
):
    monkeypatch.setattr(report, "MOST_TERMINAL_ROWS", 2)
    monkeypatch.setattr(campaign_table, "MOST_ROWS", 2)
    for sort in ((), ("seconds_to_5pct",)):
        told = text(campaign, form, sort=sort).replace("\\_", "_").replace("{-}", "-")
        assert "the first 2 of 7 rows; --format csv has all" in told
        assert "quick_one" in told and "shifted_one" not in told


# -- one table, four renderers -------------------------------------------------------------------


@pytest.fixture
def small_table() -> Table:
    """A sampler with settings, a number with its interval, and a conclusion in many words."""
    columns = [Column("sampler"), Column("time", "s", "right"), Column("conclusion")]
    number = Cell("2.5", spread=("2.1", "2.9"), marked=True)
    words = "faster by a factor that no one expected of it, on every one of ten runs " * 2
    return Table("a title", columns, [[Cell("one:x=1"), number, Cell(words)]], ["a note"])


def test_a_last_column_of_text_is_folded_into_the_room_that_is_left(small_table):
    lines = terminal.render(small_table, width=60).splitlines()
    assert lines[0] == "a title" and lines[-1] == "a note"
    assert max(map(len, lines)) <= 60
    assert lines[3].startswith("one:     2.5*  faster by a factor") and lines[4].startswith("x=1")


def test_a_table_that_no_folding_makes_narrow_enough_has_a_line_for_each_cell(small_table):
    lines = terminal.render(small_table.with_intervals(), width=30).splitlines()
    assert max(map(len, lines)) <= 30
    assert lines[:4] == ["a title", "sampler: one:x=1", "time s: 2.5 (2.1 to 2.9)*", lines[3]]
    assert lines[3].startswith("conclusion: faster") and lines[-2:] == ["", "a note"]


def test_an_interval_is_shown_on_a_terminal_only_where_a_table_asks_for_it(small_table):
    assert "2.1" not in terminal.render(small_table)
    assert "2.5 (2.1 to 2.9)*" in terminal.render(small_table.with_intervals())
    assert r"2.5 (2.1 to 2.9)\*" in markdown.render(small_table)
    paper = latex.render(small_table)
    assert r"$2.5$\textsuperscript{*} & $[2.1, 2.9]$ &" in paper
    assert r"\multicolumn{2}{c}{time}" in paper and r"@{}lr@{\ }ll@{}" in paper


def test_latex_writes_infinity_and_powers_of_ten_as_mathematics_does():
    cell = Cell("-1.5e-07", ("-inf", "2.4k"), key="-1.5e-07")
    paper = latex.render(Table("", [Column("off", align="right")], [[cell]]))
    assert r"$-1.5 \cdot 10^{-7}$ & $[-\infty, 2.4\mathrm{k}]$" in paper


def test_latex_has_a_caption_and_a_label_where_they_are_given(small_table):
    plain = latex.render(small_table)
    assert r"\caption{A title.}" in plain and r"\label" not in plain
    assert "\\par\\smallskip Brackets: 95" in plain  # without a key before it
    named = latex.render(small_table, "Of $x$.", "tab:x")
    assert "\\caption{Of $x$.}\n\\label{tab:x}" in named and "a title" not in named.lower()
    assert r"\resizebox" not in named and r"\begin{table*}" in named


CAPTIONS = [
    (
        "errors within 5 %, by numpyro_nuts & others, no. #1",
        r"5 \%, by numpyro\_nuts \& others, no. \#1",
    ),
    (r"5\,\% of $K_m$, \emph{as} in \ref{tab:a_b}", r"5\,\% of $K_m$, \emph{as} in \ref{tab:a_b}"),
    ("of two\n\nparagraphs", "of two paragraphs"),
]


@pytest.mark.parametrize(("given", "written"), CAPTIONS)
def test_a_caption_keeps_its_tex_and_signs_that_would_break_it_are_escaped(
    small_table, given, written
):
    assert written + "}\n" in latex.render(small_table, given)


@needs_tex
@pytest.mark.process
def test_captions_compile(small_table, tmp_path):
    tables = [
        latex.render(small_table, given, f"tab:one-{at}.b_c")
        for at, (given, _) in enumerate(CAPTIONS)
    ]
    assert_fits_an_article("\n".join(tables), tmp_path)


@pytest.mark.parametrize(
    ("caption", "label", "said"),
    [
        ("50 % of {", "", "--caption '50 % of {' does not end what it begins"),
        ("}{", "", "does not end what it begins"),
        (r"$x \$", "", "dollar signs in pairs"),
        ("fine", "tab:a b", "--label 'tab:a b'\n  expected: letters"),
        ("fine", "tab:50%", "--label 'tab:50%'"),
    ],
)
def test_a_caption_or_label_that_would_break_the_document_is_refused(
    small_table, caption, label, said
):
    with pytest.raises(UsageError, match=re.escape(said)):
        latex.render(small_table, caption, label)


def test_latex_shows_what_a_paper_shows_and_the_rest_in_comments(campaign):
    lines = text(campaign, "latex").splitlines()
    head = lines[lines.index(r"\toprule") + 2]
    words = [re.sub(r".*\{(.*)\}$", r"\1", cell.strip()) for cell in head[:-3].split("&")]
    assert words == ["sampler", "verdict", "claim", "realised", "calibration", r"5 \%"]
    at = lines.index(r"\end{table*}")
    assert all(line.startswith("% ") for line in lines[at + 1 :])
    assert any("Brackets: 95 \\% intervals." in line for line in lines[:at])
    assert "warm" in text(campaign, "latex", columns=["sampler", "warm_s"])


def test_a_caption_is_for_latex_alone(campaign, capsys):
    folder = str(campaign.folder)
    assert main(["report", folder, "--format", "latex", "--label", "tab:one"]) == 0
    assert r"\label{tab:one}" in capsys.readouterr().out
    assert main(["report", folder, "--caption", "mine"]) == 2
    assert "--caption and --format table were given" in capsys.readouterr().err


def test_columns_are_left_out_by_rank_and_named_in_a_note(small_table):
    first, second, last = small_table.columns
    narrow = Table("", [first, Column("time", "s", "right", omit_rank=1), last], small_table.rows)
    told = terminal.render(narrow, width=40)
    assert "left out at this width: time s" in told.replace("\n", " ")
    assert "time" not in told.splitlines()[0]
    assert small_table.select([0, 2]).columns == [first, last]


def test_a_new_line_in_a_cell_stays_one_row_of_markdown():
    table = Table("", [Column("a")], [[Cell("1|2\n<b>")]])
    assert markdown.render(table).splitlines()[2] == "| 1&#124;2<br>&#60;b&#62; |"


def test_indented_json_has_null_for_what_is_not_finite():
    text = csv_json.as_indented_json([{"a": math.inf, "b": {"c": (math.nan, 1.5)}}])
    assert json.loads(text) == [{"a": None, "b": {"c": [None, 1.5]}}]


@pytest.mark.parametrize(
    ("verdict", "shown"), [("biased", "never"), ("broken", "never"), ("overconfident", "-")]
)
def test_a_time_to_5_percent_is_never_by_the_verdict_alone(rows, verdict, shown):
    row = changed(rows[0], verdict=verdict, seconds_to_5pct=None, missing={})
    assert cells.make_cell(row, "seconds_to_5pct").text == shown


# -- text that is not friendly -------------------------------------------------------------------


def test_a_terminal_is_not_steered_and_no_line_is_too_wide(campaign):
    shown = text(campaign, "table", width=80)
    assert "\x1b" not in shown and "\\x1b[31m" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "left out at this width" in shown


def test_markdown_shows_tags_and_marks_as_text(campaign):
    shown = text(campaign, "markdown")
    assert "<script" not in shown and "&#60;script&#62;" in shown
    assert r"\*star\* \`tick\`" in shown
    table = [line for line in shown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1


def test_csv_and_json_hold_names_as_they_are(campaign):
    assert json.loads(text(campaign, "json"))["rows"][5]["settings"] == {"note": stored.NASTY}
    lines = list(csv.DictReader(io.StringIO(text(campaign, "csv"))))
    assert lines[5]["settings.note"] == stored.NASTY and not lines[4]["settings.note"]
    assert lines[5]["reason"] == stored.NASTY


def test_latex_escapes_what_it_would_act_upon(campaign):
    shown = text(campaign, "latex")
    assert shown.isascii() and r"\toprule" in shown
    for special in (r"\&", r"\%", r"\$", r"\#", r"\_", r"\{", r"\textbackslash{}", "[U+4E2D]"):
        assert special in shown
    assert r"\'{e}" in shown and r"\textless{}script\textgreater{}" in shown


def test_latex_names_greek_letters_as_it_knows_them():
    assert latex_escapes.escape("σ_β Ωλ") == r"$\sigma$\_$\beta$ $\Omega$$\lambda$"
    assert latex_escapes.escape("ΑΜ ο") == "AM o"  # no commands: they look Latin
    assert latex_escapes.escape("ς") == "[U+03C2]"


@pytest.mark.process
@needs_tex
def test_latex_compiles_and_stays_within_both_columns_of_a_page(campaign, tmp_path):
    few = ["parameter", "sampler", "calibration", "warm_s"]
    table = text(campaign, "latex") + text(campaign, "latex", by_parameter=True, columns=few)
    greek = " ".join(chr(at) for at in range(0x391, 0x3CA) if chr(at).isalpha())
    assert_fits_an_article(f"{table}\n{latex_escapes.escape(greek)}", tmp_path)


# -- folders -------------------------------------------------------------------------------------


def test_formats_of_the_command_line_are_those_of_the_report():
    assert FORMATS == (*report.FORMATS, "parquet")  # which is no text


def test_a_folder_that_is_no_campaign_is_refused(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert "is not a campaign" in capsys.readouterr().err


@pytest.mark.parametrize("form", report.FORMATS)
def test_an_empty_campaign_and_one_of_failures_have_a_report(tmp_path, form):
    from samplerbench.harness.campaign.campaign import Campaign

    empty, failures = Store.create(tmp_path / "e"), Store.create(tmp_path / "f")
    failed = stored.trial("failed_one")
    failures.add_trials([failed])
    stored.commit_result(failures, failed, stored.result("crashed", "signal 9"))
    with Campaign(empty) as one, Campaign(failures) as two:
        assert text(one, form)
        assert form == "csv" or "crashed" in text(two, form)


def test_one_still_being_written_says_how_much_is_missing(campaign, capsys):
    text(campaign, "table")
    assert "1 of 8 trials have no result yet" in capsys.readouterr().err


def test_a_report_goes_to_a_file_and_one_that_cannot_be_written_is_named(
    campaign, tmp_path, capsys
):
    path, wrong = tmp_path / "rows.json", tmp_path / "no" / "t.md"
    assert main(["report", str(campaign.folder), "--format", "json", "-o", str(path)]) == 0
    assert capsys.readouterr().out == "" and len(json.loads(path.read_text("utf-8"))["rows"]) == 7
    assert main(["report", str(campaign.folder), "-o", str(wrong)]) == 2
    assert f"{str(wrong)!r} can't be written" in capsys.readouterr().err


@pytest.mark.slow
def test_renderers_take_rows_of_any_number(rows):
    many = rows * 150
    first = campaign_table.make_table(many, most=1000)
    assert "the first 1000 of 1050 rows" in terminal.render(first)
    table = campaign_table.make_table(many)
    names = selection.choose_columns(None, many)
    made = [markdown.render(table), latex.render(table)]
    made += ["".join(maker(many, names)) for maker in (csv_json.as_csv, csv_json.as_json)]
    for shown in made:
        assert shown.replace("\\_", "_").count("quick_one") >= 150


def test_margins_that_are_not_the_default_are_said_below_the_table(rows):
    assert not any("tolerate" in note for note in notes.make_notes(rows, ["ess"]))
    loose = changed(rows[0], margins="calibration=2,bias=0.5,sd=0.5,log_z=0.5")
    (said,) = (note for note in notes.make_notes([loose, *rows[1:]], ["ess"]) if "tolerate" in note)
    assert "bias=0.5" in said
    assert "default: calibration=1.35" in said
