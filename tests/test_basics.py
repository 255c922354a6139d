"""The small modules that everything rests on: files, component names, the version."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import samplerbench
from samplerbench import components, files, version


def test_a_file_is_replaced_whole_and_leaves_no_part_behind(tmp_path):
    path = tmp_path / "result.json"
    files.write_whole(path, "first")
    files.write_whole(path, "second")
    assert path.read_text() == "second" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_the_one_before(tmp_path):
    path = tmp_path / "result.json"
    files.write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        files.write_whole(path, "\ud800")  # no text encoding has it
    assert path.read_text() == "first"


def test_components_are_named_in_the_order_of_their_values():
    assert components.component_names("m", ()) == ["m"]
    names = components.component_names("L", (2, 2))
    assert names == ["L[0,0]", "L[0,1]", "L[1,0]", "L[1,1]"]
    sites = {"m": np.zeros((1, 3)), "L": np.arange(12.0).reshape(1, 3, 2, 2)}
    assert components.all_component_names(sites, lead=2) == ("m", *names)
    draws = components.component_draws(sites, names, lead=2)
    assert draws.shape == (1, 3, 4) and draws[0, 1].tolist() == [4, 5, 6, 7]


def test_a_component_that_is_not_there_is_refused_with_what_is():
    sites = {"m": np.zeros((1, 3)), "b": np.zeros((1, 3, 2))}
    for name in ("c[0]", "b"):
        with pytest.raises(KeyError, match="no component .*the draws hold .*'b' \\[2\\]"):
            components.component_draws(sites, [name], lead=2)


#: what people call sites: loops, scopes, modules, Greek, TeX, HTML
SITE_NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@given(st.dictionaries(SITE_NAMES, st.lists(st.integers(1, 3), max_size=2), min_size=1, max_size=4))
@example({"theta": [2], "theta[0]": [], "theta[1]": []})
@example({"a[0]": [2], "a": [], "a[0][1]": []})
def test_names_of_sites_are_data_and_are_never_parsed(shapes):
    rng = np.random.default_rng(0)
    sites = {name: rng.normal(size=(5, *event)) for name, event in shapes.items()}
    names = components.all_component_names(sites, lead=1)
    draws = components.component_draws(sites, names, lead=1)
    columns = np.concatenate([x.reshape(5, -1) for x in sites.values()], axis=1)
    alone = [i for i, name in enumerate(names) if names.count(name) == 1]
    np.testing.assert_array_equal(draws[:, alone], columns[:, alone])
    for name, event in shapes.items():  # a scalar site keeps its own name
        if not event:
            (own,) = components.component_draws(sites, [name], lead=1).T
            np.testing.assert_array_equal(own, sites[name])


def test_the_version_is_that_of_the_distribution_and_stands_in_one_place():
    assert samplerbench.__version__ == version.__version__
    assert importlib.metadata.version("samplerbench") == version.__version__
    assert (version.ROOT / "harness" / "records.py").is_file()
