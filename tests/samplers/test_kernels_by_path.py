"""Kernels that a function of one's own file makes of the program, and those that take a kernel."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Declined, samplers
from samplerbench.samplers.loading import sampler_file
from samplerbench.samplers.support import kernels_by_path
from tests.support.paths import EXAMPLES

KERNELS = '''
import functools
from numpyro.infer import HMCECS, NUTS, DiscreteHMCGibbs
from numpyro.infer import DiscreteHMCGibbs as Imported

def subsample(program, size: int = 20, *, num_blocks=4):
    """A part of the data at a time."""
    return HMCECS(NUTS(functools.partial(program, size=size)), num_blocks=num_blocks)

def take_all(program):
    return HMCECS(NUTS(program))

def discrete(program, modified=True):
    return DiscreteHMCGibbs(NUTS(program), modified=modified)

def number(program):
    return 3

def program(x):
    print(x)

def needs_more(program, size):
    return NUTS(program)

blocks = functools.partial(HMCECS, num_blocks=4)
'''


@pytest.fixture
def name(tmp_path):
    (tmp_path / "mine.py").write_text(KERNELS)
    return f"{tmp_path}/mine.py"


def test_settings_of_a_function_that_makes_a_kernel_are_its_arguments(name):
    sampler = samplers.get(f"{name}:subsample")
    assert sampler.settings() == sampler.settings(size=20, num_blocks=4)
    assert sampler.summary == "A part of the data at a time." and sampler.family == "numpyro"


def test_a_function_of_a_program_that_makes_a_kernel_is_no_model(name):
    assert sampler_file.is_sampler(f"{name}:discrete:modified=False")
    assert not sampler_file.is_sampler(f"{name}:program")


@pytest.mark.parametrize("function", ["program", "needs_more"])
def test_a_model_and_a_function_that_needs_more_than_the_program_are_refused_unrun(name, function):
    with pytest.raises(UsageError, match=r"(?s)is a function of . arguments.*that makes a kernel"):
        samplers.get(f"{name}:{function}")


def test_a_class_that_takes_another_kernel_is_told_what_makes_it_of_the_program():
    class Outer:
        def __init__(self, inner_kernel, *, steps=1):
            pass

    words = r"'Mine' is Outer, which takes a kernel.*\n.*return Outer\(NUTS\(program\)\)"
    with pytest.raises(UsageError, match=words):
        kernels_by_path.refuse_inner_kernel(Outer, "'Mine'")


def observe(y, size=None):
    """A mean of many observations, of which NumPyro takes ``size`` where that is given."""
    import numpyro
    from numpyro.distributions import Normal

    mean = numpyro.sample("mean", Normal(0.0, 1.0))
    with numpyro.plate("rows", len(y), subsample_size=size):
        batch = numpyro.subsample(y, event_dim=0)
        numpyro.sample("y", Normal(mean, 1.0), obs=batch)


def mix(y):
    import numpyro
    from numpyro.distributions import Bernoulli, Normal

    mean = numpyro.sample("mean", Normal(0.0, 1.0))
    with numpyro.plate("rows", len(y)):
        which = numpyro.sample("which", Bernoulli(0.5))
        numpyro.sample("y", Normal(mean + 3.0 * which, 1.0), obs=y)


def prepare(name, program):
    pytest.importorskip("numpyro")
    sampler = samplers.get(name)
    data = {"y": np.linspace(-1.0, 1.0, 60)}
    model = Model(program.__name__, data, program)
    return sampler.prepare(model, Budget(1, 50, 40), sampler.settings())


@pytest.mark.slow
def test_a_function_makes_a_kernel_that_takes_a_part_of_the_data(name):
    prepared = prepare(f"{name}:subsample", observe)
    plain, compiled = prepared.plain(1), prepared.compile()
    draws = compiled.collect(compiled.sample(compiled.warmup(1)))
    assert plain.sites.keys() == draws.sites.keys() == {"mean"}
    assert draws.sites["mean"].shape == (1, 40) and np.ptp(draws.sites["mean"]) > 0
    assert draws.gradients is None and draws.likelihoods is None  # which its state does not tell


@pytest.mark.slow
def test_a_function_makes_a_kernel_that_moves_discrete_sites(name):
    draws = prepare(f"{name}:discrete", mix).plain(1)
    assert {name: x.shape for name, x in draws.sites.items()} == {
        "mean": (1, 40),
        "which": (1, 40, 60),
    }


@pytest.mark.slow
def test_the_example_makes_kernels_of_kernels():
    example = EXAMPLES / "kernels_of_kernels.py"
    assert prepare(f"{example}:gibbs", mix).compile
    sampler = samplers.get(f"{example}:subsample")
    model = Model("observe", {"y": np.zeros(200)}, observe)
    assert sampler.prepare(model, Budget(1, 5, 5), sampler.settings()).compile


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        ("discrete", Declined, "'observe' has no discrete site for DiscreteHMCGibbs to move"),
        ("take_all", Declined, "no plate of 'observe' takes a part of the data.*subsample_size"),
        ("number", UsageError, "'number' in mine.py gives an object on top of int"),
        ("Imported", UsageError, "takes a kernel and no program\n.*DiscreteHMCGibbs.NUTS.program"),
        ("blocks", UsageError, "'blocks' in mine.py is HMCECS, which takes a kernel"),
    ],
)
def test_what_makes_no_kernel_of_this_program_says_what_to_do(name, function, error, words):
    with pytest.raises(error, match=words):
        prepare(f"{name}:{function}", observe)
