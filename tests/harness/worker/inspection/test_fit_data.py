"""Whose arrays a program takes its data in."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker.inspection.fit_data import fit_data
from samplerbench.models.loading import data_files
from samplerbench.models.loading.model_names import load_model
from tests.support.trials import INDEXED, trial_of_file


@pytest.mark.slow  # traces
@pytest.mark.parametrize(
    ("name", "of_jax"), [("plate", True), ("whole", True), ("either", False), ("sizes", False)]
)
def test_data_are_of_jax_only_where_the_program_takes_no_others(name, of_jax, tmp_path):
    np.savez(tmp_path / "d.npz", g=np.array([0, 1, 2, 0]), y=np.array([0.5, 1.5, -0.5, 0.2]))
    trial = trial_of_file(tmp_path, INDEXED, name, data_file=str(tmp_path / "d.npz"))
    model = load_model(trial.model, {}, trial.data_file)
    fitting = fit_data(model, trial)
    assert (fitting is not model) == of_jax
    arrays = fitting.data.get("df", fitting.data).values()
    assert all(isinstance(array, np.ndarray) != of_jax for array in arrays)
    of_jax_file = tmp_path / f"d{data_files.JAX_ENDING}"
    (tmp_path / "d.npz").rename(of_jax_file)
    again = load_model(trial.model, {}, str(of_jax_file))
    arrays = again.data.get("df", again.data).values()
    assert not any(isinstance(array, np.ndarray) for array in arrays)
