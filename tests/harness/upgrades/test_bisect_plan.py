"""What a bisection says that it would do."""

from __future__ import annotations

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.upgrades.bisect_plan import describe_bisection
from samplerbench.harness.upgrades.pinned_stack import PinnedStack, read_stack


def test_what_is_not_known_before_uv_has_resolved_a_stack_is_said(tmp_path):
    old = read_stack("pinned")
    new = PinnedStack("latest", {**old.versions, "jax": "99", "more": "1"}, old.python, False)
    lines = describe_bisection(old, new, tmp_path, "numpyro_nuts", "jaxx")
    assert f"  jax {old.versions['jax']} to 99" in lines
    assert "only one of the stacks has: more" in lines
    assert "uv adds what the pins of latest need, once it begins" in lines
    whole = PinnedStack("latest", {**old.versions, "jax": "99"}, old.python)
    with pytest.raises(UsageError, match="did you mean 'jax'"):
        describe_bisection(old, whole, tmp_path, "numpyro_nuts", "jaxx")
