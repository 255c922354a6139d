"""A page from its template: style and script inside, every name as text, no network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from samplerbench.text import escape_controls

HERE = Path(__file__).parent


def render(name: str, **values: Any) -> str:
    """The page of the template ``name`` as HTML; ``values``: what it shows, ``title`` included."""
    import jinja2

    from samplerbench.version import __version__

    script = (HERE / "page.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: escape_controls(value) if type(value) is str else value,
    )
    return environment.get_template(name).render(
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        version=__version__,
        **values,
    )
