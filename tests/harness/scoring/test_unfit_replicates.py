"""Replicates that depend on one another are named; independent ones of continuous draws are fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.unfit_replicates import find_coarse, find_relation
from tests.support.synthetic import Case, gaussian, iid

EXACT = gaussian(2)
CASE = Case(replicates=20, draws=400, size=2)


def test_independent_replicates_are_fit_and_a_mirrored_one_is_named_by_its_label():
    x = iid(CASE, EXACT, np.random.default_rng(1))
    sound = summarise(x, EXACT)
    assert (find_relation(sound), find_coarse(sound)) == ("", "")
    x[7] = 2 * EXACT.mean - x[3]
    labels = tuple(f"run{at}" for at in range(20))
    mirrored = replace(summarise(x, EXACT), labels=labels)
    assert find_relation(mirrored) == "run3 and run7 are the same run, or mirror images"


def test_numbers_too_far_apart_for_a_parameters_sd_are_named():
    x = iid(CASE, EXACT, np.random.default_rng(2))
    summary = summarise(x, EXACT)
    coarse = find_coarse(replace(summary, spacing=0.3 * np.ones(2)))
    assert coarse.startswith(f"the draws' precision can't hold '{summary.names[0]}'")
    assert "0.3 of its sd apart" in coarse
