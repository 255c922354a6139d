"""An article of two columns around a table in LaTeX, compiled where TeX is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no pdflatex is installed here"
)
HEAD = r"\documentclass[twocolumn]{article}\usepackage[T1]{fontenc}\usepackage{textcomp,booktabs}"


def assert_fits_an_article(body: str, folder: Path) -> None:
    """Fail where ``body`` does not compile, or is wider than both columns of a page."""
    text = f"{HEAD}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / "t.tex").write_text(text)
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "t.pdf").stat().st_size > 1000
    assert "too wide) in paragraph" not in done.stdout
