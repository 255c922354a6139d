"""Readers of reference draws: columns become arrays by site, and posteriordb's are cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.ground_truth import (
    draws_columns,
    draws_csv,
    posteriordb_draws,
    reference_formats,
)
from tests.support import posteriordb_folder
from tests.support.trials import small


def test_columns_are_arrays_by_site_and_chains_come_first(tmp_path):
    columns = {"chain": [1, 0, 1, 0], "draw": [1, 1, 0, 0], "m": [3, 1, 2, 0], "b.1.": [7, 5, 6, 4]}
    arrays = {name: np.array(values, float) for name, values in columns.items()}
    sites = draws_columns.arrange_columns(tmp_path, arrays)
    assert sites["m"].tolist() == [[0, 1], [2, 3]]
    assert sites["b"].tolist() == [[[4], [5]], [[6], [7]]]


def test_comments_and_saved_warm_up_are_no_draws(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("# num_warmup = 1\n# save_warmup = 1\nlp__,m\n0,9\n# adapted\n0,1\n0,2\n")
    assert draws_csv.read_csv(path)["m"].tolist() == [1, 2]


@pytest.fixture
def trial(tmp_path):
    """A trial of a posterior whose reference draws hold a quantity that no site is called after."""
    chain = {"theta": [0.1, 0.2, 0.3], "odds": [1.0, 2.0, 3.0]}
    data = {"n": 5, "k": 2}
    name = posteriordb_folder.add(tmp_path, "Rate_1_model", data, [chain], "Rate_1_data")
    model = posteriordb_folder.posterior(tmp_path, name)
    return small(model=str(model), reference=str(posteriordb_folder.reference(tmp_path, name)))


def test_only_what_the_program_has_a_site_for_is_compared(trial, tmp_path):
    posteriordb_draws.copy_reference(trial, tmp_path / "copy.json.zip")
    arrays = reference_formats.choose_reader(tmp_path / "c.json.zip")(tmp_path / "copy.json.zip")
    assert arrays.keys() == {"theta"} and arrays["theta"].ravel().tolist() == [0.1, 0.2, 0.3]


def test_a_users_own_reference_is_copied_as_it_is(trial, tmp_path):
    np.savez(tmp_path / "mine.npz", m=np.arange(4.0))
    own = replace(trial, reference=str(tmp_path / "mine.npz"))
    posteriordb_draws.copy_reference(own, tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_bytes() == (tmp_path / "mine.npz").read_bytes()
