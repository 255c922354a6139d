"""Workers in 64 bits on a file's data in its own; launches are recorded, none is made."""

from __future__ import annotations

import pytest

from samplerbench.harness import launcher
from samplerbench.harness.campaign.wide_launch import WideLaunch
from samplerbench.harness.records import Result
from tests.support.trials import small

NARROW, WIDE = {"A": "1", "JAX_ENABLE_X64": "0"}, {"A": "1"}
MIXED = Result("failed", "mine.py, line 3: TypeError: float32[] and float64[]")


@pytest.mark.parametrize(
    ("model", "bits", "end", "expected"),
    [
        ("mine.py:model", 32, Result("ok"), [NARROW]),
        ("mine.py:model", 32, MIXED, [NARROW, WIDE, WIDE]),
        ("mine.py:model", 32, Result("failed", "model 'model' has no latent site"), [NARROW]),
        ("mine.py:model", 64, MIXED, [WIDE]),
        ("linear", 32, MIXED, [WIDE]),
    ],
)
def test_a_file_is_run_in_its_own_bits_then_in_64_then_all_in_its_own_where_they_do_not_mix(
    model, bits, end, expected, tmp_path, monkeypatch
):
    launched, precisions = [], []

    def launch(trial, *_, variables, **__):
        launched.append(variables)
        precisions.append(trial.precision)
        return end

    monkeypatch.setattr(launcher, "launch", launch)
    job = small(model=model, precision=64)
    wide = WideLaunch(bits, "python", tmp_path, "task", lambda: False, WIDE)
    assert wide.run(job, 9.0) is end
    assert launched == expected
    assert precisions == [64, 64, 32][: len(launched)]
