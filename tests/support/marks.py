"""Marks of tests that need a library which an extra brings."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_corner = pytest.mark.skipif(
    find_spec("chainconsumer") is None, reason="needs the extra `corner`"
)
