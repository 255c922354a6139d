"""What every test of the compatibility matrix starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from samplerbench.harness.compatibility import accuracy_test, known_stacks
from tests.support.wheels import index  # noqa: F401  (a fixture)

HONEST = {"accurate": True, "why": "", "verdict": "honest", "verdict_reason": "all is well"}


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's folders are below ``tmp_path``; no shipped row is known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(known_stacks, "SHIPPED_FILE", tmp_path / "shipped.json")
    monkeypatch.setattr(accuracy_test, "judge", lambda *args: dict(HONEST))
