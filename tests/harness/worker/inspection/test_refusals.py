"""A file that can't be loaded is refused with what to do next."""

from __future__ import annotations

import time

import pytest

from samplerbench.harness.records import Job
from samplerbench.harness.worker.inspection.inspect_model import UnfitModel, load
from tests.support.trials import small


@pytest.mark.parametrize(("where", "is_told"), [("beside", True), ("nowhere", False)])
def test_a_file_that_reads_what_lies_beside_it_is_told_where_to_be_called(
    where, is_told, tmp_path, monkeypatch
):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "beside.csv").write_text("x\n1\n")
    (folder / "mine.py").write_text(f"open('{where}.csv')\ndef model(): pass\n")
    monkeypatch.chdir(tmp_path)
    trial = small(model=f"{folder / 'mine.py'}:model", environment="current")
    with pytest.raises(UnfitModel, match="mine.py, line 1: FileNotFoundError") as refused:
        load(Job(trial, str(tmp_path), time.monotonic()))
    advice = f"next: call the command in {folder}, where '{where}.csv' is"
    assert (advice in str(refused.value)) == is_told
