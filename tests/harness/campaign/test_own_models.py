"""A model of one's own, from its file to a verdict, and what is refused before anything is run."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import inspection
from samplerbench.harness.campaign.inspection import inspect_models
from samplerbench.harness.campaign.model_data import use_stored
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.ground_truth import select
from samplerbench.harness.launcher import launch
from samplerbench.harness.scoring.score_trial import VERSION
from samplerbench.models.base import build
from samplerbench.models.loading import data_files, model_names
from samplerbench.reports import report
from tests.support.trials import COMMAND, INDEXED, trial_of_file

LINE = """
import numpyro, numpyro.distributions as dist
def line(x, y, error):
    m = numpyro.sample("m", dist.Uniform(-5, 5))
    c = numpyro.sample("c", dist.Uniform(-10, 10))
    numpyro.sample("y", dist.Normal(m * x + c, error).to_event(1), obs=y)
"""
SIMPLEX = """
import jax.numpy as jnp, numpy as np, numpyro, numpyro.distributions as dist
data = {"counts": np.array([3, 5, 2])}
def simplex(counts):
    p = numpyro.sample("p", dist.Dirichlet(jnp.ones(3)))
    numpyro.deterministic("odds", p / (1 - p))
    numpyro.sample("counts", dist.Multinomial(10, p), obs=counts)
"""
#: a prior alone, of every kind of parameter, so that NumPy can draw from the answer
KINDS = """
import jax.numpy as jnp, numpyro, numpyro.distributions as dist
def kinds():
    numpyro.sample("b", dist.Normal(jnp.array([0.0, 5.0]), 2.0).to_event(1))
    numpyro.sample("W", dist.Normal(0, 1).expand([2, 2]).to_event(2))
    s = numpyro.sample("s", dist.Gamma(3.0, 1.0))
    numpyro.sample("p", dist.Dirichlet(jnp.array([4.0, 6.0, 3.0])))
    numpyro.sample("L", dist.LKJCholesky(2, 1.0))
    numpyro.deterministic("v", s ** 2)
"""
#: with as few draws as do: a trial with NUTS is mostly compiling
QUICK = {"samplers": ["numpyro_nuts"], "env": "current", "warmup": 200, "draws": 400}


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """The linear model's program and data as a user's files, judged."""
    folder = tmp_path_factory.mktemp("line")
    (folder / "mine.py").write_text(LINE)
    np.savez(folder / "line.npz", **build("linear", {}).data)
    with samplerbench.run(
        model=f"{folder / 'mine.py'}:line",
        data=folder / "line.npz",
        out=folder / "c",
        replicates=16,
        **QUICK,
    ) as campaign:
        yield campaign


@pytest.mark.process
def test_quadrature_finds_the_linear_models_exact_answer_to_its_stated_error(line):
    exact, answer = build("linear", {}).exact(), line.exact(line.store.trials()[0])
    assert answer.source == "quadrature" and answer.names == exact.names
    # the exact one is good to twelve digits
    assert (np.abs(answer.mean - exact.mean) <= answer.mean_se + 1e-11).all()
    assert (np.abs(answer.sd - exact.sd) <= answer.sd_se + 1e-11).all()
    assert answer.log_evidence == pytest.approx(exact.log_evidence, abs=1e-8)
    assert (answer.mean_se < 1e-6 * exact.sd).all()
    np.testing.assert_allclose(answer.covariance, exact.covariance, atol=1e-8)
    # 12 boxes of 8 nodes across a marginal, nowhere more than 0.08 sd apart: half of that
    p = np.array([0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
    np.testing.assert_allclose(
        answer.quantile(p) / exact.sd, exact.quantile(p) / exact.sd, atol=0.04
    )
    bank = answer.draw(np.random.default_rng(1), 10_000)["m"]
    assert abs(bank.mean() - exact.mean[0]) < 5 * exact.sd[0] / 100


@pytest.mark.process
def test_a_program_in_a_file_gets_a_verdict_by_quadrature(line):
    (row,) = line.rows()
    assert (row["status"], row["verdict"], row["answer"]) == ("ok", "undecided", "quadrature")
    assert row["realised_ess"] > 20
    text = report.render(line, report.ReportOptions())
    assert "accuracy is measured against quadrature" in text


FLAT = """
import numpyro, numpyro.distributions as dist
def flat():
    numpyro.sample("b", dist.ImproperUniform(dist.constraints.real, (), ()))
"""


@pytest.mark.process
def test_a_row_without_an_answer_says_where_its_posterior_may_be_improper(tmp_path):
    (tmp_path / "flat.py").write_text(FLAT)
    budget = {"replicates": 8, "warmup": 50, "draws": 50, "no_long_run": True}
    with samplerbench.run(
        model=f"{tmp_path / 'flat.py'}:flat",
        sampler="numpyro_nuts",
        env="current",
        out=tmp_path / "c",
        **budget,
    ) as campaign:
        (row,) = campaign.rows()
        page = report.render(campaign, report.ReportOptions("html"))
    assert (row["status"], row["verdict"]) == ("ok", "no exact answer"), row["reason"]
    assert re.fullmatch(
        "draws (overflow|wander|overflow or wander) in 8 of 8 runs: the posterior may be improper,"
        " as the prior of 'b' is; give it bounds, or a prior that integrates to one",
        row["verdict_reason"],
    )
    assert "in 8 of 8 runs" in page  # drawn without a warning, which would be an error here


@pytest.mark.process
def test_a_finished_campaign_needs_neither_the_file_nor_its_data(line):
    with samplerbench.load(line.folder) as again:
        assert again.exact(again.store.trials()[0]).source == "quadrature"


@pytest.mark.process
def test_a_simplex_of_two_free_parameters_is_a_dirichlet(tmp_path):
    trial = replace(trial_of_file(tmp_path, SIMPLEX, "simplex"), precision=64)
    result = launch(trial, sys.executable, tmp_path / "s", 120, task="inspection.inspect_model")
    assert result.status == "ok", result.reason
    path = select.inspection_path(tmp_path, trial)
    path.parent.mkdir()
    (tmp_path / "s" / "draws.npz").rename(path)
    answer, _ = select.find_ground_truth(tmp_path, trial)
    assert answer.names == ("p[0]", "p[1]", "p[2]")
    np.testing.assert_allclose(answer.mean, np.array([4, 6, 3]) / 13, atol=1e-9)
    # 10! / (3! 5! 2!) B(4, 6, 3) / B(1, 1, 1) = 10! 2! / 12!
    assert answer.log_evidence == pytest.approx(-np.log(66), abs=1e-8)


def reference_draws(count: int) -> dict[str, np.ndarray]:
    """Independent draws of KINDS; for two dimensions LKJ(1) is uniform in the correlation."""
    rng = np.random.default_rng(8)
    r, s = rng.uniform(-1, 1, count), rng.gamma(3.0, 1.0, count)
    factor = np.zeros((count, 2, 2))
    factor[:, 0, 0], factor[:, 1, 0], factor[:, 1, 1] = 1.0, r, np.sqrt(1 - r**2)
    return {
        "b": rng.normal([0.0, 5.0], 2.0, (count, 2)),
        "W": rng.normal(size=(count, 2, 2)),
        "s": s,
        "p": rng.dirichlet([4.0, 6.0, 3.0], count),
        "L": factor,
        "v": s**2,  # not a latent site: left out
    }


@pytest.mark.process
def test_every_kind_of_parameter_goes_through_to_a_verdict_and_a_page(tmp_path):
    (tmp_path / "mine.py").write_text(KINDS)
    np.savez(tmp_path / "r.npz", **reference_draws(20_000))
    model = f"{tmp_path / 'mine.py'}:kinds"
    with samplerbench.run(
        model=model,
        reference=tmp_path / "r.npz",
        out=tmp_path / "c",
        replicates=16,
        **{**QUICK, "draws": 1000},
    ) as campaign:
        (row,) = campaign.rows()
        assert row["status"] == "ok", row["reason"]
        assert row["answer"] == "reference draws (r.npz)"
        assert row["verdict"] == "undecided", row["verdict_reason"]
        scored = campaign.store.scores(VERSION)[row["trial"]]["parameters"]
        assert list(scored) == [
            "b[0]",
            "b[1]",
            "W[0,0]",
            "W[0,1]",
            "W[1,0]",
            "W[1,1]",
            "s",
            "p[0]",
            "p[1]",
            "p[2]",
            "L[1,0]",
            "L[1,1]",
        ]
        (tmp_path / "r.npz").unlink()  # the campaign has a copy
        text = report.render(campaign, report.ReportOptions("csv", by_parameter=True))
        assert "W[1,0]" in text and "r.npz" in text
        page = report.render(campaign, report.ReportOptions("html"))
        assert "accuracy is measured against reference draws (r.npz)" in page


# -- refusals --------------------------------------------------------------------------------------

PLAIN = "def program(x, y, scale=1.0): ...\n"
REFUSED = {
    "a file that does not import": (
        {"mine.py": "import math\n\nx = math.nothing\ndef program(): ...\n"},
        "--model mine.py:program",
        ("mine.py, line 3: AttributeError: module 'math' has no attribute", "Python can import"),
    ),
    "a helper that does not import": (
        {"mine.py": "import near\ndef program(): ...\n", "near.py": "\nimport nowhere_at_all\n"},
        "--model mine.py:program",
        (
            "near.py, line 2: ModuleNotFoundError: No module named 'nowhere_at_all'",
            "next: uv pip install nowhere_at_all there",  # in `current`
        ),
    ),
    "a script that ends itself": (
        {"mine.py": "import sys\ndef program(): ...\nsys.exit('no data')\n"},
        "--model mine.py:program",
        ("mine.py ended itself while it was run: SystemExit: no data",),
    ),
    "a thing that is no model": (
        {"mine.py": "program = 3\n"},
        "--model mine.py:program",
        ("'program' in", "is of type int", "expected: a NumPyro program"),
    ),
    "data that lack something": (
        {"mine.py": f"data = {{'x': 1.0, 'z': 2.0}}\n{PLAIN}"},
        "--model mine.py:program",
        ("do not fit program(x, y, scale): missing: y; not taken: z", "the data hold: x, z"),
    ),
    "data of another type": (
        {"mine.py": f"data = [1, 2]\n{PLAIN}"},
        "--model mine.py:program",
        ("'data' in", "is of type list"),
    ),
    "columns that do not fit": (
        {"mine.py": PLAIN, "d.csv": "x,z\n1,2\n"},
        "--model mine.py:program --data d.csv",
        ("missing: y; not taken: z",),
    ),
    "a column of words": (
        {"mine.py": PLAIN, "d.csv": "x,y\n1,2\n2,foo\n"},
        "--model mine.py:program --data d.csv",
        ("'foo' in row 3 of column 'y' is no number", "--codes y makes integers"),
    ),
    "a ragged table": (
        {"mine.py": PLAIN, "d.csv": "x,y\n1,2\n2\n"},
        "--model mine.py:program --data d.csv",
        ("row 3 has 1 cells, the header 2",),
    ),
    "no archive": (
        {"mine.py": PLAIN, "d.npz": "hello"},
        "--model mine.py:program --data d.npz",
        ("it is no .npz file",),
    ),
    "another kind of file": (
        {"mine.py": PLAIN, "d.pdf": "1"},
        "--model mine.py:program --data d.pdf",
        ("is of no kind that can be read", "expected: one of .npz, .csv, "),
    ),
    "data for a registered model": (
        {"d.csv": "x\n1\n"},
        "--model linear --data d.csv",
        ("model 'linear' has data of its own",),
    ),
    "data for a model that is not there": (
        {"d.csv": "x\n1\n"},
        "--model lineer --data d.csv",
        ("no model is called 'lineer'; did you mean 'linear'?",),
    ),
    "a reference for an exact answer": (
        {"r.csv": "m\n1\n"},
        "--model linear --reference r.csv",
        ("model 'linear' has an exact answer, which a reference can't better",),
    ),
    "deterministic sites of an exact answer": (
        {},
        "--model linear --deterministic m",
        ("model 'linear' comes with an answer, which says what is judged; m was asked for",),
    ),
    "a deterministic site that is none": (
        {
            "mine.py": "import numpyro\nfrom numpyro.distributions import Normal\n"
            "def one(): numpyro.deterministic('twice', 2 * numpyro.sample('x', Normal(0, 1)))\n"
        },
        "--model mine.py:one --deterministic twise",
        ("no site among the deterministic ones of 'one' is called 'twise'; did you mean 'twice'?",),
    ),
    "a reference for two models": (
        {"r.csv": "m\n1\n"},
        "--model linear linear:n_points=4 --reference r.csv",
        ("is the answer of one model; 2 are named",),
    ),
    "run() in the file itself": (
        {"mine.py": "import samplerbench\nsamplerbench.run()\ndef program(): ...\n"},
        "--model mine.py:program",
        ("if __name__ == '__main__'",),
    ),
}


@pytest.mark.process
@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_run_is_refused_and_nothing_is_left_behind(case, tmp_path):
    given, arguments, words = REFUSED[case]
    for name, text in given.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [COMMAND, "run", *arguments.split(), "--sampler", "exact_iid", "--env", "current"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == set(given)


#: what only tracing shows; one process each, and each starts JAX
UNFIT = """
import jax.numpy as jnp, numpyro, numpyro.distributions as dist

def only_discrete():
    numpyro.sample("k", dist.Poisson(3.0))

def none():
    numpyro.sample("x", dist.Normal(0.0, 1.0), obs=1.0)

def raises():
    jnp.zeros(3) @ jnp.zeros(4)

def shapes():
    x = numpyro.sample("x", dist.Normal(jnp.zeros(3), 1.0).to_event(1))
    numpyro.sample("y", dist.Normal(x, 1.0).to_event(1), obs=jnp.zeros(4))
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("only_discrete", "model 'only_discrete' has discrete parameters only: k"),
        ("none", "model 'none' has no latent site\n  expected: at least one numpyro.sample"),
        ("raises", "model_of_mine.py, line 11 in raises: TypeError: dot_general"),
        ("shapes", "ValueError: Model and guide shapes disagree at site: 'y'"),
    ],
)
def test_a_program_that_can_not_be_sampled_is_refused(name, words, tmp_path):
    trial = trial_of_file(tmp_path, UNFIT, name)
    with pytest.raises(UsageError) as refused:
        samplerbench.run(model=trial.model, out=tmp_path / "c", replicates=2, **QUICK)
    assert words in str(refused.value)
    assert not (tmp_path / "c").exists()


#: data of `jax.random`, other numbers in 64 bits than in 32; `mixed` fails where its file ran in 32
RANDOM = """
import jax, jax.numpy as jnp, numpyro, numpyro.distributions as dist
y, start = jax.random.normal(jax.random.PRNGKey(3), (4,)), jnp.zeros(())

def model():
    m = numpyro.sample("m", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(m, 1.0), obs=y)

def mixed():
    m = numpyro.sample("m", dist.Normal(0.0, 1.0))
    numpyro.factor("f", -jax.lax.fori_loop(0, 2, lambda i, sum: sum + m**2, start))
"""


def inspect(folder, trial):
    """The answer that an inspection of the trial's model gives."""
    with closing(Store.create(folder)) as store:
        inspect_models(store, [trial], 60)
        return select.find_ground_truth(store.folder, trial)[0]


@pytest.mark.process
def test_a_file_that_takes_a_trials_time_to_load_is_refused_before_any_trial(
    tmp_path, monkeypatch, capsys
):
    trial = trial_of_file(tmp_path, "import time; time.sleep(60)\ndef model(): ...", "model")
    with closing(Store.create(tmp_path / "c")) as store:
        trial = replace(trial, environment="current")
        with pytest.raises(UsageError, match="model is not loaded after 4 s\n.*\n  next: .*main"):
            inspect_models(store, [trial], 4)
        monkeypatch.setattr(inspection, "LONGEST_S", 4)
        inspect_models(store, [trial], 5)
    assert "is not loaded after 4 s, which each process" in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.parametrize("bits", [32, 64])
def test_an_answer_is_of_the_data_that_a_file_makes_in_the_bits_of_its_trials(
    bits, tmp_path, monkeypatch, capsys
):
    jax = pytest.importorskip("jax")
    monkeypatch.setattr(inspection, "SLOW_LOAD_S", 0.0 if bits == 32 else np.inf)
    trial = replace(trial_of_file(tmp_path, RANDOM, "model"), precision=bits, environment="current")
    answer = inspect(tmp_path / "c", trial)
    assert ("to load, in each process anew" in capsys.readouterr().err) == (bits == 32)
    kind = np.dtype(f"float{bits}")
    with jax.experimental.enable_x64(bits == 64):
        y = np.asarray(jax.random.normal(jax.random.PRNGKey(3), (4,)), kind)
    assert answer.mean == pytest.approx([y.sum() / 5], abs=1e-6)


@pytest.mark.process
def test_a_program_that_can_not_mix_32_and_64_bits_is_inspected_in_64_alone(tmp_path):
    trial = replace(trial_of_file(tmp_path, RANDOM, "mixed"), environment="current")
    answer = inspect(tmp_path / "c", trial)
    assert answer.sd == pytest.approx([5**-0.5], abs=1e-6)


@pytest.mark.process
def test_a_reference_that_does_not_fit_is_refused_with_both_sides(tmp_path):
    (tmp_path / "mine.py").write_text(KINDS)
    np.savez(tmp_path / "r.npz", b=np.zeros((50, 2)))
    with pytest.raises(UsageError) as refused:
        samplerbench.run(
            model=f"{tmp_path / 'mine.py'}:kinds",
            reference=str(tmp_path / "r.npz"),
            out=tmp_path / "c",
            replicates=2,
            **QUICK,
        )
    assert "it lacks 'W', 's', 'p', 'L' of this model's parameters b, W, s, p, L" in str(
        refused.value
    )


# -- names and data --------------------------------------------------------------------------------


def a_program():
    """Stands at the top level of a file, as a user's would."""


def test_a_function_is_known_by_its_file_and_name():
    assert model_names.name_model(a_program) == f"{__file__}:a_program"
    assert model_names.name_model("linear") == "linear"
    for bad in (lambda: None, build("linear", {}), 3):
        with pytest.raises(UsageError, match="expected: a registered name"):
            model_names.name_model(bad)


def test_sizes_among_arrays_stay_single_numbers(tmp_path):
    np.savez(tmp_path / "d.npz", n=3, flag=True, x=np.zeros(2), scale=1.5)
    answer = data_files.read_data(tmp_path / "d.npz")
    assert answer["n"] == 3 and answer["flag"] is True and answer["scale"].shape == ()


def test_an_object_that_holds_a_program_is_told_to_hand_that_over():
    kernel = SimpleNamespace(model=lambda: None)
    for held, path in ((kernel, ".model"), (SimpleNamespace(sampler=kernel), ".sampler.model")):
        with pytest.raises(UsageError, match=f"the program that it holds, its {path}$"):
            model_names.name_model(held)


def test_another_data_file_is_another_trial(tmp_path):
    trial = trial_of_file(tmp_path, KINDS, "kinds")
    other = replace(trial, data_file="d.csv", data_file_digest="1")
    assert other.id != trial.id and select.model_key(other) != select.model_key(trial)
    assert replace(trial, data_file="", reference="").id == trial.id


# -- as `python FILE` ------------------------------------------------------------------------------

SCRIPT = """
import argparse
import numpy as np, numpyro, numpyro.distributions as dist
from near import slope
argparse.ArgumentParser().parse_args()
data = {"y": np.loadtxt("heights.csv")}
def program(y):
    from far import scale
    m = numpyro.sample("m", dist.Normal(slope, scale))
    numpyro.sample("y", dist.Normal(m, 1.0), obs=y)
"""


@pytest.mark.process
def test_a_script_reads_its_helpers_beside_it_and_its_data_where_the_command_is_called(
    tmp_path, monkeypatch
):
    (tmp_path / "called").mkdir()
    np.savetxt(tmp_path / "called" / "heights.csv", [1.0, 2.0, 3.0])
    (tmp_path / "near.py").write_text("slope = 0.0")
    (tmp_path / "far.py").write_text("scale = 3.0")  # imported only when the program runs
    monkeypatch.chdir(tmp_path / "called")
    trial = trial_of_file(tmp_path, SCRIPT, sampler="numpyro_nuts", warmup=100, draws=100)
    result = launch(trial, sys.executable, tmp_path / "s", 120)
    assert result.status == "ok", result.reason


SWITCHES = """
import numpyro; numpyro.enable_x64(); numpyro.set_host_device_count(2)
import numpyro.distributions as dist
def program():
    numpyro.sample("m", dist.Normal(0.0, 1.0))
"""


@pytest.mark.process
def test_a_file_that_switches_jax_does_so_before_the_samplers_library_is_imported(tmp_path):
    trial = trial_of_file(tmp_path, SWITCHES, sampler="numpyro_nuts", warmup=100, draws=100)
    result = launch(trial, sys.executable, tmp_path / "s", 300)
    assert (result.status, result.precision) == ("ok", 64), result.reason
    assert result.machine["device_count"] == 2


#: three parameters, which is more than quadrature does; posterior N(0.8 y, 0.2) each. In 64 bits,
#: which jaxns bears only where JAX is switched before its import
THREE = """
import numpy as np, numpyro; numpyro.enable_x64()
import numpyro.distributions as dist
data = {"y": np.array([1.0, -2.0, 0.5])}
def three(y):
    x = numpyro.sample("x", dist.Normal(0, 1).expand([3]).to_event(1))
    numpyro.deterministic("total", x.sum())
    numpyro.sample("y", dist.Normal(x, 0.5).to_event(1), obs=y)
"""


@pytest.mark.process
def test_a_long_run_answers_and_another_family_confirms_it(tmp_path):
    (tmp_path / "mine.py").write_text(THREE)
    options = {"env": "current", "warmup": 200, "draws": 400, "replicates": 16}
    options["deterministic"] = "total"
    names = ["numpyro_nuts", "jaxns_nested"]
    file, out = f"{tmp_path / 'mine.py'}:three", tmp_path / "out"
    with samplerbench.run(model=file, sampler=names[:1], out=out, **options) as campaign:
        [alone] = campaign.rows()
    assert alone["verdict"] == "agrees" and alone["seconds_to_5pct"] is None
    assert alone["answer"].startswith("long run (")
    assert "errors" in alone["power"] and "a mean off" not in alone["power"]
    with samplerbench.run(model=file, sampler=names, out=out, **options) as campaign:
        rows = {row["sampler"]: row for row in campaign.rows()}
        trial = campaign.store.trials()[0]
        truth, _ = select.find_ground_truth(campaign.folder, trial)
    assert truth.names == ("x[0]", "x[1]", "x[2]", "total")
    assert truth.mean == pytest.approx([0.8, -1.6, 0.4, -0.4], abs=5 * float(truth.mean_se.max()))
    assert {row["precision"] for row in rows.values()} == {64}
    assert rows["numpyro_nuts"]["verdict"] == "undecided", rows["numpyro_nuts"]["verdict_reason"]
    assert rows["numpyro_nuts"]["answer"].endswith("with which jaxns_nested agrees")
    assert rows["numpyro_nuts"]["seconds_to_5pct"] is not None


@pytest.mark.process
def test_without_a_long_run_only_other_rows_are_there_to_compare_with(tmp_path, capfd):
    (tmp_path / "mine.py").write_text(THREE)
    with samplerbench.run(
        model=f"{tmp_path / 'mine.py'}:three",
        out=tmp_path / "out",
        no_long_run=True,
        replicates=16,
        **QUICK,
    ) as campaign:
        [row] = campaign.rows()
    assert row["verdict"] == "no exact answer"
    assert "no other sampler was run" in row["verdict_reason"]
    assert row["verdict_reason"].endswith("the same command without --no-long-run makes one")
    assert "where deterministic= names them, not here: total" in capfd.readouterr().err


@pytest.mark.process
def test_few_replicates_are_why_no_long_run_made_an_answer(tmp_path):
    (tmp_path / "mine.py").write_text(THREE)
    model = f"{tmp_path / 'mine.py'}:three"
    with samplerbench.run(model=model, out=tmp_path / "out", replicates=3, **QUICK) as campaign:
        [row] = campaign.rows()
    assert row["verdict"] == "no exact answer"
    assert row["verdict_reason"] == "3 replicates; a verdict, and a long run to judge by, need 16"


#: data that are not handed over, but made when the file is run, {} of 50 numbers
MADE = """
import os, random, numpy as np, numpyro, numpyro.distributions as dist
from numpy.random import default_rng
y = {}
def program():
    m = numpyro.sample("m", dist.Normal(0, 5))
    numpyro.sample("y", dist.Normal(m, 1.0), obs=y)
"""
UNSEEDED = (
    "np.random.normal(size=50) + default_rng().normal(size=50)"
    " + [random.gauss(0, 1) for _ in range(50)]"
)
OF_THE_CLOCK = "default_rng(list(os.urandom(8))).normal(size=50)"


@pytest.mark.process
@pytest.mark.parametrize(("numbers", "is_judged"), [(UNSEEDED, True), (OF_THE_CLOCK, False)])
def test_data_that_a_file_draws_anew_are_the_same_in_each_process_or_no_row_is_judged(
    numbers, is_judged, tmp_path
):
    (tmp_path / "mine.py").write_text(MADE.format(numbers))
    with samplerbench.run(
        model=f"{tmp_path / 'mine.py'}:program", out=tmp_path / "c", replicates=16, **QUICK
    ) as campaign:
        (row,) = campaign.rows()
    if is_judged:
        assert row["verdict"] == "undecided", row["verdict_reason"]
    else:
        assert row["verdict"] == "no exact answer"
        assert "its file made other data here than for the answer" in row["verdict_reason"]


@pytest.mark.process
@pytest.mark.parametrize(("name", "of_jax"), [("plate", True), ("at", True), ("sizes", False)])
def test_a_table_is_handed_over_in_the_arrays_that_the_program_takes(
    name, of_jax, tmp_path, capsys
):
    (tmp_path / "m.py").write_text(INDEXED)
    (tmp_path / "d.csv").write_text("g,y\n0,0.5\n1,1.5\n2,-0.5\n0,0.2\n")
    model, table = f"{tmp_path / 'm.py'}:{name}", str(tmp_path / "d.csv")
    with samplerbench.run(model=model, data=table, out=tmp_path / "c", replicates=2, **QUICK) as c:
        (row,) = c.rows()
        (trial,) = c.store.trials()
        assert row["status"] == "ok", row["reason"]
        assert "other data" not in (row["verdict_reason"] or "")  # than the inspection's
        stored = use_stored(c.store.folder, trial).data_file
    assert stored.endswith(data_files.JAX_ENDING) == of_jax
    told = f"d.csv: handed over as arrays of JAX, since m.py:{name} takes no others"
    assert (told in capsys.readouterr().err) == of_jax
