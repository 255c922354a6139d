"""Which components of a trial's draws are scored."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.records import Result
from samplerbench.harness.scoring import trial_data
from samplerbench.samplers.base import Draws
from tests.support.trials import small


@pytest.mark.parametrize(
    ("sites", "names"),
    [(["a"], ("a",)), (None, ("a", "curve[0]", "curve[1]")), (["other"], 3)],
)
def test_without_a_ground_truth_the_latent_sites_count_and_no_computed_ones(tmp_path, sites, names):
    rng = np.random.default_rng(1)
    draws = Draws({"a": rng.normal(size=(1, 50)), "curve": rng.normal(size=(1, 50, 2))})
    path = tmp_path / "draws.npz"
    draws_file.save_draws(path, {"replicates": [draws] * 2})
    with draws_file.DrawsFile(path) as file:
        data = trial_data.read(small(replicates=2), Result("ok"), file, None, sites=sites)
    assert names in (data.names, len(data.names))
