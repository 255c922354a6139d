"""How much of the suite is run: all where it is asked for by name, else one cheap case."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from samplerbench.models.base import models
from samplerbench.samplers.base import samplers

HERE = Path(__file__).parent
CHEAP = ("linear", "exact_iid")  # needs no JAX: a run takes milliseconds, a process half a second


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's own option; those of the plugin hold for its warm group."""
    parser.getgroup("samplerbench").addoption(
        "--samplerbench-cold-rounds",
        type=int,
        default=3,
        metavar="N",
        help="fresh processes a cold benchmark (default: 3)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every sampler on every model, or the cheap case where the suite is not what is asked for."""
    if {"model", "sampler"} <= {*metafunc.fixturenames}:
        config = metafunc.config
        every = config.getoption("benchmark_only", False) or _is_named(config)
        all_cases = itertools.product(models.names(), samplers.names())
        cases = list(all_cases) if every else [CHEAP]
        metafunc.parametrize(("model", "sampler"), cases, ids=map("-".join, cases))


def _is_named(config: pytest.Config) -> bool:
    """Whether pytest was called in this folder, or with it or something in it as an argument."""
    where = config.invocation_params.dir
    words = [str(word).split("::")[0] for word in config.invocation_params.args]
    paths = [where, *(where / word for word in words)]
    return any(HERE in (path, *path.parents) for path in paths)
