"""Dead points of nested sampling keep their values where others are put beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from samplerbench.samplers.support import dead_points

pytest.importorskip("jax")


class Points(NamedTuple):
    """Particles as BlackJAX holds them."""

    position: Any
    logdensity: Any
    loglikelihood: Any
    loglikelihood_birth: Any


def test_points_that_fill_up_lie_above_all_likelihoods_and_are_not_collected():
    log_l = np.array([-3.0, -2.0, -1.0], np.float32)
    birth = np.array([np.nan, -3.0, -3.0], np.float32)
    padded = dead_points.pad_points(Points(np.ones((3, 2), np.float32), log_l, log_l, birth), 4)
    assert padded.position.tolist() == [[1.0, 1.0]] * 3 + [[0.0, 0.0]]
    assert padded.loglikelihood.tolist() == [-3.0, -2.0, -1.0, np.inf]
    summary = {"x": np.arange(4.0)}, np.arange(4.0), np.array([1.0, 3.0]), 2.5
    draws = dead_points.collect((3, 70, False, padded, summary))
    assert draws.sites["x"].tolist() == [[0.0, 1.0, 2.0]]
    assert draws.stats["log_l_birth"].tolist() == [[-np.inf, -3.0, -3.0]]
    assert (draws.log_z, draws.log_z_err, draws.cut_short) == (2.0, 1.0, False)


def test_points_are_written_from_a_row_on():
    dead = {"x": np.zeros(5), "y": np.zeros((5, 1))}
    some = {"x": np.ones(2), "y": np.ones((2, 1))}
    written = dead_points.write_points(dead, some, 1)
    assert written["x"].tolist() == written["y"][:, 0].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]


def test_a_count_is_rounded_up_to_a_power_of_two():
    assert [dead_points.round_up(count) for count in (1, 2, 3, 8, 9)] == [1, 2, 4, 8, 16]
