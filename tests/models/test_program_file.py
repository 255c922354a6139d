"""The pickle of a program as a worker reads it: its name, its data, and what it needs there."""

from __future__ import annotations

import pickle
import sys
import types

import pytest

from samplerbench.errors import UsageError
from samplerbench.models.loading import model_names, program_file


def test_a_programs_name_holds_its_digest_and_points_into_no_file_of_python():
    name = "growth-0123456789abcdef.pkl:growth"
    assert program_file.is_program(name) and model_names.is_file(name)
    assert model_names.find_file(name) is None
    assert model_names.check_model(name, {}) == (name, "0123456789abcdef")
    assert not program_file.is_program("mine.py:growth")


def test_a_program_whose_library_is_missing_is_refused_with_the_librarys_name(
    tmp_path, monkeypatch
):
    module = types.ModuleType("library_of_mine")
    exec("class Scale: ...", module.__dict__)
    monkeypatch.setitem(sys.modules, "library_of_mine", module)
    record = {"program": print, "data": {"scale": module.Scale()}, "x64": False}
    (tmp_path / "p.pkl").write_bytes(pickle.dumps(record))
    assert program_file.read_program(tmp_path / "p.pkl")[0] is print
    monkeypatch.delitem(sys.modules, "library_of_mine")
    with pytest.raises(UsageError, match="needs 'library_of_mine', which this environment lacks"):
        program_file.read_program(tmp_path / "p.pkl")
