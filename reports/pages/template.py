"""A page from its template: style and script inside, every name as text, no network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from samplerbench.harness.records import visible

HERE = Path(__file__).parent


def render(name: str, **given: Any) -> str:
    """The page of the template ``name`` as HTML; ``given`` is what it shows, ``title`` included."""
    import jinja2

    from samplerbench.version import __version__

    script = (HERE / "page.js").read_text(encoding="utf-8")
    room = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda found: visible(found) if type(found) is str else found,
    )  # fmt: skip
    return room.get_template(name).render(
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        version=__version__,
        **given,
    )
