"""``samplerbench list --conformance``: every check of a sampler or a model, with its outcome."""

from __future__ import annotations

import sys

from samplerbench.cli.common import FINE, NOT_OK
from samplerbench.harness.worker.conformance import Check

WORDS = {True: "pass", False: "FAIL", None: "skip"}


def do(name: str, env: str) -> int:
    """Check what is called ``name``; the exit code says whether all that could be made passed."""
    from samplerbench import conformance

    every = []
    for kind, checks in conformance.of(name, env, _telling):
        print(f"{kind} {name}, environment {env}:")
        for check in checks:
            print(_line(check))
        every += checks
    failed = sum(check.passed is False for check in every)
    print(f"{failed} of {len(every)} checks failed" if failed else f"conforms: {len(every)} checks")
    return NOT_OK if failed else FINE


def _line(check: Check) -> str:
    return f"  {WORDS[check.passed]}  {check.name.replace('_', ' '):<22} {check.said}"


def _telling(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{name.replace('_', ' ')}", end="\r", file=sys.stderr, flush=True)
