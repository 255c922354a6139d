"""The NumPyro graph of a model, where graphviz and NumPyro are there."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samplerbench.harness.records import Trial

MODULES = ("numpyro", "graphviz")
SECONDS = 30.0  # starting JAX takes three
# in a process of its own: the coordinator never imports JAX
_CODE = """
import json, sys
name, options = json.loads(sys.argv[1])
from samplerbench.models.base import build
model = build(name, options)
import numpyro
print(numpyro.render_model(model.program, model_kwargs=model.data).source)
"""


def missing_tools() -> str:
    """What is missing here to draw a graph; nothing where all is there."""
    if shutil.which("dot") is None:
        return "graphviz is not installed here (there is no command dot)"
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    return f"Python's {' and '.join(missing)} is not installed here" if missing else ""


class Graph:
    """A graph being drawn. ``svg()`` waits for it; ``why`` says why there is none."""

    def __init__(self, trial: Trial) -> None:
        from samplerbench.models.loading.model_names import is_registered

        self.why, self._process = "", None
        if not is_registered(trial.model):
            self.why = "it is a file of yours, which a report does not run"
        else:
            self.why = missing_tools()
        if not self.why:
            self._process = _start(trial)

    def close(self) -> None:
        """End the process, if it still runs."""
        if self._process is None or self._process.stdout is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        if not self._process.stdout.closed:
            self._process.communicate()

    def svg(self, alt: str) -> str | None:
        """The graph as an SVG element, or None."""
        if self._process is None:
            return None
        try:
            source, errors = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            self.why = f"NumPyro took more than {SECONDS:.0f} s"
            return None
        if self._process.returncode:
            lines = errors.strip().splitlines()
            self.why = f"NumPyro did not draw it: {lines[-1] if lines else 'no reason given'}"
            return None
        return self._render(source, alt)

    def _render(self, source: str, alt: str) -> str | None:
        try:
            done = subprocess.run(
                ["dot", "-Tsvg"], input=source, capture_output=True, text=True, timeout=SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self.why = f"dot did not run: {error}"
            return None
        if done.returncode:
            self.why = f"dot failed: {done.stderr.strip()[:200]}"
            return None
        return _inline(done.stdout, alt)


def _start(trial: Trial) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[3])
    places = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-c", _CODE, json.dumps([trial.model, trial.model_options])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(places)},
    )


def _inline(svg: str, alt: str) -> str | None:
    """The drawing alone: no header, no ids, no tooltips, in the page's colours."""
    size = re.search(r'viewBox="([^"]*)"', svg)
    start, end = svg.find("<g "), svg.rfind("</svg>")
    if size is None or start < 0 or end < 0:
        return None
    body = re.sub(r"<!--.*?-->|<title>.*?</title>| id=\"[^\"]*\"", "", svg[start:end], flags=re.S)
    body = re.sub(r'<polygon fill="white"[^>]*/>', "", body, count=1)  # the background
    body = body.replace('"black"', '"currentColor"').replace("<text ", '<text fill="currentColor" ')
    body = body.replace('"#000000"', '"currentColor"').replace('fill="white"', 'fill="none"')
    body = re.sub('fill="(light)?gr[ae]y"', 'fill="currentColor" fill-opacity="0.25"', body)
    wide = float(size[1].split()[2])  # points; drawn no larger than dot made it
    head = f'<svg viewBox="{size[1]}" style="max-width: {wide:.0f}pt" role="img"'
    return f'{head} aria-label="{html.escape(alt)}">{body}</svg>'
