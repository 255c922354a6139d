"""The digest of data: equal for equal data of any type, other for other data."""

from __future__ import annotations

import datetime
import hashlib

import numpy as np
import pytest

from samplerbench.harness.worker.provenance import digest_data

VALUES = {
    "array": np.arange(3.0),
    "words": np.array(["a", "b"]),
    "objects": np.array(["a", None], object),
    "list": [1, 2.5, "x"],
    "tuple": (4, 3),
    "nested": {"train": {"x": np.zeros(2)}},
    "scalar": np.int64(3),
    "switch": True,
    "nothing": None,
    "date": datetime.date(2026, 1, 2),
}


def test_data_of_every_type_have_digests_of_their_own():
    digests = [digest_data({"x": value}) for value in VALUES.values()]
    assert len(set(digests)) == len(VALUES)
    assert digests == [digest_data({"x": value}) for value in VALUES.values()]


def test_the_digest_of_arrays_is_over_name_type_shape_and_bytes():
    y = np.arange(6.0).reshape(2, 3)
    expected = hashlib.sha256(b"yfloat64(2, 3)" + y.tobytes()).hexdigest()[:16]
    assert digest_data({"y": y}) == expected


def test_a_frame_is_told_from_one_with_another_cell_or_column():
    pandas = pytest.importorskip("pandas")
    frames = [{"x": [1, 2], "g": ["a", "b"]}, {"x": [1, 3], "g": ["a", "b"]}, {"x": [1, 2]}]
    digests = {digest_data({"df": pandas.DataFrame(frame)}) for frame in frames}
    assert len(digests) == 3


def test_typed_keys_of_jax_are_data_as_others_are():
    jax = pytest.importorskip("jax")
    keys = [jax.random.key(0), jax.random.key(1), jax.random.split(jax.random.key(0), 3)]
    digests = {digest_data({"key": key}) for key in keys}
    assert len(digests) == 3 and digest_data({"key": jax.random.key(0)}) in digests


def test_a_function_among_data_leaves_no_address_in_the_digest():
    assert digest_data({"f": lambda: 1}) == digest_data({"f": lambda: 1})
