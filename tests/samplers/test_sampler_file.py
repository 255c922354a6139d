"""Samplers by path: kernels and functions in one's own files, their settings, and refusals."""

from __future__ import annotations

import ast
import json
from dataclasses import fields

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.specifiers import parse_sampler
from samplerbench.models.base import build
from samplerbench.options import fill
from samplerbench.samplers.base import Budget, Declined, Prepared, samplers
from samplerbench.samplers.loading import file_settings, sampler_file
from tests.support import trials
from tests.support.paths import EXAMPLES

KERNEL = f"{EXAMPLES / 'own_kernel.py'}:RandomWalk"
FUNCTION = '''
import abc
from dataclasses import dataclass
import numpy as np
from samplerbench.samplers.base import Draws, Prepared

@dataclass(frozen=True)
class Settings:
    size: int = 3
    shift: float = 0.0  # of all draws
    word: str = "a"

def prepare(model, budget, settings):
    """The same number again and again."""
    assert isinstance(settings, Settings)
    shape = (budget.chains, budget.draws)
    return Prepared(lambda seed: Draws({"m": np.full(shape, settings.size + settings.shift)}))

def gives_nothing(model, budget, settings):
    return None

class Plain:
    pass

class NoKernel(abc.ABC):
    def __init__(self, model, a=1, b=None, c: float = 2, d=prepare, *, e=True, **more):
        pass
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTION)
    return path


def prepare(name, **settings):
    """What a sampler by path prepares on the straight line, two chains of 5 draws."""
    sampler = samplers.get(name)
    return sampler.prepare(
        build("linear", {}), Budget(2, 5, 5), fill(sampler.settings, settings, name)
    )


def test_settings_are_what_the_file_declares(file):
    settings = samplers.get(f"{file}:prepare").settings
    assert {f.name: f.default for f in fields(settings)} == {"size": 3, "shift": 0.0, "word": "a"}
    settings = samplers.get(f"{file}:NoKernel").settings
    assert {f.name: f.default for f in fields(settings)} == {"a": 1, "b": None, "c": 2, "e": True}
    given = fill(settings, {"a": "1.5", "b": "x", "c": "3", "e": "false"}, "it")
    assert (given.a, given.b, given.c, given.e) == (1.5, "x", 3.0, False)


RULES = """
import typing
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from samplerbench import options
from samplerbench.options import POSITIVE, Range
from samplerbench.samplers.base import Draws, Prepared

@dataclass
class Walk:
    step: Annotated[float, POSITIVE] = 0.1
    size: Annotated[int, Range(1, high=5)] = 2
    word: Literal["int", "long"] = "int"
    kind: ClassVar[str]

@dataclass
class Needy:
    step: float
    size: int = 1

def prepare(model, budget, settings: Walk): ...
def needy(model, budget, settings: "Needy"): ...
"""


def test_settings_are_of_the_class_that_the_function_names_with_its_ranges(tmp_path):
    (tmp_path / "mine.py").write_text(RULES)
    settings = samplers.get(f"{tmp_path}/mine.py:prepare").settings
    given = fill(settings, {"step": "1", "size": "5", "word": "long"}, "it")
    assert (given.step, given.size, given.word) == (1.0, 5, "long")
    for name, value in {"step": "0", "size": "6", "word": "wide"}.items():
        with pytest.raises(UsageError, match="does not fit"):
            fill(settings, {name: value}, "it")
    with pytest.raises(UsageError, match="'Needy' in .* has no default for step"):
        samplers.get(f"{tmp_path}/mine.py:needy")


def test_what_the_text_of_an_annotation_does_not_tell_limits_nothing():
    text = "class Settings:\n    a: Annotated[float, Range(low)] = 1.0\n    b: Literal[1, 2] = 1\n"
    settings = file_settings.make_settings(ast.parse(text).body[0], "it")
    assert fill(settings, {"a": "-3", "b": "7"}, "it") == settings(-3.0, 7)


FORMS = """
import functools, os
from samplerbench.samplers.base import Draws, Prepared
def general(model, budget, settings, extra=0): return Prepared(lambda seed: Draws({}))
typed: object = general
one, (two, *rest) = general, [general, general]
if os.name:
    def inside(*arguments): return general(*arguments)
try:
    import no_such_module
except ImportError:
    caught = functools.partial(general, extra=1)
@functools.wraps(general)
def wrapped(*, anything=None): ...
"""


@pytest.mark.parametrize("name", ["general", "typed", "two", "inside", "caught"])
def test_a_sampler_is_whatever_the_file_binds_and_may_be_a_notebooks(tmp_path, name):
    cell = {"cell_type": "code", "source": f"%matplotlib inline\n{FORMS}"}
    (tmp_path / "mine.py").write_text(FORMS)
    (tmp_path / "mine.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    for file in ("mine.py", "mine.ipynb"):
        found, _ = parse_sampler(f"{tmp_path / file}:{name}")
        assert isinstance(prepare(found), Prepared)


def test_a_sampler_of_a_notebook_is_shown_without_its_folder(tmp_path):
    trial = trials.small(sampler=f"{tmp_path}/my file.ipynb:prepare")
    assert trial.sampler_name == "my file.ipynb:prepare"


def test_its_name_and_summary_are_those_in_the_file(file):
    named = [samplers.get(name) for name in (KERNEL, f"{file}:prepare", f"{file}:gives_nothing")]
    assert [one.name for one in named] == ["RandomWalk", "prepare", "gives_nothing"]
    assert named[1].summary == "The same number again and again."
    assert named[2].summary == "from mine.py"


def test_a_class_or_a_function_prepare_is_no_model(file):
    words = ("prepare:size=2", "NoKernel", "gives_nothing", "Draws")
    assert [sampler_file.is_sampler(f"{file}:{word}") for word in words] == [1, 1, 1, 0]
    file.write_text("def program(x, y): ...\n")
    assert not sampler_file.is_sampler(f"{file}:program")


def test_a_function_prepares_with_the_files_own_settings(file):
    draws = prepare(f"{file}:prepare", size="4", shift="0.5").plain(0)
    assert draws.sites["m"].tolist() == [[4.5] * 5] * 2


@pytest.mark.slow
def test_a_kernel_of_ones_own_is_run_by_numpyro_and_compiled_to_the_same_draws():
    model, exact = build("linear", {}), build("linear", {}).exact()
    sampler = samplers.get(KERNEL)
    budget = Budget(chains=1, warmup=500, draws=20_000)
    prepared = sampler.prepare(model, budget, sampler.settings())
    plain, compiled = prepared.plain(0), prepared.compile()
    again = compiled.collect(compiled.sample(compiled.warmup(0)))
    for name, mean, sd in zip(exact.names, exact.mean, exact.sd, strict=True):
        # autocorrelated draws, of which some 300 count: five of their standard errors
        assert abs(plain.sites[name].mean() - mean) < 5 * sd / np.sqrt(300)
        np.testing.assert_allclose(plain.sites[name], again.sites[name], rtol=1e-4)
    assert 0 < again.accept_prob < 1
    assert again.gradients is None and again.likelihoods is None  # its state does not tell


KERNELS = """
from numpyro.infer.mcmc import MCMCKernel
class Words(dict): ...
async def later(model, budget, settings): ...
class Needy(MCMCKernel):
    def __init__(self, program, step, size=1): ...
class Stern(MCMCKernel):
    def __init__(self, program, *, size): ...
class Alone(MCMCKernel):
    def __init__(self): ...
class Fine(MCMCKernel):
    def __init__(self, program, step=1, *, size=2, **others): ...
class Free(MCMCKernel):
    def __init__(self, *arguments, **others): ...
class Fixed(MCMCKernel):
    def __init__(self, program, step=1, scales=(1, 2), how=Fine.__init__): ...
"""
REFUSED = {
    "kernels.py:later": "'later' in .* is a coroutine function",
    "mine.py:prepar": "no name in .*mine.py is called 'prepar'; did you mean 'prepare'",
    "mine.py": "names no sampler\n  expected: path/to/file.py:NAME",
    "other.py:prepare": "there is no file",
    "mine.py:Plain": "'Plain' in .*mine.py is a class without a base",
    "mine.py:prepare:siz=2": "no setting of .*prepare is called 'siz'; did you mean 'size'",
    "mine.py:prepare:size=big": "size='big' does not fit",
    "kernels.py:Free:step=2": "Free' declares no settings, and is given 'step=2'\n  expected: key",
    "bad.py:prepare": r"bad.py can't be read as Python: .*bad.py, line 2",
    "few.py:prepare": "function of 1 arguments",
    "kernels.py:Words": "'Words' in .* is a class on top of dict",
    "kernels.py:Needy": "'Needy' in .* can't be made without step",
    "kernels.py:Stern": "'Stern' in .* can't be made without size",
    "kernels.py:Fixed:scales=3": r"Fixed:scales is \(1, 2\) and can't be set from here",
    "kernels.py:Fixed:how=3": "Fixed:how is Fine.__init__ and can't be set from here",
    "kernels.py:Alone": "'Alone' in .* takes no program",
}


@pytest.mark.parametrize("name", ["Fine", "Free"])
def test_a_kernel_that_can_be_made_of_a_program_is_a_sampler(tmp_path, name):
    (tmp_path / "kernels.py").write_text(KERNELS)
    assert sampler_file.read_item(f"{tmp_path}/kernels.py:{name}").name == name


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_sampler_is_refused_before_anything_is_run(text, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    (file.parent / "bad.py").write_text("\ndef prepare(:\n")
    (file.parent / "few.py").write_text("raise SystemExit\ndef prepare(x): ...\n")
    (file.parent / "kernels.py").write_text(KERNELS)
    with pytest.raises(UsageError, match=REFUSED[text]):
        parse_sampler(text)


@pytest.mark.slow
def test_what_only_running_the_file_shows_is_refused_with_the_place(file):
    with pytest.raises(UsageError, match="'NoKernel' in mine.py is a class on top of ABC"):
        prepare(f"{file}:NoKernel")
    with pytest.raises(UsageError, match="'gives_nothing' in mine.py gives a NoneType"):
        prepare(f"{file}:gives_nothing")
    file.write_text(
        "prepare = lambda model: 1\nnuts = 1\nif not nuts:\n    def later(m, b, s): ...\n"
    )
    with pytest.raises(UsageError, match="'prepare' in mine.py can't be called as prepare is"):
        prepare(f"{file}:prepare")
    with pytest.raises(UsageError, match="'nuts' in mine.py is a int; expected: path"):
        prepare(f"{file}:nuts")
    with pytest.raises(UsageError, match="'later' in mine.py is not there once the file has run"):
        prepare(f"{file}:later")
    file.write_text("import math\n\nimport no_such_module\n\ndef prepare(m, b, s): ...\n")
    cause = "mine.py, line 3: ModuleNotFoundError: No module named 'no_such_module'"
    with pytest.raises(UsageError, match=cause):
        prepare(f"{file}:prepare")


def test_a_file_that_changes_is_another_trial_and_its_folder_is_not_in_the_label(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    plan = Plan(sampler=("mine.py:prepare:size=4",), env=("current",))
    (before,) = expand(plan)
    assert before.sampler == f"{file}:prepare" and before.label == "mine.py:prepare:size=4"
    file.write_text(FUNCTION + "\n# changed\n")
    (after,) = expand(plan)
    assert before.id != after.id
    assert before.sampler_digest != after.sampler_digest == sampler_file.read_digest(after.sampler)


@pytest.mark.slow
def test_a_kernel_with_some_arguments_given_is_a_kernel(tmp_path):
    text = "import functools\nfrom numpyro.infer import NUTS\n"
    (tmp_path / "mine.py").write_text(f"{text}dense = functools.partial(NUTS, dense_mass=True)\n")
    assert prepare(f"{tmp_path}/mine.py:dense").compile


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense", "SA"])
def test_settings_of_a_function_are_not_those_of_a_kernel_beside_it(name, file):
    with open(file, "a") as text:
        text.write("import functools\nfrom numpyro.infer import NUTS, SA\n")
        text.write("dense = functools.partial(NUTS, dense_mass=True)\n")
    assert prepare(f"{file}:{name}").compile
    with pytest.raises(UsageError, match=f"{name!r} in .*'Settings' there holds no settings of it"):
        prepare(f"{file}:{name}", size=4)


@pytest.mark.slow
def test_an_ensemble_is_declined_with_the_samplers_that_run_one(tmp_path):
    text = "from numpyro.infer.mcmc import MCMCKernel\nclass EnsembleSampler(MCMCKernel): ...\n"
    (tmp_path / "mine.py").write_text(f"{text}class Walkers(EnsembleSampler): ...\n")
    with pytest.raises(Declined, match="'Walkers' in mine.py is an ensemble.*numpyro_aies"):
        prepare(f"{tmp_path}/mine.py:Walkers")
