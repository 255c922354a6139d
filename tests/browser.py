"""A page in headless Chromium: what it does when a heading is pressed, and what it asks for."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    " --disable-background-networking --disable-component-update --allow-file-access-from-files"
)
#: presses the heading of COLUMN in the first table twice, and tells what it saw
PROBE = """
const said = {errors: [], violations: []};
window.onerror = (text) => { said.errors.push(String(text)); };
document.addEventListener("securitypolicyviolation", e => said.violations.push(e.blockedURI));
window.addEventListener("load", () => {
  const column = (at) => [...document.querySelector("table.sortable tbody").rows]
    .map(row => row.cells[at].dataset.key);
  const head = document.querySelector("th[data-name=COLUMN]");
  const at = Number(head.dataset.at);
  said.before = column(at);
  head.querySelector("button").click();
  said.up = column(at); said.sort = head.getAttribute("aria-sort");
  head.querySelector("button").click();
  said.down = column(at);
  said.told = document.querySelector("[role=status]").textContent;
  said.wide = document.documentElement.scrollWidth;
  said.window = window.innerWidth;
  said.asked = performance.getEntriesByType("resource").map(e => e.name);
  const nameless = [...document.querySelectorAll("button, a, summary, [role=region], [role=img]")]
    .filter(e => !(e.getAttribute("aria-label") || e.textContent).trim());
  said.nameless = nameless.map(e => e.outerHTML.slice(0, 80));
  said.unreachable = [...document.querySelectorAll(".scroll")]
    .filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length;
  parent.postMessage(JSON.stringify(said), "*");
});
"""
OUTER = """<!doctype html><meta charset="utf-8"><title>probe</title><pre id="out"></pre><script>
addEventListener("message", e => { document.getElementById("out").textContent = e.data; });
</script><iframe src="page.html" width="390" height="2000" style="border:0"></iframe>"""


def visit(made: str, folder: Path, column: str) -> dict[str, Any]:
    """What the page ``made`` did in a frame as wide as a phone, sorted twice by ``column``.

    Skips the test where there is no Chromium.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here")
    probe = PROBE.replace("COLUMN", column)
    digest = base64.b64encode(hashlib.sha256(probe.encode()).digest()).decode()
    # the probe is let in beside the page's own script; all else stays shut
    probed = made.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    probed = probed.replace("<title>", f"<script>{probe}</script><title>", 1)
    (folder / "page.html").write_text(probed, encoding="utf-8")
    (folder / "outer.html").write_text(OUTER, encoding="utf-8")
    given = [CHROMIUM, *QUIET.split(), f"--user-data-dir={folder / 'profile'}"]
    given += ["--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom"]
    done = subprocess.run(
        [*given, f"file://{folder / 'outer.html'}"], capture_output=True, text=True, timeout=90
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, flags=re.S)
    assert found, done.stderr[-2000:]
    told = json.loads(html.unescape(found[1]))
    told["console"] = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return told


def assert_sorts_and_stays_shut(seen: dict[str, Any], column: str) -> None:
    """The claims that hold of every page with a table: rows without a number stay last."""
    numbers = [float(key) for key in seen["up"] if key]
    assert numbers == sorted(numbers) != [float(key) for key in seen["before"] if key]
    assert [float(key) for key in seen["down"] if key] == numbers[::-1]
    empty = [""] * (len(seen["up"]) - len(numbers))
    assert empty and seen["up"][len(numbers) :] == seen["down"][len(numbers) :] == empty
    assert seen["sort"] == "ascending" and seen["told"] == f"Sorted by {column}, largest first."
    assert seen["errors"] == seen["violations"] == seen["asked"] == seen["console"] == []


def assert_fits_a_phone_and_has_names(seen: dict[str, Any]) -> None:
    """No sideways scroll, no control without a name, nothing that a keyboard can't scroll to."""
    assert seen["window"] == 390 and seen["wide"] <= 390
    assert seen["nameless"] == [] and seen["unreachable"] == 0
