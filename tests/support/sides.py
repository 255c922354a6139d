"""Sides of a comparison whose true ratios are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samplerbench.harness.comparison.sides import Side
from samplerbench.harness.records import Result
from tests.support import trials


def side(label, errors, times, verdict="honest", machine=None, **fields):
    trial = replace(trials.SMALL, sampler=label, **fields)
    first, *blocks = ({"warm_s": float(seconds)} for seconds in times)
    result = Result("ok", timings=first, blocks=blocks, machine=machine or {"host": "a"})
    return Side(label, trial, result, verdict, errors)


def errors(scale, seed, count=64, components=2):
    return scale * np.random.default_rng(seed).standard_normal((count, components))


def times(factor, seed, count=10, spread=0.02):
    return factor * np.exp(spread * np.random.default_rng(seed).standard_normal(count))
