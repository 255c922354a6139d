"""Lines are cut into cells, and names of rows that the header leaves out are seen."""

from __future__ import annotations

import csv

import pytest

from samplerbench.harness.delimited_text import has_row_names, split_cells


@pytest.mark.parametrize(
    ("line", "separator"),
    [('a, b,"c d"', ","), ('a;b ; "c d"', ";"), ("a\tb \tc d", "\t"), (' a  b\t"c d" ', " ")],
)
def test_cells_have_no_blanks_around_them_whatever_separates_them(line, separator):
    assert split_cells([line, ""], separator) == [["a", "b", "c d"]]


def test_a_quotation_mark_that_is_never_closed_is_an_error_where_that_is_asked_for():
    assert split_cells(['"a,b'], ",") == [["a,b"]]
    with pytest.raises(csv.Error):
        split_cells(['"a,b'], ",", strict=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["1", "0.5"], ["2", "0.1"]], True),
        ([["one", "0.5"], ["one", "0.1"]], True),
        ([["3", "0.5"], ["4", "0.1"]], False),
        ([["", "0.5"]], False),
        ([["0.5"]], False),
        ([], False),
    ],
)
def test_names_of_rows_are_words_or_count_them(rows, expected):
    assert has_row_names(1, rows) is expected
