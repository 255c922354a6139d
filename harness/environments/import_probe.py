"""Run by path in any interpreter: what is installed there, and what each import comes to.

``python -I probe.py GROUP ...`` where a group is modules joined by commas; one that fails ends the
probe. Prints one line of JSON. Standard library only, since nothing else may be there.
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
TELLERS = ("__getattr__", "getattr")
IN_PACKAGES = re.compile(r"[^\s'\"()]*(?:site|dist)-packages[/\\]")


def innermost(error: BaseException) -> BaseException:
    """The exception that all others were raised from, or while handling; not a library's guess."""
    real, inner, seen = error, error, {id(error)}
    while True:
        inner = inner.__cause__ or inner.__context__
        if inner is None or id(inner) in seen:
            return real
        seen.add(id(inner))
        if type(inner).__name__ not in NOISE:
            real = inner


def where(trace: TracebackType | None) -> str:
    """File and line of the last frame that is not the import system's own, nor only tells."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if "<frozen" not in frame.filename
        and not frame.filename.endswith(os.path.join("importlib", "__init__.py"))
        and frame.filename != __file__
        and frame.name not in TELLERS
    ]
    return f"{IN_PACKAGES.sub('', frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def line(error: BaseException) -> str:
    """Type and first line of the message, folders of packages left out."""
    text = next((t.strip() for t in str(error).splitlines() if t.strip()), "no message")
    return f"{type(error).__name__}: {IN_PACKAGES.sub('', text)[:300]}"


def tell(error: BaseException) -> dict[str, str]:
    """The real cause, its file, and what the library makes of it."""
    real = innermost(error)
    said = line(error) if real is not error else ""
    return {"cause": line(real), "file": where(real.__traceback__), "said": said}


def installed() -> dict[str, str]:
    """Distribution name -> version, of what this interpreter finds; the first one counts."""
    from importlib import metadata

    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # a half-removed one has none
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return found


def group(modules: str) -> dict[str, Any]:
    """Import each of ``modules``; the seconds that it took, and the error that ended it."""
    start = time.perf_counter()
    error = None
    try:
        for module in modules.split(","):
            importlib.import_module(module)
    except BaseException as raised:  # a library may even exit at import
        error = tell(raised)
    return {"seconds": round(time.perf_counter() - start, 3), "error": error}


def main(groups: list[str]) -> None:
    """Write the answer on the standard output, which is kept from what the libraries print."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    groups_found: dict[str, Any] = {}
    for modules in groups:
        groups_found[modules] = group(modules)
        if groups_found[modules]["error"]:
            break
    python = ".".join(map(str, sys.version_info[:3]))
    answer.write(json.dumps({"python": python, "installed": installed(), "groups": groups_found}))
    answer.close()
    os._exit(0)  # threads of what was imported may hang at exit


if __name__ == "__main__":
    main(sys.argv[1:])
