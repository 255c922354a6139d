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


def test_where_none_has_it_that_is_said_and_the_newest_is_a_guess_until_it_is_made(made):
    made.update(pinned=False, backends=False)
    advice = attribute_search.advise_environment(LACK, "pinned")
    assert "and so do those that are made on this machine: backends; a newer" in advice
    assert advice.endswith("which is a guess: --env latest")
    made.clear()
    assert "which is a guess: --env latest" in attribute_search.advise_environment(LACK, "pinned")
    made.update(pinned=False, latest=False)
    for asked, other in (("pinned", "latest"), ("latest", "pinned")):
        advice = attribute_search.advise_environment(LACK, asked)
        assert f"made on this machine: {other}; where an older NumPyro had it, --env" in advice


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        ("AttributeError: module 'jax.ops' has no attribute 'index_add'", "jax.ops.index_add"),
        ("ImportError: cannot import name 'linear_util' from 'jax' (/a)", "jax.linear_util"),
        ("No module named 'jax.experimental.maps'", "jax.experimental.maps"),
    ],
)
def test_what_jax_lacks_is_asked_for_as_well_and_that_of_libraries_on_it_is_not(text, lack, made):
    made.update(pinned=False, latest=False)
    advice = attribute_search.advise_environment(text, "pinned")
    assert advice.startswith(f"environment 'pinned' lacks {lack}, and so do ")
    assert "where an older JAX had it" in advice and "--env pinned" not in advice
    assert attribute_search.advise_environment(text.replace("'jax", "'jaxns"), "pinned") == ""


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
