"""Stacks that were tried: one row each, kept in files, shipped with the project and one's own."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samplerbench import files
from samplerbench.errors import UsageError
from samplerbench.harness.compatibility.matrix_file import Budget
from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.harness.environments import interpreters
from samplerbench.harness.environments.pins import split_pins

SHIPPED_FILE = Path(__file__).parent / "known.json"
SUITE = 1  # raise it when the stages change: rows of another suite are made anew

RESOLVES, INSTALLS, IMPORTS = "resolves", "installs", "imports"
RUNS, ACCURATE, CALIBRATION = "runs", "accurate", "calibrated"
#: in order, a stack passes when all that apply to it do; imports of samplers' own are in between
FIRST_STAGES, LAST_STAGES = (RESOLVES, INSTALLS, IMPORTS), (RUNS, ACCURATE, CALIBRATION)
WORKS, BREAKS, NOT_TRIED = "works", "breaks", "not tried"


@dataclass(frozen=True)
class StackRow:
    """What came of one stack."""

    __pydantic_config__ = {"extra": "forbid"}  # how `load` checks it

    name: str
    chosen: dict[str, str]  # the versions that the matrix file gave
    key: str  # of what was asked for; the same key is not run twice
    pins_key: str  # of what it resolved to
    suite: int
    pins: tuple[str, ...]  # exact and complete; empty where it does not resolve
    python: str
    platform: str
    stages: dict[str, dict[str, Any]]  # stage -> ok, seconds, cause, file, said
    samplers: dict[str, dict[str, Any]]  # sampler -> word, cause, and what was measured
    passing: bool = False  # a failure of the network, the disk or a time limit: is tried again
    note: str = ""  # of the matrix file
    date: str = ""  # when it was run
    machine: dict[str, Any] = field(default_factory=dict)
    jobs: int = 1  # stacks at once: seconds of side-by-side runs are less sure
    load: float | None = None  # largest load average of a minute at the start of a first call
    took_s: float = 0.0

    @property
    def failed_stage(self) -> str:
        """The first stage that failed; "" where the stack passes."""
        failed = {name for name, stage in self.stages.items() if not stage["ok"]}
        own = sorted(failed.difference(FIRST_STAGES, LAST_STAGES))
        return next((s for s in (*FIRST_STAGES, *own, *LAST_STAGES) if s in failed), "")

    @property
    def cause(self) -> str:
        """The real cause of the first failure, with its file; "" where the stack passes."""
        stage = self.stages.get(self.failed_stage, {})
        file = stage.get("file")
        return stage.get("cause", "") + (f" ({file})" if file else "")

    def works(self, sampler: str) -> bool:
        """Whether ``sampler`` runs on this stack and its answer holds."""
        return self.samplers.get(sampler, {}).get("word") == WORKS

    @property
    def minor(self) -> str:
        """The minor version of its Python, as "3.11"."""
        return find_minor(self.python)

    def versions(self) -> dict[str, str]:
        """Distribution -> version, of everything in the stack."""
        return split_pins(self.pins)


def find_minor(python: str) -> str:
    """The minor version of a Python's: "3.11" of "3.11.7"."""
    return ".".join(python.split(".")[:2])


def key(stack: Stack, budget: Budget) -> str:
    """Names what is asked for: wishes, budget, launches, Python and platform, suite."""
    return _digest([stack.wishes, stack.left_out], stack, budget)


def pins_key(stack: Stack, pins: Iterable[str], budget: Budget) -> str:
    """Names what is run: the pins that the stack resolves to, instead of its wishes."""
    return _digest([sorted(pins)], stack, budget)


def _digest(packages: list[Any], stack: Stack, budget: Budget) -> str:
    replicates = dict(budget.replicates or {})
    parts = [
        *packages,
        {**dataclasses.asdict(budget), "replicates": replicates},
        interpreters.identify(stack.python),
        SUITE,
        *([stack.launches] if stack.launches > 1 else []),  # one launch has the key it always had
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def own() -> Path:
    """The user's file of rows."""
    return files.find_cache() / "matrix" / "known.json"


def load(path: Path) -> list[StackRow]:
    """The rows in ``path``; none where there is no such file. Raises UsageError for another."""
    from pydantic import TypeAdapter, ValidationError

    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text("utf-8"))["rows"]
        rows = [{**row, "pins": row["pins"].split()} for row in rows]
        known = TypeAdapter(list[StackRow]).validate_python(rows)
        if any("ok" not in stage for row in known for stage in row.stages.values()):
            raise ValueError("a stage without 'ok'")
        return known
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            place, *field = first["loc"]
            error = ValueError(f"{'.'.join(map(str, field))} of row {place}: {first['msg']}")
        raise UsageError(
            f"{str(path)!r} holds no known stacks: {error}\n"
            "  expected: a file that `samplerbench matrix` wrote; move this one away"
        ) from error


def everything(path: Path | None = None) -> list[StackRow]:
    """The known rows of this suite: of ``path`` (None: the user's own), then the shipped ones."""
    rows: dict[str, StackRow] = {}
    for row in [*load(path or own()), *load(SHIPPED_FILE)]:
        if row.suite == SUITE and not row.passing:
            rows.setdefault(row.key, row)
    return list(rows.values())


def keep(path: Path, row: StackRow) -> None:
    """Put ``row`` into the file ``path``, in place of one of its key; whole or not at all."""
    with _lock(path):
        rows = {old.key: old for old in load(path)}
        rows[row.key] = row
        write(path, list(rows.values()))


def merge(path: Path, rows: Iterable[StackRow]) -> int:
    """Put ``rows`` into ``path``, in place of those of the same stack, Python and platform.

    Returns how many; those that only the network or the disk has failed are left out.
    """
    fresh = {_identity(row): row for row in rows if not row.passing}
    with _lock(path):
        merged = {_identity(row): row for row in load(path)}
        write(path, list({**merged, **fresh}.values()))
    return len(fresh)


def _identity(row: StackRow) -> tuple[str, ...]:
    return row.name, *row.python.split(".")[:2], row.platform


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Two commands may finish stacks at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write(path: Path, rows: Sequence[StackRow]) -> None:
    """One line a row, so that a change of one stack is a change of one line."""
    lines = [
        json.dumps({**dataclasses.asdict(row), "pins": " ".join(row.pins)}, sort_keys=True)
        for row in rows
    ]
    files.write_whole(path, '{"rows": [\n' + ",\n".join(lines) + "\n]}\n")
