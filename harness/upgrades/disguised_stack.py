"""A stack in which a package says that it is of another release.

jax refuses a jaxlib by its version alone, before anything is tried. Which of the two changed what
a sampler does is seen where that check is passed over. Such a stack is made in the folder of the
bisection, never in the cache: nobody else is to meet it.
"""

from __future__ import annotations

import re
from pathlib import Path

from samplerbench.harness.environments import interpreters, uv
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.upgrades.pinned_stack import PinnedStack

#: how a package refuses another: its name, its version, the version that would do
REFUSAL = re.compile(
    r"(\w+) is version ([\w.]+), but this version of \w+ requires version >= ([\d.]+)"
)


def read_refusal(failure: str) -> dict[str, str]:
    """Distribution -> version that it would have to be, where a stack fails for that alone."""
    found = REFUSAL.search(failure)
    return {found[1]: found[3].rstrip(".")} if found else {}


def make(stack: PinnedStack, folder: Path) -> Path:
    """The Python of ``stack``, made in ``folder`` if it is not there; raises EnvironmentFailed."""
    python, done = folder / "bin" / "python", folder / "disguised"
    if not done.is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        pins, log = folder.with_suffix(".pins"), folder.with_suffix(".log")
        pins.write_text("\n".join(stack.pins) + "\n", "utf-8")
        base = interpreters.find(stack.python, stack.name)
        uv.run(["venv", "--no-config", "--clear", "--python", base, str(folder)], stack.name, log)
        install = ["pip", "install", "--no-config", "--no-deps", "--prerelease=allow"]
        # copies: a link would reach every environment that holds the same file
        install += ["--link-mode=copy", "--python", str(python), "-r", str(pins)]
        uv.run(install, stack.name, log)
        for name, version in stack.disguise.items():
            _rewrite_version(folder, name, stack.versions[name], version)
        done.write_text("", "utf-8")
    return python.absolute()


def _rewrite_version(folder: Path, name: str, version: str, told: str) -> None:
    """Let ``name`` say that it is of the release ``told``."""
    files = list(folder.glob(f"lib/python*/site-packages/{name}/version.py"))
    if not files:
        raise EnvironmentFailed(f"{name} has no file version.py\n  next: try it by hand")
    text = files[0].read_text("utf-8")
    files[0].write_text(re.sub(rf"(['\"]){re.escape(version)}\1", rf"\g<1>{told}\1", text), "utf-8")
