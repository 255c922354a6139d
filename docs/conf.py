"""Sphinx's configuration: ``sphinx-build -W docs docs/_build/html``; no network is asked."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate  # noqa: E402

from samplerbench import __version__  # noqa: E402

project = "samplerbench"
author = "the samplerbench authors"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
smartquotes_action = "qe"  # quotes and ellipses: "--env" is to stay as it is typed
nb_execution_mode = "off"  # notebooks hold what they printed when they ran
autodoc_typehints = "description"
autodoc_member_order = "bysource"
html_theme = "furo"
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}  # they lead to no source
html_static_path = ["_static"]
html_css_files = ["width.css"]
html_js_files = ["landmarks.js"]
html_title = f"samplerbench {version}"
html_show_copyright = False

generate.write_pages(Path(__file__).parent)
