"""Folders of this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PLUGIN_EXAMPLE = ROOT / "tests" / "plugin_example"
