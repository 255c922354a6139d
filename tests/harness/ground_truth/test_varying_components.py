"""Which components of draws vary: what is fixed by rounding alone, and what only seems so."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.ground_truth import varying_components


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_diagonal_of_a_correlation_matrix_is_fixed_though_rounding_moves_it(kind):
    x = np.random.default_rng(3).standard_normal((400, 3, 3)).astype(kind)
    factor = np.tril(x) / np.linalg.norm(np.tril(x), axis=-1, keepdims=True)
    matrix = factor @ factor.swapaxes(-1, -2)
    assert len(np.unique(matrix[:, 2, 2])) > 1
    names, _ = varying_components.stack_varying({"C": matrix[None], "m": matrix[None, :, 1, 0]})
    assert names == ("C[0,1]", "C[0,2]", "C[1,0]", "C[1,2]", "C[2,0]", "C[2,1]", "m")


def test_a_parameter_that_has_few_numbers_to_move_among_is_not_taken_for_fixed():
    rng = np.random.default_rng(3)
    draws = rng.normal([1.0, 1e8, 0.0], [1e-5, 4.0, 1.0], (1, 400, 3)).astype(np.float32)
    assert varying_components.stack_varying({"b": draws})[0] == ("b[0]", "b[1]", "b[2]")
