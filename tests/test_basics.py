"""The small modules that everything rests on: files, component names, the version."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

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
    with pytest.raises(KeyError, match=r"no site 'c' for component 'c\[0\]'.*\['b', 'm'\]"):
        components.component_draws(sites, ["c[0]"], lead=2)
    with pytest.raises(ValueError, match=r"'b' has shape \(2,\); expected one number"):
        components.component_draws(sites, ["b"], lead=2)


def test_the_version_is_that_of_the_distribution_and_stands_in_one_place():
    assert samplerbench.__version__ == version.__version__
    assert importlib.metadata.version("samplerbench") == version.__version__
    assert (version.ROOT / "harness" / "records.py").is_file()
