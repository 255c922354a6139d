"""Where NumPyro lacks something, the environments that are made are asked which one has it."""

from __future__ import annotations

import sys

import pytest

from samplerbench.harness.environments import attribute_search

LACK = "AttributeError: module 'numpyro.distributions' has no attribute 'Levy'"


@pytest.fixture
def made(monkeypatch):
    """Environments that are made -> what their NumPyro has."""
    having: dict[str, bool] = {}
    monkeypatch.setattr(
        attribute_search, "_find_python", lambda name: name if name in having else ""
    )
    monkeypatch.setattr(attribute_search, "_has_attribute", lambda python, *_: having[python])
    return having


def test_an_environment_that_has_it_is_named(made):
    made.update(pinned=False, latest=True)
    advice = attribute_search.advise_environment(LACK, "pinned")
    assert advice.endswith("numpyro.distributions.Levy; environment 'latest' has it: --env latest")


def test_where_none_has_it_that_is_said_and_where_none_is_made_it_is_a_guess(made):
    made.update(pinned=False, latest=False)
    assert "and so do those" in attribute_search.advise_environment(LACK, "pinned")
    made.clear()
    assert "which is a guess: --env latest" in attribute_search.advise_environment(LACK, "pinned")


def test_a_name_that_can_not_be_imported_is_a_lack_and_other_errors_are_none(made):
    text = "ImportError: cannot import name 'Levy' from 'numpyro.distributions' (/a/b.py)"
    assert "numpyro.distributions.Levy" in attribute_search.advise_environment(text, "pinned")
    text = "ModuleNotFoundError: No module named 'numpyro.distributions.levy'"
    assert "lacks numpyro.distributions.levy" in attribute_search.advise_environment(text, "pinned")
    assert attribute_search.advise_environment("ValueError: nothing of that kind", "pinned") == ""


@pytest.mark.process
def test_an_interpreter_is_asked_for_the_attribute():
    assert attribute_search._has_attribute(sys.executable, "json", "loads")
    assert attribute_search._has_attribute(sys.executable, "json", "tool")  # a module of its own
    assert not attribute_search._has_attribute(sys.executable, "json", "levy")
