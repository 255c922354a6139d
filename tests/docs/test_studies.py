"""The studies: a summary says what its rows say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"
BACKENDS = ROOT / "reports" / "published" / "backends"
NAMES = sorted(path.parent.name for path in STUDIES.glob("*/rows.json"))
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
UNIT = r"(?: ms| s| %)?"
INTERVAL = re.compile(
    rf"{NUMBER}{UNIT} \({NUMBER} to {NUMBER}|{NUMBER} ± {NUMBER}(?![\d.]| s)"
)  # seconds are sums


def read_summary(name):
    return (STUDIES / name / "README.md").read_text(encoding="utf-8")


def read_report(name):
    return json.loads((STUDIES / name / "rows.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_the_day_of_its_rows(name):
    campaign = read_report(name)["campaign"]
    days = {campaign[each][:10] for each in ("first_result", "last_result")}
    assert any(day in read_summary(name) for day in days)
    (line,) = re.findall(rf"^.*\]\({name}\).*$", read_summary("."), re.MULTILINE)
    assert any(day in line for day in days)


@pytest.mark.parametrize("name", NAMES)
def test_the_intervals_of_a_summary_are_those_of_its_rows(name):
    known = [each for row in read_report(name)["rows"] for each in list_intervals(row)]
    printed = "".join(p.read_text(encoding="utf-8") for p in (STUDIES / name).glob("[tb]*.md"))
    page = (STUDIES / name / "report.html").read_text(encoding="utf-8")
    printed += "|".join(re.findall(r"to the power [^()]*\([^()]*\)", page))
    text = " ".join(read_summary(name).split())
    found = [tuple(filter(None, match)) for match in INTERVAL.findall(text)]
    wrong = [n for n in found if not is_known(n, known) and not is_printed(n, printed)]
    assert not wrong


def test_an_interval_that_no_row_has_is_found():
    known = [(0.0155, 0.0113, 0.0203), (0.21, 0.10, 0.32)]
    assert is_known(("15.5", "11.3", "20.3"), known) and is_known(("0.21", "0.11"), known)
    assert not is_known(("16.5", "11.3", "20.3"), known) and not is_known(("0.23", "0.11"), known)


def test_the_table_of_every_sampler_has_the_verdicts_of_its_rows():
    rows = json.loads((BACKENDS / "rows.json").read_text(encoding="utf-8"))["rows"]
    by_name = {(row["sampler"], row["model"]): row for row in rows}
    text = (BACKENDS / "README.md").read_text(encoding="utf-8")
    (heads,) = re.findall(r"^\| sampler \| (.*) \|$", text, re.MULTILINE)
    table = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert len(table) > 20
    for sampler, cells in table:
        for model, cell in zip(heads.split(" | "), cells.split(" | "), strict=True):
            row = by_name[sampler, model]
            verdict = row["verdict"] or ""
            assert cell.startswith("" if verdict == "too few replicates" else verdict)
            if verdict:
                named = re.findall(r"(\d+) runs", cell)
                assert named == [str(row["replicates"])][: row["replicates"] < 128], (sampler, cell)


def list_intervals(row):
    """The value, lower and upper end of each column that has them."""
    names = [name for name in row if row.get(f"{name}_lo") is not None]
    return [(row[name], row[f"{name}_lo"], row[f"{name}_hi"]) for name in names]


def is_known(numbers, known):
    """Whether a row has them, to the digits given: in ones, per cent, thousandths, or below 1."""
    texts = [text.replace(",", "") for text in numbers]
    for value, lo, hi in known:
        whole = (value, lo, hi) if len(texts) == 3 else (value, (hi - lo) / 2)
        scaled = [[n * factor for n in whole] for factor in (1, 100, 1000)]
        scaled.append([100 * (1 - n) for n in (value, hi, lo)])
        if any(all(map(is_rounded, texts, ns)) for ns in scaled if len(ns) == len(texts)):
            return True
    return False


def is_rounded(text, number):
    """Whether a number is written so; zeros at the end of a whole one may stand for digits."""
    zeros = len(text) - len(text.rstrip("0")) if "." not in text and text != "0" else 0
    step = 10.0 ** (zeros or -len(text.partition(".")[2]))
    return abs(number - float(text)) <= 0.501 * step


def is_printed(numbers, text):
    """Whether they stand together in a table or in one of its reasons."""
    gap = r"[^\d|]{1,40}"
    return re.search(gap.join(map(re.escape, numbers)), text) is not None
