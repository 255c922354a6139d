"""The probe of an interpreter tells the real cause of a failed import, and what is installed."""

from __future__ import annotations

import importlib.metadata

import pytest

from samplerbench.harness.environments import import_probe


def raise_chain():
    try:
        raise AttributeError("module 'jax' has no attribute 'x'")
    except AttributeError as error:
        raise ImportError("please install this library") from error


def test_the_cause_is_the_first_exception_and_the_librarys_words_stand_beside_it():
    with pytest.raises(ImportError) as raised:
        raise_chain()
    answer = import_probe.describe(raised.value)
    assert answer["cause"] == "AttributeError: module 'jax' has no attribute 'x'"
    assert answer["message"] == "ImportError: please install this library"
    assert answer["file"].startswith(__file__)


def test_folders_of_packages_and_further_lines_are_left_out():
    error = ImportError("cannot import name 'f' from 'a' (/x/lib/site-packages/a/b.py)\nmore")
    text = "ImportError: cannot import name 'f' from 'a' (a/b.py)"
    assert import_probe.summarize(error) == text


def test_a_group_is_imported_in_order_up_to_the_first_that_fails():
    assert import_probe.import_group("json,math")["error"] is None
    error = import_probe.import_group("json,no_such_module")["error"]
    assert error["cause"] == "ModuleNotFoundError: No module named 'no_such_module'"


def test_installed_distributions_have_normalised_names():
    versions = import_probe.list_installed()
    assert versions["pytest-benchmark"] == importlib.metadata.version("pytest_benchmark")
