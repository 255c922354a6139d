"""What a program observes where it is given, and samples where its data lack it."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from samplerbench.harness.records import Result
from samplerbench.harness.worker import start_up
from samplerbench.harness.worker.missing_observations import find_missing_observations
from samplerbench.models.base import Model
from samplerbench.models.loading.model_names import load_model
from tests.support.trials import trial_of_file

pytestmark = pytest.mark.slow
numpyro = pytest.importorskip("numpyro")
Normal = numpyro.distributions.Normal
X = np.linspace(0.0, 1.0, 5)


def line(x, y=None, sigma=None, link=None, start=None):
    """A line whose outcome may lack, with other parameters that may."""
    a = numpyro.sample("a", Normal(0, 1).expand([2]).to_event(1))
    sigma = numpyro.sample("sigma", Normal(1, 0.1)) if sigma is None else sigma
    mean = link(a[0] + a[1] * x) if link else a[0] + a[1] * x
    numpyro.sample("outcome", Normal(mean, sigma), obs=y)


def scaled(x, y=None):
    """A line that counts and scales what it is given."""
    y = None if y is None else y.reshape(x.shape[0]) / 2
    numpyro.sample("y", Normal(x, numpyro.sample("s", Normal(1, 0.1))), obs=y)


#: kind -> program, data, the parameters that it would observe
KINDS = {
    "a function": (line, {"x": X}, ["y"]),
    "all given": (line, {"x": X, "y": X}, []),
    "a wrapped one": (numpyro.handlers.reparam(line, config={}), {"x": X}, ["y"]),
    "a partial one": (functools.partial(line, X), {}, ["y"]),
    "a partial one with the outcome": (functools.partial(line, X, y=X), {}, []),
    "a lambda": (lambda y=None: scaled(X, y), {}, ["y"]),
    "a method": (SimpleNamespace(f=scaled).f, {"x": X}, ["y"]),
    "a parameter fixed": (
        lambda a=None: numpyro.sample("b", Normal(0, 1), obs=a),
        {"a": 1.0},
        [],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_program_would_observe_is_found_whatever_kind_of_program_it_is(kind):
    program, data, names = KINDS[kind]
    assert find_missing_observations(Model("program", data, program)) == names


@pytest.mark.parametrize("name", ["line", "fit.line", "changed"])
@pytest.mark.parametrize(("given", "words"), [("x=1.0", ["`y` is"]), ("x=1.0, y=2.0", [])])
def test_a_row_says_so_where_data_lack_what_its_program_observes(name, given, words, tmp_path):
    text = f"""
import types, numpyro, numpyro.distributions as dist
def line(x, y=None): numpyro.sample("y", dist.Normal(x, 1), obs=y)
fit, changed = types.SimpleNamespace(line=line), numpyro.handlers.reparam(line, config={{}})
data = dict({given})
"""
    trial = trial_of_file(tmp_path, text, name)
    result = Result("ok")
    start_up.check_program(trial, load_model(trial.model, {}), result)
    assert [warning[: len("`y` is")] for warning in result.warnings] == words
