"""What runs with NumPyro alone runs here: programs as its examples and tutorials hold them."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import samplerbench
from samplerbench.harness import draws_file
from samplerbench.harness.campaign import programs
from samplerbench.harness.records import Result
from samplerbench.harness.scoring.score_trial import score
from samplerbench.harness.worker.inspection import inspect_model
from samplerbench.models.loading.model_names import load_model
from samplerbench.samplers.base import Budget, samplers
from samplerbench.samplers.support import numpyro_mcmc
from samplerbench.samplers.support.data_arguments import keep_constant
from tests.programs.example import EXAMPLES
from tests.support.trials import small

jax = pytest.importorskip("jax")
pytest.importorskip("numpyro")
pytest.importorskip("funsor")  # the enumerated ones
for part in ("regressions", "series", "mixtures"):
    importlib.import_module(f"tests.programs.{part}")
RUN = [name for name, each in EXAMPLES.items() if not each.refusal]
REFUSED = [name for name, each in EXAMPLES.items() if each.refusal]
#: few, as compiling takes seconds: enumeration in a scan, a site without a mark, data lacking
COMPILED = ("enumerated_chain", "unmarked_mixture", "masked_observations")
BUDGET = Budget(chains=1, warmup=50, draws=50)
NUTS_SETTINGS = samplers.get("numpyro_nuts").settings()
pytestmark = [
    pytest.mark.slow,  # each compiles a program
    pytest.mark.usefixtures("compile_fast"),
    pytest.mark.filterwarnings("default"),  # programs may do what NumPyro warns of
]


def load(name, folder):
    """The program with its data, as a worker loads what was handed over in Python."""
    shipped = programs.ship(EXAMPLES[name].program, EXAMPLES[name].data)
    programs.save_programs(folder, [shipped])
    return load_model(str(folder / programs.FOLDER / shipped.model), {})


def run(model, seeds=(0, 1)):
    """Draws of NUTS for each seed, in the compiled mode."""
    prepared = samplers.get("numpyro_nuts").prepare(model, BUDGET, NUTS_SETTINGS)
    compiled = prepared.compile()
    return [compiled.collect(compiled.sample(compiled.warmup(seed))) for seed in seeds]


def run_bare(name):
    from numpyro.infer import MCMC, NUTS

    kernel = NUTS(EXAMPLES[name].program)
    mcmc = MCMC(kernel, num_warmup=50, num_samples=50, progress_bar=False)
    mcmc.run(jax.random.PRNGKey(0), **EXAMPLES[name].data)


@pytest.mark.parametrize("name", RUN)
def test_the_compiled_mode_takes_what_runs_bare(name, tmp_path):
    """Traced, which is where a program can fail; XLA compiles what has been traced.

    By HMC, whose program is smaller than the tree of NUTS and calls the model's the same ways.
    """
    from numpyro.infer import HMC

    model = load(name, tmp_path)
    parameters = [site for site, _ in inspect_model.read_sites(model, name)]
    assert parameters and samplers.get("numpyro_nuts").prepare(model, BUDGET, NUTS_SETTINGS)
    split = keep_constant(model)
    warm, draw = numpyro_mcmc._make_chain(
        lambda: HMC(model.program, num_steps=1), BUDGET, None, split
    )
    sites, _, _ = jax.eval_shape(lambda key: draw(warm(key, {}), {}), jax.random.PRNGKey(0))
    shapes = {site.name: (BUDGET.draws, *site.shape) for site in parameters}
    assert {name: sites[name].shape for name in shapes} == shapes


@pytest.mark.parametrize("name", COMPILED)
def test_a_program_is_run_and_scored(name, tmp_path):
    model = load(name, tmp_path)
    names = [site.name for site, _ in inspect_model.read_sites(model, name)]
    replicates = run(model)
    assert all(np.isfinite(replicates[0].sites[name]).all() for name in names)
    draws_file.save_draws(tmp_path / "draws.npz", {"replicates": replicates})
    trial = small(sampler="numpyro_nuts", replicates=len(replicates))
    scored = score(trial, Result("ok"), tmp_path / "draws.npz", None, "no answer", names)
    assert {parameter.partition("[")[0] for parameter in scored["parameters"]} == set(names)
    assert scored["columns"]["ess"] > 0


@pytest.mark.process
@pytest.mark.parametrize("name", ["unmarked_mixture"])
def test_a_program_goes_from_its_function_to_a_row(name, tmp_path):
    each = EXAMPLES[name]
    with samplerbench.run(
        model=each.program,
        data=each.data,
        sampler="numpyro_nuts",
        warmup=50,
        draws=50,
        replicates=2,
        no_long_run=True,
        out=tmp_path / "c",
    ) as campaign:
        (row,) = campaign.rows()
    assert row["status"] == "ok", row["reason"]
    assert row["warm_s"] > 0


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_does_not_run_bare_either(name, tmp_path):
    with pytest.raises((RuntimeError, ValueError)):
        run_bare(name)
    with pytest.raises(Exception, match=EXAMPLES[name].refusal):
        run(load(name, tmp_path))
