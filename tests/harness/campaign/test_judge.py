"""Draws that other programs made are judged, and what can't be judged is refused."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

import samplerbench
from samplerbench.cli.main import main
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import judge
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.reports import summary
from samplerbench.reports.tables import notes
from tests.support.outside_files import DRAWS, EXACT, FORMATS, GOOD, exact_draws, write_files
from tests.support.trials import small


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_exact_draws_in_every_format_are_honest_and_wide_ones_are_not(kind, tmp_path):
    for wide, replicates, word in ((1.0, 256, "honest"), (1.5, 32, "biased")):
        folder = tmp_path / word
        folder.mkdir()
        paths = write_files(folder, exact_draws(replicates, wide=wide), kind)
        with samplerbench.judge(paths, model="linear", name="mine", out=folder / "out") as campaign:
            (row,) = campaign.rows()
        assert (row["sampler"], row["verdict"], row["replicates"]) == ("mine", word, replicates)


def test_a_name_is_mapped_once(tmp_path):
    with pytest.raises(UsageError, match="'m' is set twice in 'names'"):
        samplerbench.judge(exact_draws(2), model="linear", names=["m=a,m=b"], out=tmp_path / "out")


@pytest.mark.parametrize("name", [1, "", "a\0b", "a\udcff"])
def test_a_site_whose_name_can_t_be_stored_is_refused_by_its_name(name, tmp_path):
    draws = {**exact_draws(2), name: np.zeros((2, 1, 4))}
    with pytest.raises(UsageError, match=f"a site is called {re.escape(ascii(name))}"):
        samplerbench.judge(draws, model="linear", out=tmp_path / "out")


def test_draws_as_ensembles_lay_them_out_are_noted(tmp_path):
    sites = {name: values.transpose(0, 2, 1) for name, values in exact_draws(2, 4, 20).items()}
    with samplerbench.judge(sites, model="linear", out=tmp_path / "out") as campaign:
        (trial,) = campaign.store.trials()
        result = campaign.store.result(trial.id)
    assert any("20 chains of 4 draws" in text for text in result.warnings)


def test_the_shapes_of_sites_are_read_from_the_names_of_their_components():
    names = ("m", "b[0]", "b[1]", "L[1,0]", "L[0,0]", "L[1,2]")
    assert judge.infer_shapes(names) == {"m": (), "b": (2,), "L": (2, 3)}


@pytest.mark.slow
def test_the_command_judges_and_its_gate_decides_the_exit_status(tmp_path, capsys):
    paths = write_files(tmp_path, exact_draws(16))
    words = ["judge", "--model", "linear", *map(str, paths), "--out", str(tmp_path / "out")]
    assert main(words) == 0 and "external" in capsys.readouterr().out
    assert main([*words, "--gate", "honest"]) == 1
    assert main(["report", str(tmp_path / "out")]) == 0
    junit = tmp_path / "gate.xml"
    main([*words, "--gate", "honest", "--junit", str(junit)])
    assert 'name="samplerbench judge, ' in junit.read_text()


def test_importance_weights_make_wide_draws_honest_and_log_z_is_judged(tmp_path):
    sites = exact_draws(256, draws=300, wide=1.5, seed=3)
    x = np.stack([sites[name] for name in EXACT.names], axis=-1) - EXACT.mean
    square = np.einsum("...i,ij,...j", x, np.linalg.inv(EXACT.covariance), x)
    log_w = -0.5 * square * (1 - 1 / 1.5**2) + 2 * np.log(1.5)  # of the target over the draws'
    w = np.exp(log_w[:, 0])
    log_z = EXACT.log_evidence + np.log(w.mean(axis=1))
    errors = w.std(axis=1) / w.mean(axis=1) / np.sqrt(300)
    draws = {**sites, "log_weight": log_w, "log_z": log_z, "log_z_err": errors}
    with samplerbench.judge(draws, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert row["verdict"] == "honest" and abs(row["log_z_error"]) < 0.05
    assert row["ess"] == row["ess_kish"]


REFUSED = {
    "a site lacks": ({"m": np.zeros(9), "cc": np.ones(9)}, "lacks 'c'.*mean 'cc'"),
    "another shape": ({**GOOD, "m": np.zeros((9, 2, 2))}, r"'m' has shape \(9, 2, 2\)"),
    "ragged": ({**GOOD, "m": np.zeros(8)}, "unlike numbers of chains and draws"),
    "not finite": (
        {**GOOD, "m": np.r_[np.zeros(7), np.nan, np.inf]},
        "2 of 9 values of 'm' are not",
    ),
    "hardly any": ({"m": np.zeros(3), "c": np.zeros(3)}, "3 draw"),
    "negative weights": ({**GOOD, "weight": np.r_[np.ones(8), -1]}, "1 of 9 in 'weight'.*first -1"),
    "no weight at all": ({**GOOD, "weight": np.zeros(9)}, "all weights in 'weight' are 0"),
    "weights of others": (
        {**GOOD, "weight": np.ones(4)},
        r"has shape \(4,\), the draws are \(1, 9",
    ),
    "infinite log weights": ({**GOOD, "log_weight": np.full(9, np.inf)}, "9 of 9 in 'log_weight'"),
    "weights twice": (
        {**GOOD, "weight": np.ones(9), "log_weight": np.zeros(9)},
        "'log_weight' and 'weight'",
    ),
    "weights by another name": ({**GOOD, "wt": np.ones(9)}, "has 'wt', which weights"),
    "weights in capitals": ({**GOOD, "Weight": np.arange(9.0)}, "has 'Weight', which weights"),
    "log Z by another name": ({**GOOD, "lnZ": -3.0}, "has 'lnZ', which log Z may be"),
    "its error so": ({**GOOD, "logz_err": 0.1}, "log Z's error may be"),
    "an ESS that is not judged": ({**GOOD, "ess": 5.0}, "its 'ess' would not be judged"),
    "an error of nothing": ({**GOOD, "log_z_err": 0.1}, "'log_z_err', and no 'log_z'"),
    "an error below 0": ({**GOOD, "log_z": 1.0, "log_z_err": -1.0}, "'log_z_err' holds -1"),
    "no effective draws": ({**GOOD, "weight": np.ones(9), "ess": 0.0}, "'ess' holds 0"),
    "two log Zs": ({**GOOD, "log_z": np.arange(2.0)}, "'log_z' holds 0.0, 1.0"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_draws_that_do_not_do_are_refused_and_nothing_is_written(case, tmp_path):
    arrays, words = REFUSED[case]
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(UsageError, match=f"(?s)bad.npz.*{words}.*\n  expected: "):
        samplerbench.judge(tmp_path / "bad.npz", model="linear", out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no model is named"),
        ({"model": "linear", "name": "numpyro_nuts"}, "runs itself"),
        ({"model": "linear", "replicates": 3}, "no option in judge.* 'replicates'"),
        ({"model": "linear", "failure": 2}, "called 'failure'; did you mean 'failures'"),
        ({"model": ["linear", "funnel"]}, "of one model"),
        ({"model": "linear", "reference": "a.npz"}, "a reference can't better|can't be used"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words, tmp_path):
    with pytest.raises(UsageError, match=words):
        samplerbench.judge(exact_draws(2), out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_one_file_is_not_judged_and_says_what_it_shows_and_how_many_are_needed(shift, tmp_path):
    sites = exact_draws(1)
    sites["m"] = sites["m"] + shift * EXACT.sd[EXACT.names.index("m")]
    paths = write_files(tmp_path, sites)
    with samplerbench.judge(paths, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["replicates"]) == ("too few replicates", 1)
    reason = row["verdict_reason"]
    assert reason.startswith("1 replicate; a verdict needs 16, each with a seed of its own")
    off, chance = map(
        float, re.search(r"([\d.]+) claimed errors.* up to ([\d.]+)", reason).groups()
    )
    assert (off > chance) == (shift > 0)


def test_the_same_file_twice_is_found(tmp_path):
    paths = write_files(tmp_path, exact_draws(16))
    copy = shutil.copy(paths[2], tmp_path / "copy.npz")
    with samplerbench.judge([*paths, copy], model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert row["verdict"] == "not judged"
    assert f"{paths[2]} and {copy} are the same run" in row["verdict_reason"]


def test_clocks_are_absent_with_the_reason_and_what_is_unknown_is_empty(tmp_path):
    sites = exact_draws(16)
    with samplerbench.judge(sites, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
        log = (campaign.folder / "logs" / f"{row['trial']}.txt").read_text()
    for name in ("cold_s", "warm_s", "peak_rss_mb", "seconds_to_5pct"):
        assert row[name] is None and row["missing"][name] == "made elsewhere: no clock"
    assert row["environment"] == "elsewhere"
    assert (row["device"], row["warmup"], row["seed"]) == (None, None, None)
    assert log.startswith("replicate 0: replicate 0\n")


@pytest.mark.slow
def test_a_narrower_margin_leaves_undecided_what_a_wider_one_calls_honest(tmp_path):
    for margin, word in (({}, "honest"), ({"margin": {"bias": 0.001}}, "undecided")):
        out = tmp_path / word
        with samplerbench.judge(exact_draws(256), model="linear", out=out, **margin) as campaign:
            assert campaign.rows()[0]["verdict"] == word


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, {"weight": np.ones((256, 1, DRAWS))}])
def test_runs_that_failed_count_and_many_make_it_unreliable(extra, tmp_path):
    draws = {**exact_draws(256), **extra}
    with samplerbench.judge(draws, model="linear", failures=9, out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["replicates"]) == ("unreliable", 265)
    assert "9 of 265 runs failed, never ended or are not finite" in row["verdict_reason"]


@pytest.mark.slow
def test_chains_that_started_in_groups_have_nested_rhat(tmp_path):
    draws, options = exact_draws(20, chains=8), {"model": "linear", "out": tmp_path / "out"}
    draws["m"][:, 4:] += 9.0  # the second superchain stays where it started
    with samplerbench.judge(draws, superchains=2, gate="external:superchains=2=honest", **options):
        pass
    with samplerbench.judge(draws, name="others", **options) as campaign:
        nested, plain = campaign.rows()
    assert nested["settings"] == {"superchains": 2} and nested["rhat_nested"] > 2
    assert plain["rhat_nested"] is None and plain["rhat"] == nested["rhat"]


@pytest.mark.parametrize(
    ("superchains", "options", "words"),
    [
        (3, {}, "8 chains can't be cut into 3 superchains of one size\n  expected: a number"),
        (2, {"chains_as_replicates": True}, "1 chain can't be cut into"),
        (1, {}, "superchains=1\n  expected: a whole number from 2 on"),
        (-2, {}, "superchains=-2\n"),
        (2.0, {}, "superchains=2.0\n"),
        ("2", {}, "superchains='2'\n"),
    ],
)
def test_superchains_of_unlike_sizes_are_refused(superchains, options, words, tmp_path):
    draws, out = exact_draws(2, chains=8), tmp_path / "out"
    with pytest.raises(UsageError, match=re.escape(words)):
        samplerbench.judge(draws, model="linear", superchains=superchains, out=out, **options)
    assert not out.exists()


def test_weighted_draws_make_no_superchains():
    draws = {**exact_draws(2, chains=4), "weight": np.ones((2, 4, DRAWS))}
    with pytest.raises(UsageError, match="have weights\n  expected: no superchains="):
        samplerbench.judge(draws, model="linear", superchains=2)


def test_the_same_draws_are_judged_once_and_others_are_a_row_of_the_same_campaign(tmp_path):
    for seed, rows in ((1, 1), (1, 1), (2, 2)):
        draws, out = exact_draws(16, seed=seed), tmp_path / "out"
        with samplerbench.judge(draws, model="linear", name=f"s{seed}", out=out) as campaign:
            assert len(campaign.rows()) == rows


def test_a_judgement_that_is_stopped_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(judge, "_arrange", stop)
    (path,) = write_files(tmp_path, exact_draws(1))
    command = ["judge", str(path), "--model", "linear", "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", ["samplerbench", *command])
    assert main(command) == 130
    assert re.search("stopped with .*\n  go on with: samplerbench judge", capsys.readouterr().err)


def test_a_trial_that_is_run_here_keeps_its_name():
    assert small().outside_digest == "" and small(outside_digest="1").id != small().id


@pytest.mark.process
@pytest.mark.slow
def test_draws_of_a_program_in_a_file_are_judged_by_its_inspection(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpyro, numpyro.distributions as dist\n"
        "data = {'y': 2.0}\n"
        "def program(y):\n"
        "    b = numpyro.sample('b', dist.Normal(0, 1))\n"
        "    numpyro.sample('y', dist.Normal(b, 1), obs=y)\n"
    )
    theta = np.random.default_rng(0).normal(1.0, np.sqrt(0.5), (256, DRAWS))
    options = {"model": f"{tmp_path}/mine.py:program", "env": "current", "out": tmp_path / "out"}
    with samplerbench.judge({"theta": theta}, names={"b": "theta"}, **options) as campaign:
        (row,) = campaign.rows()
    assert (row["verdict"], row["answer"]) == ("honest", "quadrature")


@pytest.mark.slow
def test_a_report_says_honest_without_a_clock_and_names_rows_by_what_is_known(tmp_path):
    for seed in (1, 2):
        draws, name = exact_draws(256 // seed, chains=seed, seed=seed), f"s{seed}"
        with samplerbench.judge(draws, model="linear", name=name, out=tmp_path / "out") as campaign:
            rows = campaign.rows()
    assert rows[0]["verdict"] == "honest"
    sentence = "Shown honest: s1, without a clock."
    assert summary.summarise(rows[:1], 1) == sentence
    assert "sampler with a clock shown honest: " in summary.summarise(rows, 2)
    assert not any("None" in note for note in notes.make_notes(rows, ["verdict"]))


def test_a_name_that_is_there_with_other_draws_is_refused_and_nothing_changes(tmp_path):
    options = {"model": "linear", "name": "mine", "out": tmp_path / "c"}
    for _ in range(2):  # the same draws once more are the same row
        samplerbench.judge(exact_draws(16), **options).close()
    with pytest.raises(UsageError, match=r"(?s)row 'mine' with other draws.*another name="):
        samplerbench.judge(exact_draws(16, seed=1), margin={"bias": 0.5}, **options)
    with samplerbench.load(tmp_path / "c") as campaign:
        (row,) = campaign.rows()
    assert (row["sampler"], row["margins"]) == ("mine", str(DEFAULT))


def test_every_command_is_kept_once_also_one_that_begins_another(tmp_path):
    store = Store.create(tmp_path / "c")
    store.set_fact("command", ["samplerbench", "run", "--out", "c d"])  # as an older version
    for command in ("judge a.csv --name x", "judge a.csv", "judge a.csv --name x"):
        judge._remember(store, command)
    kept = "samplerbench run --out 'c d' && judge a.csv --name x && judge a.csv"
    assert store.fact("command") == kept
    store.close()


ONE = {"m": np.zeros((1, 1, 20)), "c": np.zeros((1, 1, 20))}


@pytest.mark.parametrize(
    "options",
    [
        {"name": 3},
        {"name": np.arange(3)},
        {"names": 3},
        {"names": [None]},
        {"reference_names": np.arange(3)},
        {"reference_names": "m=x"},
        {"chains_per_replicate": "two"},
        {"chains_per_replicate": True},
        {"chains_as_replicates": "yes"},
        {"failures": True},
        {"superchains": [2]},
        {"model": np.arange(3)},
        {"out": np.arange(3)},
        {"out": "a\0b"},
        {"reference": "a\0b"},
    ],
    ids=str,
)
def test_options_of_a_wrong_type_are_refused_by_name(options):
    (name,) = options
    with pytest.raises(UsageError, match=f"{name.split('_')[0]}.*\n  expected: "):
        samplerbench.judge(ONE, **{"model": "linear", **options})


def test_no_draws_are_refused_as_such():
    with pytest.raises(UsageError, match="draws 'given' can't be judged"):
        samplerbench.judge(None, model="linear")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chain.h5", "numpy.savez"),
        ("results.pkl", "a pickle runs code"),
        ("fit.RDS", "posterior::as_draws_df"),
    ],
)
def test_files_of_other_kinds_are_refused_with_how_to_write_one_that_is_read(name, words, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match=f"(?s)its ending is not known.*next: .*{words}"):
        samplerbench.judge(tmp_path / name, model="linear")
