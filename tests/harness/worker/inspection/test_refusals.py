"""What a user's file does when it is loaded: refused with what to do next, or set right."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from samplerbench.harness.records import Job
from samplerbench.harness.worker.inspection import inspect_model, tracing_advice
from samplerbench.harness.worker.inspection.inspect_model import load
from samplerbench.harness.worker.inspection.summed_sites import refuse_unsummed
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import Latent
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


@pytest.mark.parametrize(
    "line",
    ["from numpy import newer", "import numpy.newer", "import numpy; numpy.newer", "import newer"],
)
def test_a_file_that_asks_a_package_for_what_its_release_lacks_is_told_its_release(line, tmp_path):
    (tmp_path / "mine.py").write_text(f"{line}\ndef model(): pass\n")
    trial = small(model=f"{tmp_path / 'mine.py'}:model", environment="pinned")
    with pytest.raises(UnfitModel, match="mine.py, line 1: ") as refused:
        load(Job(trial, str(tmp_path), time.monotonic()))
    advice = f"next: numpy is {np.__version__} there, and another release may have it: --env latest"
    assert (advice in str(refused.value)) == ("numpy" in line)
    assert ("--with newer" in str(refused.value)) == ("numpy" not in line)


TRACED = """
import numpy as np, numpyro, numpyro.distributions as dist
def model():
    m = numpyro.sample("m", dist.Normal(0, 1))
    numpyro.factor("f", {})
"""


@pytest.mark.slow  # traces programs
@pytest.mark.parametrize(
    ("factor", "advice"),
    [
        ("m if m > 0 else -m", "jnp.where or jax.lax.cond in place of `if`"),
        ("np.exp(m)", "jax.numpy in place of numpy"),
        ("float(m)", r"jnp.asarray in place of float\(\)"),
        ("[1.0, 2.0][m.astype(int)]", "sizes and indices of lists that depend on no parameter"),
    ],
)
def test_what_can_not_be_traced_is_told_with_what_can(factor, advice, tmp_path):
    pytest.importorskip("numpyro")
    (tmp_path / "mine.py").write_text(TRACED.format(factor))
    trial = small(model=f"{tmp_path / 'mine.py'}:model", environment="current")
    model = load(Job(trial, str(tmp_path), time.monotonic()))
    with pytest.raises(UnfitModel, match=f"next: {advice}"):
        inspect_model.read_sites(model, trial.model)


LOOP = """
import numpy as np, numpyro, numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
data = {"y": np.array([1.0, 2.0, 3.0])}
def model(y):
    s = numpyro.sample("s", dist.HalfNormal(1))
    def step(level, t):
        return numpyro.sample("y", dist.Normal(level, s)), None
    with numpyro.handlers.condition(data={"y": y}):
        scan(step, 0.0, np.arange(3))
"""
GROUPS = """
import numpy as np, numpyro, numpyro.distributions as dist
data = {"y": np.array([1.0, 2.0, 3.0]), "group": np.array([0, 1, 1]), "size": 2}
def model(y, group, size):
    with numpyro.plate("groups", size):
        m = numpyro.sample("m", dist.Normal(0, 1))
    with numpyro.plate("rows", len(y)) as i:
        numpyro.sample("y", dist.Normal(m[group[i]], 1), obs=y)
"""
SPHERE = """
import numpy as np, numpyro, numpyro.distributions as dist
def model():
    numpyro.sample("m", dist.ProjectedNormal(np.zeros(3)))
"""
UNPLATED = """
import numpy as np, numpyro, numpyro.distributions as dist
data = {"y": np.array([1.0, 2.0, 3.0])}
def model(y):
    m = numpyro.sample("m", dist.Normal(np.array([-1.0, 1.0]), 1).to_event(1))
    z = numpyro.sample("z", dist.Bernoulli(0.5).expand([3]))
    numpyro.sample("y", dist.Normal(m[z], 1), obs=y)
"""
NOTHING = """
import numpyro, numpyro.distributions as dist
def model(x=None, y=None):
    numpyro.sample("y", dist.Normal(numpyro.sample("m", dist.Normal(0, 1)), len(x)), obs=y)
"""
BY_POSITION = """
import numpyro, numpyro.distributions as dist
def model(*data):
    x, y = data
"""
FAR = """
import jax
x = jax.device_put(3.0, jax.devices("far")[0])
def model():
    pass
"""


@pytest.mark.slow  # traces
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LOOP, "next: .*jnp.asarray of what a plate or a loop reads at its index, as data in nump"),
        (GROUPS, r"; NumPy arrays here: y, group; y = jnp.asarray\(y\), in the program"),
        (SPHERE, r"ProjectedNormalReparam(.|\n)*expected: priors whose support NumPyro maps"),
        (UNPLATED, r"Missing a plate .* 'z'(.|\n)*'z' of 'model' can't be summed out"),
        (NOTHING, r"next: x, y: None, since no data were handed over for it; --data FILE"),
        (BY_POSITION, "next: data are handed over by name, and it takes them by position"),
        (FAR, "next: leave out what chooses a device, as numpyro.set_platform: --device does"),
    ],
)
def test_what_can_not_be_formed_is_told_with_what_can(text, words, tmp_path):
    pytest.importorskip("numpyro")
    (tmp_path / "mine.py").write_text(text)
    trial = small(model=f"{tmp_path / 'mine.py'}:model", environment="current")
    with pytest.raises(UnfitModel, match=words):
        inspect_model.read_sites(load(Job(trial, str(tmp_path), time.monotonic())), trial.model)


SUMMED = """
import numpy as np, numpyro, numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
data = {"y": np.array([1.0, 2.0, 3.0])}
def plate(y):
    m = numpyro.sample("m", dist.Normal(np.array([-1.0, 1.0]), 1).to_event(1))
    with numpyro.plate("rows", 3):
        z = numpyro.sample("z", dist.Bernoulli(0.5))
        numpyro.sample("y", dist.Normal(m[z], 1), obs=y)
def chain(y):
    p = numpyro.sample("p", dist.Beta(np.ones(2), 1).to_event(1))
    def step(z, y):
        z = numpyro.sample("z", dist.Bernoulli(p[z]), infer={"enumerate": "parallel"})
        return z, numpyro.sample("y", dist.Normal(z, 1), obs=y)
    scan(step, 0, y)
"""


@pytest.mark.slow  # traces
@pytest.mark.parametrize(("program", "parameter"), [("plate", "m"), ("chain", "p")])
def test_discrete_sites_that_can_be_summed_out_are_none_of_the_parameters(
    program, parameter, tmp_path
):
    pytest.importorskip("numpyro")
    (tmp_path / "mine.py").write_text(SUMMED)
    trial = small(model=f"{tmp_path / 'mine.py'}:{program}", environment="current")
    sites = inspect_model.read_sites(load(Job(trial, str(tmp_path), time.monotonic())), trial.model)
    assert [(site.name, kind) for site, kind in sites] == [(parameter, "continuous")]


def test_a_discrete_site_that_can_not_be_summed_out_is_left_to_the_samplers():
    pytest.importorskip("numpyro")
    count = Latent("n", (), discrete=True, improper=False)
    rate = Latent("m", (), discrete=False, improper=False)
    refuse_unsummed(Model("model", {}, lambda: 1 / 0), [rate, count], str)


@pytest.mark.parametrize("place", [".", "src"])
def test_a_module_of_the_users_own_is_told_where_it_lies_not_to_be_installed(place, tmp_path):
    package = tmp_path / place / "near_by"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    file = notebooks / "mine.py"
    file.write_text("import near_by, far_off\ndef model(): pass\n")
    trial = small(model=f"{file}:model", environment="pinned")
    with pytest.raises(UnfitModel) as refused:
        load(Job(trial, str(tmp_path), time.monotonic()))
    folder = str(package.parent)
    told = f"next: near_by is in {folder}; at the top of the file: import sys; sys.path.insert(0, "
    assert f"{told}{folder!r}); --with far_off installs it" in str(refused.value)


def test_an_error_of_shapes_is_none_of_support():
    error = ValueError("Incompatible shapes for broadcasting: (3,) and (2,)")
    model = Model("model", {}, lambda: None)
    assert "shapes fit" in tracing_advice.expect_density(error, model)
    assert tracing_advice.advise_tracing(error, {"x": np.ones(2), "n": 2}) == ""


def test_words_that_a_program_can_not_take_are_told_how_to_be_numbered():
    words = ["a", "b"]
    ragged = [np.ones((2, 2)), np.ones((2, 3))]
    data = {"x": np.ones(2), "g": np.array(words, object), "h": np.array(words), "i": words}
    for others in ({}, {"r": ragged, "e": [], "n": None, "w": "a word", "k": np.array([], "U1")}):
        advice = tracing_advice.advise_tracing(IndexError("not supported"), {**others, **data})
        assert advice.startswith("g, h, i: words; numpy.unique(g, return_inverse=True)[1] numbers")
        assert advice.endswith("--codes g h i")


def test_series_that_jax_can_not_trace_are_named():
    import jax
    import pandas

    x = pandas.Series([1.0, 2.0])
    with pytest.raises(jax.errors.TracerArrayConversionError) as error:
        jax.eval_shape(lambda a: a * x, 1.0)
    advice = tracing_advice.advise_tracing(error.value, {"x": x, "y": x.to_numpy()})
    assert advice.startswith("x: pandas Series") and ".to_numpy()" in advice
    wide = x.convert_dtypes()
    with pytest.raises(TypeError) as error:
        jax.eval_shape(lambda a: a * wide, 1.0)
    assert "x: pandas Series" in tracing_advice.advise_tracing(error.value, {"x": wide})


def test_lists_that_are_no_operands_are_told_how_to_be_arrays():
    import jax

    with pytest.raises(TypeError) as error:
        jax.eval_shape(lambda a: a * [1.0, 2.0], 1.0)
    advice = tracing_advice.advise_tracing(error.value, {"x": [1.0, 2.0], "n": 2})
    assert advice == "x: list, no array; numpy.asarray(x) makes one"
    assert tracing_advice.advise_tracing(ValueError("other"), {"x": [1.0, 2.0]}) == ""


DEBUGGED = """
import jax, numpyro, numpyro.distributions as dist
jax.config.update("jax_debug_nans", True)
def model():
    m, s = numpyro.sample("m", dist.Normal(0, 1)), numpyro.sample("s", dist.HalfNormal(1))
    numpyro.sample("y", dist.Normal(m, s).expand([2]), obs=jax.numpy.array([1.0, 2.0]))
"""


@pytest.mark.slow  # compiles a density
def test_a_file_that_makes_errors_of_nan_is_answered_by_quadrature_all_the_same(tmp_path):
    jax = pytest.importorskip("jax")
    pytest.importorskip("numpyro")
    (tmp_path / "mine.py").write_text(DEBUGGED)
    model = f"{tmp_path / 'mine.py'}:model"
    trial = small(model=model, environment="current", precision=64)  # as inspections are
    x64 = jax.config.jax_enable_x64
    try:
        result = inspect_model._inspect(Job(trial, str(tmp_path), time.monotonic()))
    finally:
        jax.config.update("jax_enable_x64", x64)
        jax.config.update("jax_debug_nans", False)
    assert result.status == "ok"
    with np.load(tmp_path / "draws.npz") as answer:
        assert json.loads(str(answer["facts"]))["why"] == ""
        assert str(answer["source"]) == "quadrature" and np.isfinite(answer["mean"]).all()
