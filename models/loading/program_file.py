"""A function as a model, from the pickle in a campaign's folder; read in a worker of a run only."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError

SUFFIX = ".pkl"


def is_program(name: str) -> bool:
    """Whether ``name`` is ``NAME-DIGEST.pkl:NAME``, or that with a path before it."""
    return f"{SUFFIX}:" in name


def read_digest(name: str) -> str:
    """The digest in the name of a shipped program."""
    return Path(name.rpartition(":")[0]).stem.rpartition("-")[2]


def restore_pytree(set_state: Callable[[type, Any], None], kind: type, state: Any) -> None:
    """Fill a class that is read from a pickle, and register it with JAX as it was registered."""
    import jax

    set_state(kind, state)
    with contextlib.suppress(ValueError):  # a process that reads it again has it already
        jax.tree_util.register_pytree_node_class(kind)


def read_program(file: Path) -> tuple[Any, dict[str, Any]]:
    """The program and its data; JAX is in 64 bits where it was when the program was shipped.

    Raises UsageError where the environment lacks what pickled it.
    """
    try:
        record = pickle.loads(file.read_bytes())
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the program in {file.name} needs {error.name!r}, which this environment lacks\n"
            "  expected: --env current, or a file of pins that holds it"
        ) from error
    if record["x64"]:
        import jax

        jax.config.update("jax_enable_x64", True)
    return record["program"], record["data"]
