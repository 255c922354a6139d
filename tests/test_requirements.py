"""An installation takes few packages by range, none that is measured; tests run on exact ones."""

from __future__ import annotations

import ast
import re
import sys

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from samplerbench.harness.environments import environments
from samplerbench.harness.environments.pins import read_pins
from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
SETS = ("constraints", "newest", "oldest")
SAMPLING = {"jax", "jaxlib", "numpyro", "jaxns", "tensorflow-probability", "tfp-nightly", "funsor"}
#: libraries of samplers that some environment has to hold
BACKENDS = set("blackjax dynesty emcee funsor nautilus nutpie ultranest walnutpie".split())
#: name==version, for all Pythons or for those below or from one version on
PIN = re.compile(r"[a-z0-9-]+==[\w.]+(; python_version (<|>=) '3\.\d+')?")


def requirements(*extras: str) -> dict[str, Requirement]:
    """What an installation with these extras asks for, by name."""
    lines = [*PROJECT["dependencies"], *(line for name in extras for line in EXTRAS[name])]
    return {canonicalize_name(wish.name): wish for wish in map(Requirement, lines)}


def pins(name: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def version(pin: Requirement) -> str:
    (exact,) = pin.specifier
    return exact.version


def imported() -> set[str]:
    """The first words of what the project's files import, of others than itself and Python."""
    names: set[str] = set()
    for folder in ("models", "samplers", "harness", "reports", "samplerbench/cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names.add(str(node.module).split(".")[0])
    return names - {"samplerbench", *sys.stdlib_module_names}


def test_an_installation_brings_nothing_that_is_measured_and_sets_no_upper_bound():
    wishes = requirements()
    assert not SAMPLING & wishes.keys() and len(wishes) <= 12
    operators = {bound.operator for wish in wishes.values() for bound in wish.specifier}
    assert operators == {">="}


@pytest.mark.slow
def test_every_package_that_the_coordinator_imports_is_required_or_in_an_extra():
    wishes = requirements("arviz", "corner", "cluster", "pytest").keys()
    with_arviz = {"xarray"}
    measured = {"jax", "jaxlib", "numpyro", "jaxns", "tensorflow_probability"} | BACKENDS
    assert imported() - measured - with_arviz <= wishes
    assert requirements().keys() <= imported()


@pytest.mark.parametrize("name", SETS)
def test_constraints_are_exact_and_stand_once(name):
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    for minor in ("3.11", "3.13"):
        active = [p.name for p in pins(name) if not p.marker or p.marker.evaluate(python(minor))]
        assert len(active) == len(set(active)) > 30


def python(minor: str) -> dict[str, str]:
    return {"python_version": minor}


def test_the_constraints_hold_the_pinned_stack_and_what_every_extra_asks_for():
    active = {p.name: p for p in pins("constraints") if not p.marker or p.marker.evaluate()}
    stack = dict(pin.split("==") for pin in read_pins(environments.STACKS / "pinned.txt"))
    assert {name: version(active[name]) for name in stack} == stack
    wishes = requirements(*(name for name in EXTRAS))
    wishes.pop("samplerbench")
    assert wishes.keys() <= active.keys()
    assert all(wishes[name].specifier.contains(version(active[name])) for name in wishes)


def test_the_oldest_set_is_the_lower_bounds():
    oldest = {pin.name: Version(version(pin)) for pin in pins("oldest")}
    for name, wish in requirements("arviz", "corner", "pytest").items():
        (bound,) = wish.specifier
        least = Version(bound.version).release
        assert oldest[name].release[: len(least)] == least, name


def test_the_newest_set_is_past_what_the_pinned_stack_and_corner_plots_allow():
    newest = {pin.name: Version(version(pin)) for pin in pins("newest")}
    assert newest["numpy"].major == 2 and newest["pandas"].major == 3
    assert not SAMPLING & newest.keys() and "chainconsumer" not in newest


@pytest.mark.parametrize("name", ["pinned", "latest", "latest-py311"])
def test_numpyros_stacks_can_sum_out_discrete_sites(name):
    stack = {pin.split("==")[0] for pin in read_pins(environments.STACKS / f"{name}.txt")}
    assert {"funsor", "makefun", "multipledispatch"} <= stack
