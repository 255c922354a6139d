"""What an inspection wrote is the ground truth as it was written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from samplerbench.harness.ground_truth import select
from samplerbench.harness.records import Result
from tests.support.trials import small


def test_draws_of_an_answer_stay_on_the_curve_that_holds_them(tmp_path):
    angle = np.random.default_rng(5).normal(1.0, 0.1, 1000)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    mean = np.exp(-0.005) * np.array([np.cos(1.0), np.sin(1.0)])  # theirs is another by chance
    trial = small(model="mine.py:circle")
    path = select.inspection_path(tmp_path, trial)
    path.parent.mkdir()
    np.savez(
        path,
        facts=np.array('{"latents": null, "why": ""}'),
        source=np.array("quadrature"),
        names=np.array(["c", "s"]),
        mean=mean,
        covariance=np.cov(points, rowvar=False),
        draws=points,
    )
    answer, _ = select.find_ground_truth(tmp_path, trial)
    draws = answer.draw(np.random.default_rng(6), 500)
    np.testing.assert_allclose(draws["c"] ** 2 + draws["s"] ** 2, 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("own", "known", "differs"),
    [
        (-100.0, -100.0, False),
        (-100.0, -100.005, False),  # what bits and releases round
        (-1_000_000.0, -1_001_000.0, True),  # other data, a million of them
        (-100.0, -101.0, True),
        (None, -100.0, False),  # of discrete parameters, or of an earlier version
        (-100.0, None, False),
    ],
)
def test_a_process_that_had_other_data_than_the_inspection_is_told(own, known, differs, tmp_path):
    trial = small(model="mine.py:program")
    path = select.inspection_path(tmp_path, trial)
    path.parent.mkdir()
    facts = {"latents": [], "why": "", "log_likelihood": known}
    np.savez(path, facts=np.array(json.dumps(facts)))
    reason = select.explain_other_data(tmp_path, trial, Result("ok", log_likelihood=own))
    assert bool(reason) == differs
    assert ("--data" in reason) == differs
