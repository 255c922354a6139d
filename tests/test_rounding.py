"""Numbers in sentences stay on their side of what they are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.rounding import (
    format_number,
    format_percents,
    format_with_half_width,
    format_with_interval,
)


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


def test_a_number_beyond_thousands_of_billions_is_written_by_its_power_of_ten():
    assert format_number(3.4e9) == "3.40G" and format_number(9e12) == "9000G"
    assert format_number(9.9996e12) == "1.00e+13" and format_number(-4.31e14) == "-4.31e+14"
    assert format_with_half_width(1.87e28, 4.51e28) == ("1.87e+28", "4.51e+28")
    assert format_with_interval(7e23, 6e23, 8e23) == "7.0e+23 (6.0e+23 to 8.0e+23)"
