"""``samplerbench list --conformance``: every check of a sampler or a model, with its outcome."""

from __future__ import annotations

import sys

from samplerbench.cli.common import EXIT_FAILED, EXIT_OK
from samplerbench.harness.worker.conformance import Check

WORDS = {True: "pass", False: "FAIL", None: "skip"}


def execute(name: str, env: str | None) -> int:
    """Check the sampler or model ``name``; the exit code says whether all checks passed.

    ``env``: the environment; None is the sampler's own, or pinned.
    """
    from samplerbench import conformance

    every: list[Check] = []
    for kind, stack, checks in conformance.check(name, env, _show_progress):
        print(f"{kind} {name}, environment {stack}:")
        for check in checks:
            print(_line(check))
        every += checks
    failed = sum(check.passed is False for check in every)
    print(f"{failed} of {len(every)} checks failed" if failed else f"conforms: {len(every)} checks")
    return EXIT_FAILED if failed else EXIT_OK


def _line(check: Check) -> str:
    return f"  {WORDS[check.passed]}  {check.name.replace('_', ' '):<22} {check.text}"


def _show_progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{name.replace('_', ' ')}", end="\r", file=sys.stderr, flush=True)
