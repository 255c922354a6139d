"""How much of the suite is run: all where it is asked for by name, else one cheap case."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out all but the cheap case, unless the suite or only benchmarks are asked for."""
    if config.getoption("benchmark_only", False) or _is_named(config):
        return
    costly = [item for item in items if _case(item) not in (None, CHEAP)]
    if costly:
        config.hook.pytest_deselected(items=costly)
        items[:] = [item for item in items if item not in costly]


def _is_named(config: pytest.Config) -> bool:
    """Whether pytest was called in this folder, or with it or something in it as an argument."""
    where = config.invocation_params.dir
    words = [str(word).split("::")[0] for word in config.invocation_params.args]
    paths = [where, *(where / word for word in words)]
    return any(HERE in (path, *path.parents) for path in paths)


def _case(item: pytest.Item) -> tuple[str, str] | None:
    """The model and the sampler of a benchmark of this suite; None for any other test."""
    if HERE not in item.path.parents or not isinstance(item, pytest.Function):
        return None
    return item.callspec.params["model"], item.callspec.params["sampler"]
