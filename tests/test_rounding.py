"""Numbers in sentences stay on their side of what they are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.rounding import format_percents, format_with_interval


@pytest.mark.parametrize("value", [0.02 - 1e-6, 0.0204, 0.0196, 0.02])
def test_a_share_is_not_rounded_onto_what_it_is_compared_with(value):
    shown = float(format_percents(value, bound=0.02).removesuffix(" %"))
    assert np.sign(shown - 2) == np.sign(value - 0.02)
    assert format_percents(value) == "2 %"


def test_no_end_of_an_interval_is_rounded_onto_what_it_is_compared_with():
    assert format_with_interval(0.065, 0.0503, 0.0797) == "0.065 (0.050 to 0.080)"
    assert format_with_interval(0.065, 0.0503, 0.0797, 0.05) == "0.065 (0.0503 to 0.080)"
    assert format_with_interval(-0.065, -0.0797, -0.0503, -0.05) == "-0.065 (-0.080 to -0.0503)"


def test_nearly_all_is_not_all():
    assert format_percents(255 / 256) == "99.6 %" and format_percents(1.0) == "100 %"
    assert format_percents(0.86, 1 - 1e-5) == "86 to 99.999 %"
