"""Text from elsewhere is bounded and clean wherever it is shown."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from samplerbench.errors import UsageError, one_line, unknown_name
from samplerbench.harness.campaign.plan import Plan
from samplerbench.rounding import format_with_half_width
from samplerbench.text import LONGEST, bound_text, escape_controls, format_count
from tests.support import stored


def test_a_short_text_is_whole_and_a_long_one_keeps_its_ends():
    assert bound_text("short") == "short"
    text = bound_text("start" + "x" * 10**6 + "end")
    assert text.startswith("startx") and text.endswith("xend")
    assert "[... 998,008 characters left out ...]" in text and len(text) < LONGEST + 100


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x9b", "\u202e", "\r"])
def test_characters_that_steer_a_terminal_are_shown_by_their_code(character):
    assert character not in escape_controls(f"a{character}b")
    assert character not in str(UsageError(f"a{character}b"))
    assert character not in one_line(ValueError(f"a{character}b"))


def test_a_line_of_an_error_that_ends_in_a_colon_is_told_with_the_next_one():
    error = TypeError(
        "carries must agree, but they differ:\n  * c[0] is float64, not float32\nmore"
    )
    said = "TypeError: carries must agree, but they differ: * c[0] is float64, not float32"
    assert one_line(error) == said
    assert one_line(ValueError("nothing follows:\n")) == "ValueError: nothing follows:"


def test_a_file_whose_name_is_no_utf_8_is_labelled_in_text_that_can_be_written_and_drawn():
    odd = {
        "model": "/a/b\udcff.py:f",
        "sampler": "c\udcff.py:g",
        "environment": "/d\udcff/bin/python",
    }
    trial = stored.trial("a", settings={"x": "\ud800"}, model_options={"y": "\udfff"})
    trial = replace(trial, **odd)
    labels = (trial.label, trial.model_label, trial.sampler_name, trial.environment_label)
    assert "|".join(labels) == (r"c\udcff.py:g:x=\ud800|b\udcff.py:f:y=\udfff|c\udcff.py:g|d\udcff")


@pytest.mark.slow
def test_a_refusal_keeps_what_to_do_at_its_end():
    text = str(UsageError(f"bad: {'x' * 10**7}\n  expected: another\n  list them with: this"))
    assert len(text) < LONGEST + 100
    assert text.endswith("  expected: another\n  list them with: this")


def test_an_unknown_name_among_a_million_is_refused_quickly_and_in_few_words():
    known = [f"column_{i}" for i in range(10**6)]
    start = time.process_time()
    text = str(unknown_name("column of data.csv", "z" * 100_000, known, "this"))
    assert time.process_time() - start < 5
    assert "(1,000,000 in all)" in text and text.endswith("list them with: this")
    assert len(text) < LONGEST + 100


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("NUTS", "; did you mean 'a_nuts' or 'b_nuts'?\n"),
        ("b", "; did you mean 'b_hmc' or 'b_nuts'?\n"),
        ("b_nut", "; did you mean 'b_nuts'?\n"),
        ("ut", "\n"),
        ("a", "\n"),  # of five, none is nearest
        ("", "\n"),
    ],
)
def test_a_part_of_a_name_is_met_with_the_names_that_hold_it(name, hint):
    known = ["b_hmc", "a_nuts", "b_nuts", *(f"a_{i}" for i in range(4))]
    assert f"no sampler is called {name!r}{hint}" in str(unknown_name("sampler", name, known))


def test_names_that_are_empty_are_not_listed():
    assert "known words: prior" in str(unknown_name("word", "x", ["", "prior"]))


@pytest.mark.parametrize("option", ["replicates", "chains", "warmup", "draws", "jobs"])
def test_a_number_that_no_machine_could_run_is_refused_under_its_own_name(option):
    with pytest.raises(UsageError, match=f"{option}=1000000000000000000000000\n.*at most 2"):
        Plan(**{option: 10**24})


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (1, "chain", "1 chain"),
        (0, "run", "0 runs"),
        ("1 or 3", "process", "1 or 3 processes"),
        (1, "process", "1 process"),
    ],
)
def test_a_count_takes_the_plural_of_its_noun(count, noun, words):
    assert format_count(count, noun) == words


def test_a_half_width_that_is_a_sums_rounding_is_none():
    assert format_with_half_width(0.0497, 7e-18) == ("0.0497", "")
    assert format_with_half_width(1.0, 0.02) == ("1.000", "0.020")
