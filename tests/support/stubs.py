"""Interpreters with stand-ins for the libraries, so that versions and failures can be chosen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

#: what imports without an error where nothing else is said
FINE = {"numpyro/contrib/nested_sampling.py": "", "numpyro/contrib/__init__.py": ""}


def interpreter(folder: Path, versions: Mapping[str, str], files: Mapping[str, str]) -> str:
    """A Python of its own in ``folder``: distributions by version, module files by path."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name, version in versions.items():
        info = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for path, code in files.items():
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).write_text(code)
    return str(folder / "bin" / "python")
