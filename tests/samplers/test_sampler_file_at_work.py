"""Samplers by path at work: a worker runs their files, and their chains."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.support import trials

CONSTANT = """
from dataclasses import dataclass
import numpy as np
from samplerbench.samplers.base import Draws, Prepared

@dataclass(frozen=True)
class Settings:
    size: int = 3

def prepare(model, budget, settings):
    shape = (budget.chains, budget.draws)
    return Prepared(lambda seed: Draws({"m": np.full(shape, settings.size)}))
"""


@pytest.mark.process
def test_a_worker_runs_a_sampler_by_path(tmp_path):
    (tmp_path / "mine.py").write_text(CONSTANT)
    trial = trials.small(sampler=f"{tmp_path}/mine.py:prepare", settings={"size": 7})
    result = trials.run(trial, tmp_path / "scratch")
    assert result.status == "ok", result.reason
    with np.load(tmp_path / "scratch" / "draws.npz") as arrays:
        assert (arrays["replicates/site/m"] == 7).all()


AT_WORK = """
import jax
from pathlib import Path
import numpy as np
from samplerbench.samplers.base import Draws, Prepared
Path("written").write_text("where the command was called")
jax.config.update("jax_enable_x64", True)
def prepare(model, budget, settings):
    import beside
    def run(seed):
        if seed == beside.SEED:
            raise RuntimeError("it did not converge")
        return Draws({name: np.ones((1, budget.draws)) for name in ("m", "c")})
    return Prepared(run)
"""


@pytest.mark.process
def test_a_samplers_file_has_what_python_gives_it_and_an_error_says_where(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "walk.py").write_text(AT_WORK)
    (tmp_path / "mine" / "beside.py").write_text("SEED = 0\n")
    monkeypatch.chdir(tmp_path)
    trial = trials.small(sampler=f"{tmp_path}/mine/walk.py:prepare", seed=0, replicates=5)
    result = trials.run(trial, tmp_path / "scratch")
    assert result.reason == "walk.py, line 12 in run: RuntimeError: it did not converge"
    assert result.precision == 64 and (tmp_path / "written").is_file()


IN_ONE_FILE = """
import numpyro
def program():
    numpyro.sample("m", numpyro.distributions.Normal(0, 1))
def prepare(model, budget, settings):
    return 1 / 0
"""


@pytest.mark.process
def test_an_error_in_the_file_of_both_sampler_and_model_has_its_place_once(tmp_path):
    file = tmp_path / "model_of_mine.py"
    trial = trials.trial_of_file(tmp_path, IN_ONE_FILE, sampler=f"{file}:prepare")
    result = trials.run(trial, tmp_path / "scratch")
    expected = "model_of_mine.py, line 6 in prepare: ZeroDivisionError: division by zero"
    assert result.reason == expected


LOCAL_STATE = """
from collections import namedtuple
from numpyro.infer import NUTS
class Local(NUTS):
    sample_field, default_fields = "nuts.z", ("nuts.z",)
    def __init__(self, model):
        super().__init__(model)
    def init(self, *given, **named):
        return namedtuple("State", "nuts")(super().init(*given, **named))
    def sample(self, state, *data):
        return type(state)(super().sample(state.nuts, *data))
"""
GIBBS = """
import jax
from numpyro.infer import HMCGibbs, NUTS
def draw(rng_key, gibbs_sites, hmc_sites):
    return {"c": jax.random.normal(rng_key)}
class Gibbs(HMCGibbs):
    def __init__(self, model):
        super().__init__(NUTS(model), draw, ["c"])
    def init(self, *given, **named):
        state = super().init(*given, **named)
        self.zero = state.rng_key * 0  # kept, as MixedHMC keeps the sizes of its supports
        return state
    def sample(self, state, *data):
        state = super().sample(state, *data)
        return state._replace(rng_key=state.rng_key + self.zero)
"""


@pytest.mark.process
@pytest.mark.parametrize(("text", "name"), [(LOCAL_STATE, "Local"), (GIBBS, "Gibbs")])
def test_parallel_chains_of_a_kernel_may_keep_what_they_make_as_they_start(tmp_path, text, name):
    (tmp_path / "mine.py").write_text(text)
    trial = trials.small(sampler=f"{tmp_path}/mine.py:{name}", chains=2)
    result = trials.run(trial, tmp_path / "scratch")
    assert (result.status, result.mode) == ("ok", "compiled"), result.reason
    assert result.machine["device_count"] == 2


NO_FIELD = """
from numpyro.infer import NUTS
from numpyro.infer.mcmc import MCMCKernel
class Misspelt(NUTS):
    sample_field = "zz"
class Unnamed(NUTS):
    sample_field = MCMCKernel.sample_field
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "said"),
    [("Misspelt", "sample_field of Misspelt is 'zz'"), ("Unnamed", "Unnamed sets no sample_field")],
)
def test_a_field_that_a_kernels_state_lacks_is_said_to_be_wrong(tmp_path, name, said):
    (tmp_path / "mine.py").write_text(NO_FIELD)
    result = trials.run(trials.small(sampler=f"{tmp_path}/mine.py:{name}"), tmp_path / "scratch")
    assert f"{said}; expected: the field of its state that holds the draw" in result.reason
    assert (", one of i, z, z_grad" in result.reason) == (name == "Misspelt")


BARE_STATE = """
from numpyro.infer import NUTS
class Bare(NUTS):
    def init(self, *given, **named):
        return super().init(*given, **named)._asdict()
"""


@pytest.mark.process
def test_a_state_that_is_no_namedtuple_is_said_to_be_wrong(tmp_path):
    (tmp_path / "mine.py").write_text(BARE_STATE)
    result = trials.run(trials.small(sampler=f"{tmp_path}/mine.py:Bare"), tmp_path / "scratch")
    said = "the state of Bare is a dict; expected: a namedtuple with a field 'z'"
    assert said in result.reason or sys.version_info < (3, 10)
