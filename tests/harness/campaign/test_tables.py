"""Tables as people have them: what is read, what is said of it, and what is refused."""

from __future__ import annotations

import gzip
import json
import re
import sys

import numpy as np
import pandas
import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.dry_run import describe_run
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.model_data import ModelData, read_model_data, stored_path
from samplerbench.harness.campaign.plan import OPTIONS, Plan
from samplerbench.harness.campaign.tables.fit import fit, parse_reading
from samplerbench.harness.campaign.tables.matrix import stack_columns
from samplerbench.harness.campaign.tables.read_table import READERS
from samplerbench.harness.campaign.tables.table import make_table
from samplerbench.harness.campaign.tables.text_table import read_text_table
from samplerbench.harness.campaign.tables.word_codes import parse_codes
from samplerbench.models.loading import data_files
from samplerbench.models.loading.model_names import load_model
from samplerbench.models.loading.program_signature import read_signature

PROGRAMS = """
import numpyro, numpyro.distributions as dist
def line(x, y=None):
    a = numpyro.sample("a", dist.Normal(0, 3))
    b = numpyro.sample("b", dist.Normal(0, 3))
    numpyro.sample("y", dist.Normal(a + b * x, 1), obs=y)
def sized(g, size, spread): ...
def matrix(X, y): ...
def groups(g, y=None):
    a = numpyro.sample("a", dist.Normal(0, 3).expand([3]))
    numpyro.sample("y", dist.Normal(a[g], 1), obs=y)
"""
POINTS = {"x": [0, 1, 2, 3, 4], "y": [1.1, 3.2, 4.8, 7.1, 9.0]}
FRAME = pandas.DataFrame(POINTS)
ROWS = ["0,1.1", "1,3.2", "2,4.8", "3,7.1", "4,9.0"]
SPACED = [row.replace(",", " ") for row in ROWS]
PLAIN = "\n".join(["x,y", *ROWS, ""])


def write(name, text, encoding="utf-8"):
    return name, lambda path: path.write_text(text, encoding)


def write_with(name, method, package="", frame=FRAME, **options):
    def write_frame(path):
        if package:
            reason = f"writing {name} needs {package}"
            pytest.importorskip(package, reason=reason)
        getattr(frame, method)(path, **options)

    return name, write_frame


def write_sheets(path, *frames):
    pytest.importorskip("openpyxl", reason="writing a workbook needs openpyxl")
    with pandas.ExcelWriter(path) as book:
        for i, frame in enumerate(frames):
            frame.to_excel(book, sheet_name=f"Sheet{i}", index=False)


#: kind -> file, how it is written, options, what is said in the note
KINDS = {
    "plain": (*write("d.csv", PLAIN), {}, ""),
    "byte-order mark": (*write("d.csv", PLAIN, "utf-8-sig"), {}, ""),
    "blanks round names": (*write("d.csv", PLAIN.replace(",", " , ")), {}, ""),
    "semicolons and decimal commas": (
        *write("d.csv", PLAIN.replace(",", ";").replace(".", ",")),
        {},
        "separator ';'; decimal commas",
    ),
    "semicolons": (*write("d.csv", PLAIN.replace(",", ";")), {}, "separator ';'"),
    "tabs": (*write("d.tsv", PLAIN.replace(",", "\t")), {}, ""),
    "blanks between": (*write("d.txt", PLAIN.replace(",", "  ")), {}, "separator blanks"),
    "separators at the end": (*write("d.csv", PLAIN.replace("\n", ",\n")), {}, ""),
    "pandas' index": (
        *write_with("d.csv", "to_csv"),
        {},
        "the first column, which has no name, left out",
    ),
    "R's row numbers": (
        *write("d.txt", '"x" "y"\n' + "".join(f'"{i}" {r}\n' for i, r in enumerate(SPACED, 1))),
        {},
        "separator blanks; the first column, which has no name, left out",
    ),
    "R's row names": (
        *write("d.csv", "x,y\n" + "".join(f"{n},{r}\n" for n, r in zip("abcde", ROWS))),
        {},
        "the first column, which has no name, left out",
    ),
    "Excel's line for the separator": (
        *write("d.csv", f"sep=;\n{PLAIN}".replace(",", ";").replace(".", ",")),
        {},
        "separator ';'; decimal commas",
    ),
    "UTF-16 with its mark": (*write("d.csv", PLAIN, "utf-16"), {}, ""),
    "packed": ("d.csv.gz", lambda path: path.write_bytes(gzip.compress(PLAIN.encode())), {}, ""),
    "lines of old Macs": (
        "d.csv",
        lambda p: p.write_bytes(PLAIN.encode().replace(b"\n", b"\r")),
        {},
        "",
    ),
    "blanks and tabs": (
        *write("d.txt", PLAIN.replace(",", " \t", 2).replace(",", "  ")),
        {},
        "separator blanks",
    ),
    "NumPy's savetxt": (
        *write("d.txt", f"# {PLAIN}".replace(",", " ")),
        {},
        "separator blanks; names after '#'",
    ),
    "comments over the header": (
        *write("d.csv", f"# made here\n# in 2024\n{PLAIN}"),
        {},
        "2 lines of comments on top left out",
    ),
    "a word with a line separator": (
        *write("d.csv", PLAIN.replace("\n", ",a\u2028b\n").replace("a\u2028b", "note", 1)),
        {},
        "column note left out, which line does not take",
    ),
    "notes and dates": (
        *write_with(
            "d.csv", "to_csv", frame=FRAME.assign(note="ok", day="2024-01-01"), index=False
        ),
        {},
        "columns note, day left out, which line does not take",
    ),
    "other names": (
        *write("d.csv", PLAIN.upper()),
        {"columns": ("x=X,y=Y",)},
        "",
    ),
    "no header": (*write("d.csv", "\n".join(ROWS)), {"columns": ("x=0,y=1",)}, ""),
    "names by number": (*write("d.csv", PLAIN.upper()), {"columns": ("x=0", "y=1")}, ""),
    "rows with missing cells": (
        *write("d.csv", f"{PLAIN}5,\n,NA\n"),
        {"missing": "drop"},
        "2 of 7 rows dropped, with missing cells: 1 in 'x', 2 in 'y'",
    ),
    "records": (*write_with("d.json", "to_json", orient="records"), {}, ""),
    **{
        f"pandas' JSON by {orient}": (*write_with("d.json", "to_json", orient=orient), {}, "")
        for orient in ("split", "index", "table")
    },
    "pandas' own JSON": (*write_with("d.json", "to_json"), {}, ""),
    "arrays in JSON": (*write("d.json", json.dumps(POINTS)), {}, ""),
    "lines of JSON": (*write_with("d.jsonl", "to_json", orient="records", lines=True), {}, ""),
    "newline-delimited JSON": (
        *write_with("d.ndjson", "to_json", orient="records", lines=True),
        {},
        "",
    ),
    "Parquet": (*write_with("d.parquet", "to_parquet", "pyarrow"), {}, ""),
    "Feather": (*write_with("d.feather", "to_feather", "pyarrow"), {}, ""),
    "Excel": (*write_with("d.xlsx", "to_excel", "openpyxl", index=False), {}, ""),
    "Excel with pandas' index": (
        *write_with("d.xlsx", "to_excel", "openpyxl"),
        {},
        "a column without a name left out",
    ),
    "two sheets": (
        "d.xlsx",
        lambda path: write_sheets(path, FRAME, FRAME + 1),
        {},
        "only the first sheet read, not Sheet1",
    ),
    "arrays": ("d.npz", lambda path: np.savez(path, **POINTS), {}, ""),
}


@pytest.fixture
def programs(tmp_path):
    """The path of a file with PROGRAMS."""
    (tmp_path / "m.py").write_text(PROGRAMS)
    return tmp_path / "m.py"


def read(programs, name, program="line", **options) -> ModelData:
    """The data of one program in ``programs``, read from the file ``name`` beside it."""
    plan = Plan(model=(f"{programs}:{program}",), data=str(programs.with_name(name)), **options)
    return read_model_data(plan)


def program_data(data: ModelData):
    (one,) = data.programs.values()
    return one


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_a_table_holds_the_same_points_and_says_what_was_guessed(kind, programs):
    name, write_file, options, note = KINDS[kind]
    write_file(programs.with_name(name))
    answer = program_data(read(programs, name, **options))
    assert {n: array.tolist() for n, array in answer.arrays.items()} == POINTS
    assert answer.arrays["x"].dtype == np.int64 and answer.arrays["y"].dtype == np.float64
    assert answer.note == note


WORDS = "g,y\nred,1\nblue,2\nred,1.5\ngreen,3\n"
#: file's text, program, options, what the refusal says
REFUSED = {
    "missing cells": (
        "x,y\n0,1.1\n1,\n2,NA\n",
        "line",
        {},
        ("2 in 'y'", "--missing drop", "--missing nan"),
    ),
    "names in capitals": (
        PLAIN.upper(),
        "line",
        {},
        ("missing: x; not taken: X, Y", "--columns x=X,y=Y"),
    ),
    "a name misspelt, and a size": (
        "G,siz\n0,1\n1,2\n",
        "sized",
        {},
        ("--columns g=G,size=siz\n", "functools.partial(sized, size=..., spread=...)"),
    ),
    "a matrix lacks": (
        "a,b,y\n0,1,2\n",
        "matrix",
        {},
        ("missing: X", "--columns X=a+b makes a matrix"),
    ),
    "words in a matrix": (
        "a,b,y\n0,u,2\n",
        "matrix",
        {"columns": ("X=a+b",)},
        ("a+b of", "make no matrix: 'b' holds words"),
    ),
    "an unknown column in a matrix": (
        "a,b,y\n0,1,2\n",
        "matrix",
        {"columns": ("X=a+c",)},
        ("is called 'c'", "a, b, y"),
    ),
    "infinity in a matrix": (
        "a,b,y\n0,1,2\n1,inf,2\n",
        "matrix",
        {"columns": ("X=a+b",)},
        ("inf in row 3 of column 'X'",),
    ),
    "no header": (
        "\n".join(ROWS),
        "line",
        {},
        ("looks like numbers: 0, 1.1", "--columns x=0,y=1"),
    ),
    "no header, and numbers alike": (
        "1,1\n2,3\n",
        "line",
        {},
        ("first line looks like numbers: 1, 1", "--columns x=0,y=1"),
    ),
    "no outcome": (
        "x\n0\n1\n",
        "line",
        {},
        ("`y` is observed where given and would be sampled", "--without y to mean it"),
    ),
    "a size": (
        "g\n0\n1\n",
        "sized",
        {},
        ("functools.partial(sized, size=..., spread=...) in the file",),
    ),
    "infinity": (f"{PLAIN}5,inf\n", "line", {}, ("inf in row 7 of column 'y'",)),
    "words": (
        WORDS,
        "groups",
        {},
        ("'red' in row 2 of column 'g' is no number", "--codes g makes integers"),
    ),
    **{
        f"thousands, perhaps: {cell}": (
            f"x;y\n1;{cell}\n2;2{cell[1:]}\n3;4\n",
            "line",
            {},
            (f"{cell!r} in row 2 of column 'y' is no number", "thousands not set apart"),
        )
        for cell in ("1,500", "1.500,5", "1,500.5", "1 500", "1'500", "1,500,000")
    },
    "dates": (
        "x,y\n2024-01-31,1\n2024-02-01,2\n",
        "line",
        {},
        ("of a date, its days since the first one, say; --codes x=words hands dates over",),
    ),
    "days first, with the hour": ("x,y\n31.1.24 12:00,1\n", "line", {}, ("of a date, its",)),
    "a currency": (
        "x,y\n$0.25,1\n$-2,2\n",
        "line",
        {},
        ("without '$'; if they are words, --codes x makes",),
    ),
    "a unit": ("x,y\n1.5 mg,1\n2 mg,2\n", "line", {}, ("without 'mg'; if they are words",)),
    "numbered words of two kinds": ("x,y\n1A,1\n1B,2\n", "line", {}, ("csv'; --codes x makes",)),
    "labels that Python takes for numbers": (
        "x,y\n1_12,1\n11_2,2\n",
        "line",
        {},
        ("'1_12' in row 2 of column 'x' is no number", "--codes x makes integers"),
    ),
    "missing words": (
        "g,y\nred,1\n,2\n",
        "groups",
        {"codes": ("g",), "missing": "nan"},
        ("1 in 'g'", "(numbers only)"),
    ),
    "no rows": ("x,y\n", "line", {}, ("it holds no line below its header",)),
    "nothing": ("", "line", {}, ("it is empty",)),
    "a name twice": ("x,x,y\n0,0,1\n", "line", {}, ("there twice: x, x, y",)),
    "ragged rows": ("x,y\n1,2\n2\n", "line", {}, ("row 3 has 1 cells, the header 2",)),
    "an unknown parameter": (PLAIN, "line", {"columns": ("z=x",)}, ("is called 'z'",)),
    "an unknown column": (PLAIN, "line", {"columns": ("x=q",)}, ("is called 'q'",)),
    "half a pair": (PLAIN, "line", {"columns": ("x",)}, ("expected: x=X,y=Y",)),
    "codes of another kind": (WORDS, "groups", {"codes": ("g=int",)}, ("or g=words",)),
    "units below the names": (
        "x,y\ns,m\n0,1\n",
        "line",
        {},
        ("'s' in row 2 of column 'x' is no number; 1 of 2 cells are", "take their rows out"),
    ),
    "a quotation mark that is not closed": (
        'x,y,note\n0,1,"ab\n1,2,b\n2,3,c\n',
        "line",
        {},
        ("a quotation mark in it is never closed",),
    ),
    "a name that lacks on purpose and is none": (
        PLAIN,
        "line",
        {"without": ("z",)},
        ("no parameter of line is called 'z'",),
    ),
    "codes of no column": (PLAIN, "line", {"codes": ("g",)}, ("column to code is called 'g'",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_can_not_be_meant_is_refused_with_the_way_out(case, programs):
    text, program, options, words = REFUSED[case]
    programs.with_name("d.csv").write_text(text)
    with pytest.raises(UsageError) as refused:
        read(programs, "d.csv", program, **options)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "columns", "missing", "matrix", "kind"),
    [
        ("a,b,y\n0,1,2\n3,4,5\n", "X=b+a", "", [[1, 0], [4, 3]], "i"),
        ("a,b,y\n0,1.5,2\n3,4,5\n", "X = a + b", "", [[0, 1.5], [3, 4]], "f"),
        ("a,b,y\n0,,2\n3,4,5\n", "X=a+b", "drop", [[3, 4]], "f"),
        ("a,b,y\n0,,2\n3,4,5\n", "X=a+b", "nan", [[0, np.nan], [3, 4]], "f"),
        ("a+b,b,y\n0,1,2\n3,4,5\n", "X=a+b", "", [0, 3], "i"),
        ("0,1,2\n3,4,5\n", "X=0+1,y=2", "", [[0, 1], [3, 4]], "i"),
    ],
)
def test_several_columns_are_handed_over_as_a_matrix(
    text, columns, missing, matrix, kind, programs
):
    programs.with_name("d.csv").write_text(text)
    found = program_data(
        read(programs, "d.csv", "matrix", columns=(columns,), missing=missing)
    ).arrays
    assert set(found) == {"X", "y"} and found["X"].dtype.kind == kind
    np.testing.assert_array_equal(found["X"], matrix)


def test_arrays_of_other_lengths_make_no_matrix():
    table = make_table({"a": np.zeros(2), "b": np.zeros(3), "c": np.zeros((2, 2))})
    for names in (("a", "b"), ("a", "c"), ("c", "c")):
        with pytest.raises(UsageError, match="make no matrix: they are no columns of one length"):
            stack_columns(table, names)
    assert stack_columns(table, ("a", "a")).values.shape == (2, 2)


#: file -> its bytes, what the refusal says
UNREADABLE = {
    "latin.csv": (
        "x,y,caf\xe9\n0,1,2\n".encode("latin-1"),
        "no text in UTF-8: byte 0xe9 in line 1",
    ),
    "cut.csv.gz": (gzip.compress(PLAIN.encode())[:-9], "no sound .gz file"),
    "lines.jsonl": (b'{"x": 1, "y": 2}\n{', "line 2: "),
    "number.json": (b"5", "it holds 5 alone"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_table_is_refused_with_the_place(name, programs):
    content, words = UNREADABLE[name]
    programs.with_name(name).write_bytes(content)
    with pytest.raises(UsageError, match=f"(?s){words}.*expected: "):
        read(programs, name)


@pytest.mark.parametrize(
    ("columns", "rows", "words"),
    [
        (["x", "x", "y"], [[0, 1, 2]], "there twice: x, x, y"),
        ([None, None], [["x", "y"], [0, 1]], "no column has a name in the first row"),
    ],
)
def test_a_sheet_without_names_of_their_own_is_refused(columns, rows, words, programs):
    write_sheets(programs.with_name("d.xlsx"), pandas.DataFrame(rows, columns=columns))
    with pytest.raises(UsageError, match=words):
        read(programs, "d.xlsx")


def test_truth_values_stay_so_once_the_missing_rows_are_out(programs):
    programs.with_name("d.csv").write_text("x,y\ntrue,1\n,2\nFalse,3\n")
    arrays = program_data(read(programs, "d.csv", missing="drop")).arrays
    assert arrays["x"].dtype == bool and arrays["x"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "package"),
    [("d.parquet", "pyarrow"), ("d.feather", "pyarrow"), ("d.xlsx", "openpyxl")],
)
def test_a_kind_of_file_whose_reader_is_not_there_is_refused_by_its_package(
    name, package, programs, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)  # what makes its import fail
    programs.with_name(name).write_bytes(b"")
    with pytest.raises(UsageError, match=f"expected: pip install {package}; or the table as .csv"):
        read(programs, name)


def test_words_are_numbered_by_sorted_order_or_handed_over(programs):
    programs.with_name("d.csv").write_text(WORDS)
    coded = program_data(read(programs, "d.csv", "groups", codes=("g",)))
    assert coded.arrays["g"].tolist() == [2, 0, 2, 1] and coded.arrays["g"].dtype == np.int64
    assert coded.labels == {"g": ["blue", "green", "red"]}
    assert coded.note == "g: blue=0, green=1, red=2"
    words = program_data(read(programs, "d.csv", "groups", codes=("g=words",)))
    assert words.arrays["g"].tolist() == ["red", "blue", "red", "green"]


@pytest.mark.parametrize("last", ["low", None])
def test_an_ordered_category_is_numbered_in_its_own_order(last):
    words = pandas.Categorical(["low", "high", last], ["low", "medium", "high"], ordered=True)
    table = make_table(pandas.DataFrame({"g": words, "y": [1.0, 2.0, 3.0]}))
    fitted = fit(table, None, parse_reading((), ("g",), "drop", ()))
    assert fitted.arrays["g"].tolist() == [0, 2, 0][: 3 if last else 2]
    assert fitted.labels == {"g": ["low", "medium", "high"]}


TEAMS = "home,away\nAjax,Bern\nAjax,Celta\nBern,Celta\nBern,Dnipro\n"


def test_words_of_columns_that_share_some_are_numbered_together_or_refused(programs):
    programs.write_text("def games(home, away): ...\n")
    programs.with_name("d.csv").write_text(TEAMS)
    told = r"'Bern' would be 1 in 'home' and 0 in 'away'(.|\n)*--codes home\+away(.|\n)*away=apart"
    with pytest.raises(UsageError, match=told):
        read(programs, "d.csv", "games", codes=("home", "away"))
    together = program_data(read(programs, "d.csv", "games", codes=("home+away",)))
    numbers = {name: array.tolist() for name, array in together.arrays.items()}
    assert numbers == {"home": [0, 0, 1, 1], "away": [1, 2, 2, 3]}
    assert together.note == "home, away: Ajax=0, Bern=1, Celta=2, Dnipro=3"
    apart = program_data(read(programs, "d.csv", "games", codes=("home", "away=apart")))
    numbers = {name: array.tolist() for name, array in apart.arrays.items()}
    assert numbers == {"home": [0, 0, 1, 1], "away": [0, 1, 1, 2]}
    assert apart.note == "home: Ajax=0, Bern=1; away: Bern=0, Celta=1, Dnipro=2"


def test_how_words_are_numbered_is_said_for_each_column():
    kinds = parse_codes(("home+away,g", "h=words", "k=apart"))
    group = "home+away"
    assert kinds == {"home": group, "away": group, "g": "", "h": "words", "k": "apart"}


def test_columns_with_the_same_words_are_numbered_alike(programs):
    programs.write_text("def games(home, away): ...\n")
    programs.with_name("d.csv").write_text("home,away\nno,yes\nyes,no\nno,no\n")
    data = program_data(read(programs, "d.csv", "games", codes=("home", "away")))
    assert data.arrays["home"].tolist() == [0, 1, 0] and data.arrays["away"].tolist() == [1, 0, 0]
    assert data.note == "home, away: no=0, yes=1"


def test_a_program_of_one_parameter_for_all_gets_a_table_whole(programs, tmp_path):
    programs.write_text("def line(df, scale=1.0): ...\ndef need(data, n): ...\n")
    (tmp_path / "d.csv").write_text("x,y,group\n1,2,red\n3,4,blue\n")
    whole = program_data(read(programs, "d.csv", "line"))
    assert whole.note == "handed over whole, as df: a dict of columns"
    data_files.write_arrays(tmp_path / "d.npz", whole.arrays)
    data = load_model(f"{programs}:line", {}, str(tmp_path / "d.npz")).data
    assert data.keys() == {"df"} and data["df"]["group"].tolist() == ["red", "blue"]
    with pytest.raises(UsageError, match=r"need\(data, n\): missing: n"):
        read(programs, "d.csv", "need")
    (tmp_path / "one.csv").write_text("y\n1\n2\n")  # which may be meant by itself
    with pytest.raises(UsageError, match="missing: df(.|\n)*--columns df="):
        read(programs, "one.csv", "line")


UNTOLD = """
import functools
def line(x, y, scale=1.0): ...
class Object:
    def __call__(self, x, y, group): ...
    def method(self, x, y): ...
alias, filled, short = line, functools.partial(line, scale=2.0), lambda x, y: None
bound, thing, lacking = Object().method, Object(), lambda x, y, z: None
"""


def test_what_only_a_run_of_the_file_tells_is_left_out_by_the_worker(programs, tmp_path):
    programs.write_text(UNTOLD)
    (tmp_path / "d.csv").write_text("x,y,group\n1,2,red\n3,4,blue\n")
    taken = {"alias": "xy", "filled": "xy", "short": "xy", "bound": "xy", "lacking": "xy"}
    for name in (*taken, "thing"):
        data = program_data(read(programs, "d.csv", name))
        assert data.note == (
            "columns that the program does not take are left out; group: words, handed over as"
            " they are (--codes NAME makes integers of them)"
        )
        data_files.write_arrays(tmp_path / "d.npz", data.arrays)
        if name == "lacking":
            with pytest.raises(UsageError, match="missing: z"):
                load_model(f"{programs}:{name}", {}, str(tmp_path / "d.npz"))
            continue
        model = load_model(f"{programs}:{name}", {}, str(tmp_path / "d.npz"))
        assert [*model.data] == ([*taken[name]] if name in taken else ["x", "y", "group"])


def test_true_and_false_are_truth_values(programs):
    programs.with_name("d.csv").write_text("x,y\nTRUE,1\nfalse,0\n")
    assert program_data(read(programs, "d.csv")).arrays["x"].tolist() == [True, False]


def test_missing_numbers_are_nan_for_a_program_that_imputes(programs):
    programs.with_name("d.csv").write_text("x,y\n0,1.1\n1,\n")
    answer = program_data(read(programs, "d.csv", missing="nan"))
    np.testing.assert_array_equal(answer.arrays["y"], [1.1, np.nan])
    assert answer.note == "missing cells are NaN: 1 in 'y'"


def test_whole_numbers_stay_whole_once_the_missing_rows_are_out(programs):
    programs.with_name("d.csv").write_text("g,y\n0,1.0\n,2.0\n1,\n2,3.0\n")
    answer = program_data(read(programs, "d.csv", "groups", missing="drop")).arrays
    assert answer["g"].dtype == np.int64 and answer["y"].dtype == np.float64


def test_an_outcome_left_out_on_purpose_is_left_out(programs):
    programs.with_name("d.csv").write_text("x\n0\n1\n")
    assert set(program_data(read(programs, "d.csv", without=("y",))).arrays) == {"x"}


def test_a_trial_is_named_by_the_bytes_of_its_file_and_the_options_that_change_its_reading(
    programs,
):
    programs.with_name("d.csv").write_text(PLAIN)
    plan = {"model": (f"{programs}:line",), "data": str(programs.with_name("d.csv"))}
    (plain,) = expand(Plan(sampler=("numpyro_nuts",), **plan))
    assert plain.data_file == plan["data"]
    assert plain.data_file_digest == "02e4baf86b2e77d8"  # sha256sum d.csv
    (other,) = expand(Plan(sampler=("numpyro_nuts",), columns=("x=y", "y=x"), **plan))
    assert other.id != plain.id and other.data_file == plain.data_file


def test_options_of_a_table_are_refused_without_one():
    with pytest.raises(UsageError, match="--codes says how a table is read"):
        expand(Plan(codes=("g",)))


@pytest.mark.parametrize("data", [FRAME, FRAME.set_index("x"), POINTS])
def test_python_hands_over_a_frame_or_a_dict_of_arrays(data, programs):
    plan = Plan(model=(f"{programs}:line",))
    answer = read_model_data(plan, data)
    assert {n: a.tolist() for n, a in program_data(answer).arrays.items()} == POINTS
    assert len(answer.digest) == 16 and answer.trial_fields["data_file"] == ""


@pytest.mark.parametrize("data", [3, {"x": object()}, {1: [2]}])
def test_what_is_no_data_is_refused(data):
    with pytest.raises(UsageError, match="expected: a pandas DataFrame"):
        make_table(data)


def test_the_help_names_only_endings_that_can_be_read():
    names = re.findall(r"\.\w+", OPTIONS["data"].help)
    assert len(names) > 5 and set(names) <= set(READERS)


def test_columns_are_named_in_one_word_or_several_and_may_hold_commas():
    for words in (["x=a, b,y=Y"], ["x=a, b", "y=Y"]):
        assert parse_reading(words, (), "", ()).columns == {"x": "a, b", "y": "Y"}


def test_commas_are_decimal_signs_only_where_they_separate_nothing_and_no_cell_has_a_point(
    tmp_path,
):
    (tmp_path / "d.csv").write_text("x;y\n1,250;0.5\n2,500;1.5\n")  # thousands, perhaps
    table = read_text_table(tmp_path / "d.csv", {})
    assert table.columns["x"].holds_words and table.columns["y"].values.tolist() == [0.5, 1.5]


@pytest.mark.parametrize("proof", ["2,5", "0,125", "1,0e3", "-1234,500"])
def test_commas_before_three_digits_are_decimal_signs_where_another_cell_shows_it(proof, tmp_path):
    (tmp_path / "d.csv").write_text(f"x;y\n1,250;{proof}\n")
    assert read_text_table(tmp_path / "d.csv", {}).columns["x"].values.tolist() == [1.25]


def test_stored_arrays_come_back_whatever_they_are_called(tmp_path):
    given = {"file": np.arange(3), "allow_pickle": np.array(["a", "bc"]), "n": np.array(4)}
    data_files.write_arrays(tmp_path / "d.npz", given)
    answer = data_files.read_data(tmp_path / "d.npz")
    assert answer["file"].tolist() == [0, 1, 2] and answer["n"] == 4
    assert answer["allow_pickle"].tolist() == ["a", "bc"]


def test_a_campaign_needs_the_file_no_more_once_it_has_a_copy(programs, tmp_path):
    file = programs.with_name("d.csv")
    file.write_text(WORDS)
    plan = Plan(
        model=(f"{programs}:groups",), data=str(file), codes=("g",), sampler=("numpyro_nuts",)
    )
    data = read_model_data(plan, folder=tmp_path / "c")
    (trial,) = expand(plan, data)
    (tmp_path / "c").mkdir()
    data.save(tmp_path / "c", [trial])
    file.unlink()
    (again,) = expand(plan, read_model_data(plan, folder=tmp_path / "c"))
    assert again.id == trial.id
    facts = json.loads(stored_path(tmp_path / "c", trial).with_suffix(".json").read_text())
    assert facts["labels"] == {"g": ["blue", "green", "red"]}
    with pytest.raises(UsageError, match="No such file"):
        read_model_data(plan)


SIGNATURES = """
from numpyro import sample
from samplerbench.models.base import Model
def plain(x, scale=1.0, *, y=None, mask=None): sample("y", None, obs=y)
def by_position(y=None): sample("y", None, y)
def rest(x, **more): ...
@decorator
def decorated(x): ...
def model() -> Model: ...
thing = 3
if thing:
    def branched(x, y=None): ...
    def doubtful(x): ...
else:
    def branched(x, y=None): ...
    def doubtful(x, y): ...
"""


def test_a_signature_is_read_without_running_the_file(tmp_path):
    (tmp_path / "s.py").write_text(SIGNATURES)
    names = ("plain", "by_position", "rest", "decorated", "model", "thing", "branched", "doubtful")
    read = {name: read_signature(f"{tmp_path / 's.py'}:{name}") for name in names}
    plain = read["plain"]
    assert (plain.required_names, plain.optional_names) == (("x",), ("scale", "y", "mask"))
    assert plain.observed_names == ("y",) and not plain.open_ended
    assert read["by_position"].observed_names == ("y",)
    assert read["rest"].open_ended and read["rest"].required_names == ("x",)
    assert read["decorated"].required_names == () and read["decorated"].names == ("x",)
    assert read["model"] is None and read["thing"] is None
    assert read["branched"].names == ("x", "y") and read["doubtful"] is None


def test_a_dry_run_says_what_was_guessed_of_a_table(programs, tmp_path):
    (tmp_path / "points.csv").write_text("g;y\nred;1,5\nblue;2,0\n")
    lines = describe_run(
        tmp_path / "c",
        {
            **{"model": f"{programs}:groups", "data": str(tmp_path / "points.csv")},
            **{"codes": ["g"], "sampler": "numpyro_nuts", "env": "current"},
        },
    )
    assert lines[0] == "points.csv: separator ';'; decimal commas; g: blue=0, red=1"


@pytest.mark.process
def test_a_frame_is_sampled_and_its_campaign_says_what_was_left_out(programs, tmp_path):
    frame = FRAME.assign(note="ok")
    options = {"sampler": "numpyro_nuts", "replicates": 4, "draws": 200, "env": "current"}
    with samplerbench.run(
        model=f"{programs}:line", data=frame, out=tmp_path / "c", **options
    ) as campaign:
        (row,) = campaign.rows()
        assert row["status"] == "ok", row["reason"]
        assert "data: column note left out, which line does not take" in row["warnings"]
        exact = campaign.exact(campaign.store.trials()[0])
    np.testing.assert_allclose(exact.mean, [1.0723, 1.9719], atol=1e-4)
    np.testing.assert_allclose(exact.sd, [0.7474, 0.3079], atol=1e-4)
    # 4 replicates of an ESS of 40 at least: 5 standard errors of a mean are 0.4 sd
    assert abs(row["mean_error"]) < 0.4


class OtherFrame:
    """A frame as polars has it: columns by name, no index."""

    def __init__(self, columns):
        self.columns, self._data = list(columns), columns

    def __getitem__(self, name):
        return pandas.Series(self._data[name], dtype=object)

    def to_numpy(self):
        return np.column_stack(list(self._data.values()))


def test_a_frame_of_another_library_is_a_table():
    table = make_table(OtherFrame({"x": [1.0, None, 3.0], "g": ["a", "b", "a"], "n": [1, 2, 3]}))
    assert table.is_table and list(table.columns) == ["x", "g", "n"]
    assert table.columns["x"].missing.tolist() == [False, True, False]
    assert table.columns["g"].holds_words and table.columns["n"].values.tolist() == [1, 2, 3]


def test_a_row_of_a_matrix_is_missing_where_any_of_its_cells_is():
    data = {"a": [1.0, None, 3.0], "b": [4.0, 5.0, None], "c": [7, 8, 9]}
    table = make_table(pandas.DataFrame(data))
    matrix = stack_columns(table, ["c", "a", "b"])
    assert matrix.values[0].tolist() == [7, 1, 4]
    assert matrix.missing.tolist() == [False, True, True]
