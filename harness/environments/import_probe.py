"""Run by path in any interpreter: what is installed there, and what each import comes to.

``python -I import_probe.py GROUP ...`` where a group is modules joined by commas; where the first
fails, the others are not tried. Prints one line of JSON. Standard library only, since nothing else
may be there.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
import traceback
from types import TracebackType
from typing import Any

#: exceptions that JAX puts below its own, with the same failure told at length
NOISE = ("UnfilteredStackTrace", "JaxStackTraceBeforeTransformation", "SimplifiedTraceback")
#: functions that raise on behalf of whoever asked for an attribute
LOOKUPS = ("__getattr__", "getattr")
IN_PACKAGES = re.compile(r"[^\s'\"()]*(?:site|dist)-packages[/\\]")


def find_innermost(error: BaseException) -> BaseException:
    """The exception that all others were raised from, or while handling; not a library's guess."""
    real = error
    inner: BaseException | None = error
    passed: set[int] = set()
    while inner is not None and id(inner) not in passed:
        passed.add(id(inner))
        if inner is error or type(inner).__name__ not in NOISE:
            real = inner
        inner = inner.__cause__ or inner.__context__
    return real


def find_location(trace: TracebackType | None) -> str:
    """File and line of the last frame that is not the import system's own, nor only tells."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if "<frozen" not in frame.filename
        and not frame.filename.endswith(os.path.join("importlib", "__init__.py"))
        and frame.filename != __file__
        and frame.name not in LOOKUPS
    ]
    return f"{IN_PACKAGES.sub('', frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def summarize(error: BaseException) -> str:
    """Type and first line of the message, folders of packages left out."""
    text = next((t.strip() for t in str(error).splitlines() if t.strip()), "no message")
    return f"{type(error).__name__}: {IN_PACKAGES.sub('', text)[:300]}"


def describe(error: BaseException) -> dict[str, str]:
    """The real cause, its file, and what the library makes of it."""
    real = find_innermost(error)
    message = summarize(error) if real is not error else ""
    return {"cause": summarize(real), "file": find_location(real.__traceback__), "message": message}


def list_installed() -> dict[str, str]:
    """Distribution name -> version, of what this interpreter finds; the first one counts."""
    from importlib import metadata

    versions: dict[str, str] = {}
    for distribution in metadata.distributions():
        texts = map(distribution.read_text, ("METADATA", "PKG-INFO", ""))
        # the head alone: ``distribution.metadata`` parses whole descriptions, for half a second
        head = next(filter(None, texts), "").partition("\n\n")[0]
        fields = dict(re.findall(r"^(Name|Version): *(.*\S)", head, re.M))
        if len(fields) == 2:  # a half-removed one has none
            name = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
            versions.setdefault(name, fields["Version"])
    return versions


def import_group(modules: str) -> dict[str, Any]:
    """Import each of ``modules``; the seconds that it took, and the error that ended it."""
    start = time.perf_counter()
    error = None
    try:
        for module in modules.split(","):
            importlib.import_module(module)
    except BaseException as raised:  # a library may even exit at import
        error = describe(raised)
    return {"seconds": round(time.perf_counter() - start, 3), "error": error}


def main(groups: list[str]) -> None:
    """Write the answer on the standard output, which is kept from what the libraries print."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers: dict[str, Any] = {}
    for modules in groups:
        answers[modules] = import_group(modules)
        if answers[groups[0]]["error"]:
            break
    python = ".".join(map(str, sys.version_info[:3]))
    answer.write(json.dumps({"python": python, "installed": list_installed(), "groups": answers}))
    answer.close()
    os._exit(0)  # threads of what was imported may hang at exit


if __name__ == "__main__":
    main(sys.argv[1:])
