"""Run ``examples/main_job.ipynb`` and keep what it prints for the documentation.

``python docs/execute.py`` writes ``docs/tutorial/main_job.ipynb``, whose outputs the pages show.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "main_job.ipynb"
EXECUTED = ROOT / "docs" / "tutorial" / "main_job.ipynb"


def main() -> None:
    """Execute the notebook in an empty folder; write it, with no path of this machine in it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=resources).execute()
        text = nbformat.writes(notebook).replace(f"{folder}/", "")
    EXECUTED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
