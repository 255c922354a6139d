"""Whatever is done to the records of a store: no error, and good rows are shown."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samplerbench
from samplerbench.errors import SamplerbenchError
from samplerbench.harness.campaign.campaign_folder import FILE
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.upgrades.history import Release, trace_lines
from samplerbench.reports import provenance, report
from samplerbench.reports.upgrades import history
from tests.support import damage

#: of the right type, and impossible: half a character, controls, numbers that no clock gives
ODD = st.sampled_from(["\ud800", "\x1b[2J", "\0", 10**400, -(10**30), 1e308, -1.0, math.inf])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | ODD
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
FORMS = ("table", "markdown", "latex", "csv", "json")
LESS = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A campaign whose trials all ended ok and are scored."""
    folder = tmp_path_factory.mktemp("fuzz") / "whole"
    damage.make_campaign(folder)
    with samplerbench.load(folder) as campaign:
        campaign.rows()
    return folder


def renew(whole, tmp_path):
    """A fresh copy of the campaign."""
    folder = tmp_path / "c"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    return folder


def read_release(folder):
    """The campaign as a part of a history."""
    with samplerbench.load(folder) as campaign:
        span = campaign.store.time_span()
        return Release(folder.name, span[1] if span else None, campaign.rows())


def show_everything(folder, form):
    """Show the campaign, then open it as a run does; the trials with a row."""
    with samplerbench.load(folder) as campaign:
        rows = [row["trial"] for row in campaign.rows()]
        report.render(campaign, report.ReportOptions(form, width=100))
        provenance.run_dates(campaign)
        history.render(trace_lines([read_release(folder)], 1.1, False), "table", 100)
        for name in ("command", "cost", "margin", "sweep"):
            campaign.store.fact(name)
    Store.create(folder).close()
    return rows


@st.composite
def change(draw):
    """What replaces a record: cut short, a byte flipped, or a field of another type or name."""

    def cut(text):
        return text[: draw(st.integers(0, len(text) - 1))]

    def flip(text):
        raw = bytearray(text)
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
        return bytes(raw)

    def descend(record):
        """A part of the record that holds something, at any depth."""
        parts = [record]
        for part in parts:  # which grows meanwhile
            inner = part.values() if isinstance(part, dict) else part
            parts += [each for each in inner if isinstance(each, (dict, list)) and each]
        return draw(st.sampled_from(parts))

    def choose_key(part):
        return draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))

    def retype(text):
        record = json.loads(text)
        part = descend(record)
        part[choose_key(part)] = draw(JSON)
        return json.dumps(record).encode("utf-8", "surrogatepass")

    def add(text):
        record = json.loads(text)
        record[draw(st.text(max_size=9))] = draw(JSON)
        return json.dumps(record).encode("utf-8", "surrogatepass")

    def drop(text):
        record = json.loads(text)
        part = descend(record)
        del part[choose_key(part)]
        return json.dumps(record).encode()

    return draw(st.sampled_from([cut, flip, retype, add, drop]))


@pytest.mark.slow
@pytest.mark.parametrize("table", ["trials", "results", "scores"])
@LESS
@given(change=change(), form=st.sampled_from(FORMS))
def test_a_record_of_any_content_harms_no_other_row(table, whole, tmp_path, change, form):
    folder, first = renew(whole, tmp_path), damage.make_trials()[0].id
    connection = sqlite3.connect(folder / FILE)
    connection.text_factory, key = bytes, "id" if table == "trials" else "trial"
    (text,) = connection.execute(f"SELECT record FROM {table} WHERE {key}=?", (first,)).fetchone()
    with connection:
        statement = f"UPDATE {table} SET record=CAST(? AS TEXT) WHERE {key}=?"
        connection.execute(statement, (change(text), first))
    connection.close()
    others = {trial.id for trial in damage.make_trials()[1:]}
    assert others <= set(show_everything(folder, form))


@pytest.mark.slow
@LESS
@given(name=st.sampled_from(["command", "cost", "margin", "sweep"]), value=JSON)
def test_a_fact_of_any_content_harms_no_row(whole, tmp_path, name, value):
    folder = renew(whole, tmp_path)
    text = json.dumps(value).encode("utf-8", "surrogatepass")
    damage.execute(folder, "INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS TEXT))", name, text)
    assert len(show_everything(folder, "table")) == len(damage.make_trials())


@pytest.mark.slow
@LESS
@given(column=st.sampled_from(["finished_at", "took_s"]), value=st.floats(allow_nan=False))
def test_times_that_no_calendar_has_harm_no_row(whole, tmp_path, column, value):
    folder = renew(whole, tmp_path)
    damage.execute(folder, f"UPDATE results SET {column}=?", value)
    assert len(show_everything(folder, "json")) == len(damage.make_trials())


@LESS
@given(at=st.lists(st.integers(0, 2**20), min_size=1, max_size=20), byte=st.integers(0, 255))
def test_bytes_flipped_in_the_database_give_rows_or_a_sentence(whole, tmp_path, at, byte):
    folder = renew(whole, tmp_path)
    content = bytearray((folder / FILE).read_bytes())
    for place in at:
        content[place % len(content)] = byte
    (folder / FILE).write_bytes(content)
    try:
        show_everything(folder, "table")
    except (SamplerbenchError, sqlite3.Error) as error:  # the command line says both in a sentence
        assert str(error)
