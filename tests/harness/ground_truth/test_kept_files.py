"""Files that a campaign keeps beside its database: whole ones are read, damaged ones named."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth.kept_files import name_damaged, open_arrays


def test_a_whole_file_gives_its_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with open_arrays(tmp_path / "a.npz") as arrays:
        assert arrays["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, size):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UsageError, match=r"a\.npz' is damaged: .*\n.*remove it"), open_arrays(path):
        pass


def test_a_refusal_of_our_own_keeps_its_words(tmp_path):
    with pytest.raises(UsageError, match="^ours$"), name_damaged(tmp_path):
        raise UsageError("ours")
