"""Whatever stands in a user's file, reading it ends soon: with an answer or in a refusal.

Any other exception than UsageError fails these tests, and so does what takes longer than a second.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.outside_draws import Layout, arrange_runs, read_draws
from samplerbench.harness.campaign.plan import OPTIONS, Plan
from samplerbench.harness.campaign.plan_options import read_campaign_file
from samplerbench.harness.campaign.tables.fit import fit, parse_reading
from samplerbench.harness.campaign.tables.read_table import read_table
from samplerbench.harness.ground_truth.reference_files import read_reference

fuzzed = settings(
    max_examples=60,
    deadline=5000,  # ms: a busy machine, not what is expected
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
SHAPES = {"m": (), "beta": (2,)}  # of the model that draws are read for

# -- what stands in files --------------------------------------------------------------------------

words = st.text(max_size=12) | st.sampled_from(
    ["m", "beta[1]", "beta[0]", "beta.1", "lp__", "chain", "weight", "log_z", "m[99999999]", "m[]"]
)
numbers = st.floats() | st.integers() | st.integers(-3, 3)
cells = numbers.map(str) | words
leaves = st.none() | st.booleans() | numbers | words
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
option_names = st.sampled_from(sorted(OPTIONS)) | words
options = st.dictionaries(option_names, trees, max_size=4)
chains = st.lists(
    st.dictionaries(words, st.lists(numbers, max_size=4) | leaves, max_size=3), max_size=3
)
tables = st.lists(st.lists(cells, max_size=4), max_size=8)
columns = st.dictionaries(words, st.lists(numbers, min_size=5, max_size=5), max_size=4)
shapes = st.sampled_from([(), (0,), (5,), (2, 5), (2, 5, 2), (5, 2), (1, 1, 1, 1)])
kinds = st.sampled_from(["f8", "f4", "i8", "u1", "?", "c16", "U3", "S2", "M8[s]", "O"])


def write_toml(tree: Any) -> str:
    """TOML, where the values have a form in it; else something near it."""
    return "\n".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in tree.items())


def write_csv(rows: list[list[str]]) -> str:
    return "\n".join(",".join(row) for row in rows)


@st.composite
def archives(draw: Any) -> bytes:
    """An .npz of strange arrays, perhaps cut short, perhaps of bytes that are no array."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in draw(st.lists(words, max_size=4, unique=True)):
            array = np.zeros(draw(shapes), draw(kinds))
            if array.dtype.kind == "f" and draw(st.booleans()):
                array += np.random.RandomState(0).standard_normal(array.shape)
            with archive.open(f"{name}.npy", "w") as file:
                if draw(st.integers(0, 9)):
                    np.lib.format.write_array(file, array, allow_pickle=True)
                else:
                    file.write(draw(st.binary(max_size=200)))
    content = buffer.getvalue()
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def make_text(writer: Any) -> Any:
    """What a writer makes, and now and then bytes of any kind."""
    return writer.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=300)


csvs = make_text(tables.map(write_csv))
jsons = make_text(trees.map(json.dumps) | chains.map(json.dumps) | columns.map(json.dumps))
contents = {".csv": csvs, ".json": jsons, ".npz": archives() | st.binary(max_size=300)}


def read_or_refuse(read: Any, *arguments: Any) -> Any:
    """What ``read`` gives, or its refusal, which has a reason that is not too long."""
    try:
        return read(*arguments)
    except UsageError as refusal:
        assert 0 < len(str(refusal)) < 2500
        return refusal


# -- the tests -------------------------------------------------------------------------------------


@fuzzed
@given(content=make_text(options.map(write_toml)))
def test_any_campaign_file_is_a_plan_or_is_refused(tmp_path, content):
    path = tmp_path / "campaign.toml"
    path.write_bytes(content)

    def plan() -> Plan:
        return Plan(**read_campaign_file(path))

    assert isinstance(read_or_refuse(plan), (Plan, UsageError))


@pytest.mark.slow
@fuzzed
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".json", ".jsonl", ".npz"])
@given(data=st.data())
def test_any_data_file_is_a_table_or_is_refused(tmp_path, ending, data):
    path = tmp_path / f"data{ending}"
    content = {".jsonl": jsons, **contents}.get(ending, csvs)
    path.write_bytes(data.draw(content))
    given_columns = data.draw(st.sampled_from([{}, {"x": "0"}, {"x": "m"}]))

    def read() -> Any:
        table = read_table(path, given_columns)
        return fit(
            table, None, parse_reading([f"{k}={v}" for k, v in given_columns.items()], (), "", ())
        )

    assert read_or_refuse(read) is not None


@pytest.mark.slow
@fuzzed
@pytest.mark.parametrize("ending", [".csv", ".json", ".npz"])
@given(data=st.data())
def test_any_reference_is_an_answer_or_is_refused(tmp_path, ending, data):
    path = tmp_path / f"reference{ending}"
    path.write_bytes(data.draw(contents[ending]))
    wanted = data.draw(st.sampled_from([None, SHAPES, {"m": ()}]))
    assert read_or_refuse(read_reference, path, wanted) is not None


@pytest.mark.slow
@fuzzed
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".json", ".npz"])
@given(data=st.data())
def test_any_file_of_draws_is_a_run_or_is_refused(tmp_path, ending, data):
    path = tmp_path / f"draws{ending}"
    path.write_bytes(data.draw(contents.get(ending, csvs)))
    wanted = data.draw(st.sampled_from([None, SHAPES, {"m": ()}]))

    def read(file: Path) -> Any:
        return arrange_runs(read_draws([file]), Layout({}), wanted)

    assert read_or_refuse(read, path) is not None
