"""``samplerbench list --conformance``: every check of a sampler or a model, with its outcome."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from samplerbench.cli.common import EXIT_FAILED, EXIT_OK
from samplerbench.harness.worker.conformance import Check

if TYPE_CHECKING:
    from samplerbench.conformance import Listener

WORDS = {True: "pass", False: "FAIL", None: "skip"}


def execute(name: str, env: str | None, as_json: bool = False) -> int:
    """Check the sampler or model ``name``; the exit code says whether all checks passed.

    ``env``: the environment; None is the sampler's own, or pinned.
    """
    from samplerbench import conformance

    with show_checks(sys.stderr) as listener:
        outcomes = conformance.check(name, env, listener)
    every = [check for _, _, checks in outcomes for check in checks]
    failed = sum(check.passed is False for check in every)
    if as_json:
        print(json.dumps([_make_record(*outcome) for outcome in outcomes], indent=1))
        return EXIT_FAILED if failed else EXIT_OK
    for kind, stack, checks in outcomes:
        print(f"{kind} {name}, environment {stack}:")
        for check in checks:
            print(_line(check))
    print(f"{failed} of {len(every)} checks failed" if failed else f"conforms: {len(every)} checks")
    return EXIT_FAILED if failed else EXIT_OK


def _make_record(kind: str, stack: str, checks: Sequence[Check]) -> dict[str, Any]:
    return {"kind": kind, "environment": stack, "checks": [asdict(check) for check in checks]}


def _line(check: Check) -> str:
    return f"  {WORDS[check.passed]}  {check.name.replace('_', ' '):<22} {check.text}"


@contextmanager
def show_checks(stream: TextIO) -> Iterator[Listener]:
    """Who hears of each check that begins: a bar with a clock on a terminal, a line elsewhere."""
    start = time.monotonic()
    if not stream.isatty():
        yield lambda name: print(
            f"  {time.monotonic() - start:4.0f} s  {name.replace('_', ' ')} ...",
            file=stream,
            flush=True,
        )
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.description}", markup=False)
    columns = SpinnerColumn("line"), words, TimeElapsedColumn()
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda name: progress.update(task, description=name.replace("_", " "))
