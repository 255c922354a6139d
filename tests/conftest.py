"""Keeps the fast half fast: a test that starts a process must be marked ``process``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: of the system: they end at once, and libraries call them unasked
ALLOWED = {"dot", "fc-list", "lscpu", "nvidia-smi", "uname"}
#: variables of workers: XLA's optimisations are a third of what 100 iterations take
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
_running: list[pytest.Item] = []


def make_workers_cheap(patch: pytest.MonkeyPatch) -> None:
    """Time campaigns in one process, where a test asks for no more, and optimise no program."""
    from samplerbench.harness import launcher
    from samplerbench.harness.campaign import blocks

    variables = launcher.environment_variables
    patch.setattr(launcher, "environment_variables", lambda trial: {**variables(trial), **QUICK})
    patch.setattr(blocks, "AUTO_BLOCKS", 1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Say which test runs, to whoever starts a process while it does, its fixtures included."""
    _running.append(item)
    try:
        with pytest.MonkeyPatch.context() as patch:
            is_timed = "benchmark" in getattr(item, "fixturenames", ())
            if item.get_closest_marker("process") and not is_timed:
                make_workers_cheap(patch)
            return (yield)
    finally:
        _running.pop()


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The campaign of ``tests.support.stored``, with its scores."""
    from tests.support import stored

    with stored.campaign(tmp_path_factory.mktemp("stored") / "c") as made:
        yield made


@pytest.fixture(scope="module")
def rows(campaign: Any) -> list[dict[str, Any]]:
    """Its rows."""
    return campaign.rows()


@pytest.fixture(scope="module")
def compile_fast() -> Iterator[None]:
    """For tests that mostly compile, and are not about how fast the programs then are."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or not _running:
        return
    program = Path(str(arguments[0])).name
    if program not in ALLOWED and not _running[-1].get_closest_marker("process"):
        raise RuntimeError(
            f"{_running[-1].name} starts {program!r} and is not marked\n  expected: "
            "@pytest.mark.process on each test that starts a process, itself or by its fixtures"
        )


sys.addaudithook(_refuse)
# else every process of a test, and every worker of xdist, compiles anew what it imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# a shell's background jobs ignore Ctrl-C, and so would every process that a test starts and stops
signal.signal(signal.SIGINT, signal.default_int_handler)
