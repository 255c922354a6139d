"""Run ``examples/main_job.ipynb`` and keep what it prints for the documentation.

``python docs/execute.py`` writes ``docs/tutorial/main_job.ipynb``, whose outputs the pages show.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

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
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [
                    out for out in map(_drop_bar, cell.outputs) if out.get("text") != ""
                ]
        text = nbformat.writes(notebook).replace(f"{folder}/", "")
    EXECUTED.write_text(text + "\n", encoding="utf-8")


def _drop_bar(output: Any) -> Any:
    """A cell's output without the steps of a progress bar, of which a terminal shows the last."""
    if output.output_type == "stream":
        lines = re.split(r"[\r\n]+", output.text)
        kept = [line for line in lines if line.strip() and not re.search(r"(it/s|s/it)\]", line)]
        output.text = "".join(f"{line}\n" for line in kept)
    return output


if __name__ == "__main__":
    main()
