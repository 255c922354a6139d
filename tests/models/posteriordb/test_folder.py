"""Posteriors of posteriordb are run like models, and judged by its reference draws."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import samplerbench
from samplerbench.cli import main
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan import Plan
from samplerbench.models.posteriordb import folder, load
from samplerbench.models.posteriordb.base import programs
from tests.support import posteriordb_folder as made

RATE, SCHOOLS = "made_up-Rate_1_model", "schools-eight_schools_noncentered"
COUNT = {"n": 20, "k": 13}
EFFECTS = {"J": 3, "y": [28.0, 8, -3], "sigma": [15, 10, 16.5]}
CHAINS, DRAWS = 4, 1000


def reference_of_rate() -> list[dict[str, list[float]]]:
    """Independent draws of Beta(1 + k, 1 + n - k), and what the program has no site for."""
    rng = np.random.default_rng(7)
    posterior = stats.beta(1 + COUNT["k"], 1 + COUNT["n"] - COUNT["k"])
    theta = posterior.rvs((CHAINS, DRAWS), random_state=rng)
    return [{"theta": x.tolist(), "odds[1]": (x / (1 - x)).tolist()} for x in theta]


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "posteriordb"
    made.add(folder, "Rate_1_model", COUNT, reference_of_rate())
    made.add(folder, "eight_schools_noncentered", EFFECTS, data_name="schools")
    made.add(folder, "lotka_volterra", {"N": 3}, data_name="hares")
    return folder


def path(checkout, name=RATE) -> str:
    return str(made.posterior(checkout, name))


def planned(checkout, *names, **options):
    return expand(Plan(posteriordb=str(checkout), posterior=names, env=["current"], **options))


# -- what is found ---------------------------------------------------------------------------------


def test_a_checkout_and_its_inner_folder_are_both_taken(checkout):
    inner = checkout / "posterior_database"
    assert (
        load.find_files(str(checkout), (RATE,))
        == load.find_files(str(inner), (RATE,))
        == (path(checkout),)
    )


def test_all_stands_for_every_posterior_that_has_a_program(checkout):
    assert load.find_files(str(checkout), ("all",)) == (path(checkout), path(checkout, SCHOOLS))


def test_data_are_arrays_and_sizes_stay_whole_numbers(checkout):
    model = load.load_posterior(path(checkout, SCHOOLS))
    assert model.name == SCHOOLS
    assert set(model.data) == {"J", "y", "sigma"}
    np.testing.assert_array_equal(model.data["sigma"], EFFECTS["sigma"])
    assert model.data["J"] == 3 and isinstance(model.data["J"], int)


def test_data_may_lie_there_without_being_zipped(checkout):
    zipped = data_file(checkout)
    zipped.unlink()
    made.write_json(zipped.with_suffix(""), COUNT)
    assert load.load_posterior(path(checkout)).data["k"] == 13


@pytest.mark.slow
def test_a_trial_is_named_by_what_its_data_and_reference_hold(checkout):
    (first,) = planned(checkout, RATE, sampler=["numpyro_nuts"])
    made.write_zip(data_file(checkout), {"n": 20, "k": 12})
    (second,) = planned(checkout, RATE, sampler=["numpyro_nuts"])
    made.write_zip(made.reference(checkout, RATE), [{"theta": [0.1, 0.2, 0.3, 0.4, 0.5]}])
    (third,) = planned(checkout, RATE, sampler=["numpyro_nuts"])
    assert len({first.id, second.id, third.id}) == 3
    assert {t.model_label for t in (first, second, third)} == {RATE}


@pytest.mark.slow
def test_posteriors_are_run_beside_named_models_and_in_place_of_the_default(checkout):
    alone = planned(checkout, RATE, SCHOOLS, sampler=["numpyro_nuts"])
    assert [t.model_label for t in alone] == [RATE, SCHOOLS]
    assert [bool(t.reference) for t in alone] == [True, False]
    beside = planned(checkout, RATE, model=("linear",), sampler=["numpyro_nuts"], draws=7)
    assert [t.model_label for t in beside] == ["linear", RATE]


@pytest.mark.slow
def test_a_long_run_may_take_the_place_of_reference_draws_and_of_nothing_else(checkout):
    (trial,) = planned(checkout, RATE, sampler=["numpyro_nuts"], reference="long-run")
    assert trial.reference == trial.reference_digest == ""
    for more, said in (
        ({"model": ("linear",)}, "'linear' has none"),
        ({"no_long_run": True}, "one"),
    ):
        with pytest.raises(UsageError, match=said):
            planned(checkout, RATE, sampler=["numpyro_nuts"], reference="long-run", **more)


@pytest.mark.slow
def test_a_program_that_needs_64_bits_says_so(checkout):
    made.add(checkout, "gp_pois_regr", {"x": [0.0, 1], "k": [1, 2]}, data_name="counts")
    model = load.load_posterior(path(checkout, "counts-gp_pois_regr"))
    with pytest.raises(ValueError, match="--precision 64"):
        model.program(**model.data)


# -- what is refused -------------------------------------------------------------------------------


def data_file(checkout, name="made_up") -> Path:
    return checkout / "posterior_database" / "data" / "data" / f"{name}.json.zip"


@pytest.mark.slow
@pytest.mark.parametrize(
    "given, said",
    [
        (["--posterior", RATE], "--posteriordb FOLDER"),
        (["--posteriordb", "{}"], f"--posterior NAME ..., or all\n  with a program here: {RATE}"),
        (["--posteriordb", "{}", "--posterior", "made_up-Rate_1"], f"did you mean '{RATE}'"),
        (["--posteriordb", "{}/..", "--posterior", RATE], "is no checkout of posteriordb"),
        (["--posteriordb", "{}/nothing", "--posterior", RATE], "is not there, or no folder"),
        (
            ["--posteriordb", "{}", "--posterior", "hares-lotka_volterra"],
            f"its model is 'lotka_volterra'\n  with a program here: {RATE}, {SCHOOLS}",
        ),
        (["--model", "{}/posterior_database/none.json"], "is no posterior of posteriordb"),
    ],
)
def test_a_name_or_folder_that_is_none_is_refused_with_what_is_there(given, said, checkout, capsys):
    given = [word.format(checkout) for word in given]
    out = checkout.parent / "out"
    assert main.main(["run", *given, "--env", "current", "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def zip_of(files) -> object:
    def write(target: Path) -> None:
        with zipfile.ZipFile(target, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)

    return write


@pytest.mark.parametrize(
    "write, said",
    [
        (Path.unlink, "there is no such file"),
        (lambda p: p.write_bytes(b"version https://git-lfs"), "it is no sound zip file"),
        (lambda p: p.write_bytes(p.read_bytes()[:60]), "it is no sound zip file"),
        (zip_of({}), "0 JSON files in it"),
        (zip_of({"a.json": "{]"}), "it is not JSON"),
        (zip_of({"a.json": "[1]"}), "it holds a list where a dict was expected"),
        (zip_of({"a.json": '{"n": 20}'}), "it lacks k, which model 'Rate_1_model' needs"),
        (zip_of({"a.json": '{"n": 20, "k": "many"}'}), "'k' holds something other than numbers"),
        (zip_of({"a.json": '{"n": 20, "k": [[1], [1, 2]]}'}), "'k' is no array"),
    ],
)
def test_data_that_cannot_be_used_are_refused_with_the_reason(write, said, checkout):
    write(data_file(checkout))
    with pytest.raises(UsageError, match="can't be read") as refused:
        planned(checkout, RATE)
    assert said in str(refused.value)


def test_data_of_sizes_that_do_not_fit_are_refused(checkout):
    data = {"N": 2, "kid_score": [1.0, 2], "mom_hs": [1, 0, 1]}
    made.add(checkout, "kidscore_momhs", data, data_name="kids")
    with pytest.raises(UsageError, match="its sizes do not fit"):
        planned(checkout, "kids-kidscore_momhs")


@pytest.mark.parametrize(
    "change, said",
    [({"model_name": None}, "names no 'model_name'"), ({"reference_posterior_name": 3}, "is 3")],
)
def test_a_posterior_whose_file_is_bad_is_refused(change, said, checkout):
    file = Path(path(checkout))
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UsageError, match=said):
        planned(checkout, RATE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "write, said",
    [
        (Path.unlink, "there is no such file"),
        (lambda p: p.write_bytes(b"PK"), "can't be"),
        (zip_of({"a.json": "{}"}), "can't be"),
        (zip_of({"a.json": '[{"theta": [1, 2]}, {"theta": [1]}]'}), "can't be"),
        (zip_of({"a.json": '[{"phi": [1, 2, 3, 4, 5.5]}]'}), "holds phi, none of which"),
    ],
)
def test_reference_draws_that_cannot_be_used_are_refused_before_anything_runs(
    write, said, checkout, tmp_path, capsys
):
    write(made.reference(checkout, RATE))
    given = ["--posteriordb", str(checkout), "--posterior", RATE, "--sampler", "numpyro_nuts"]
    assert main.main(["run", *given, "--env", "current", "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


# -- what is listed --------------------------------------------------------------------------------


def test_the_list_has_every_program_with_its_posteriors_and_density(capsys):
    assert main.main(["list", "posteriors"]) == 0
    told = capsys.readouterr().out
    for name in programs.names():
        program = programs.get(name)
        assert f"  {name:<26} {', '.join(program.posteriors)}\n" in told
        assert program.density in told
        assert program.posteriors and program.density


def test_the_list_of_a_checkout_says_what_cannot_be_run_and_why(checkout, capsys):
    made.posterior(checkout, "broken").write_text("{")
    assert main.main(["list", "posteriors", "--posteriordb", str(checkout)]) == 0
    told = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert told[RATE].endswith(" reference draws")
    assert "no reference draws" in told[SCHOOLS] and "not compared: theta_trans" in told[SCHOOLS]
    assert "no program here for model 'lotka_volterra'" in told["hares-lotka_volterra"]
    assert "not JSON" in told["broken"]


# -- what is judged --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """NUTS on a rate, judged by draws of its exact posterior; the checkout is gone afterwards."""
    folder = tmp_path_factory.mktemp("judged")
    made.add(folder / "posteriordb", "Rate_1_model", COUNT, reference_of_rate())
    options = {"posteriordb": folder / "posteriordb", "posterior": RATE, "env": "current"}
    options.update(sampler="numpyro_nuts", replicates=16, warmup=200, draws=500)
    with samplerbench.run(out=folder / "out", **options) as campaign:
        shutil.rmtree(folder / "posteriordb")
        yield campaign


@pytest.mark.process
def test_a_posterior_is_judged_by_its_reference_draws(campaign):
    (trial,) = campaign.store.trials()
    exact = campaign.exact(trial)
    assert "reference draws" in exact.source
    assert exact.names == ("theta",)  # the program has no odds
    beta = stats.beta(1 + COUNT["k"], 1 + COUNT["n"] - COUNT["k"])
    # 4000 independent draws: the mean is off by sd / sqrt(4000), 5 of these once in 1.7 million
    assert abs(exact.mean[0] - beta.mean()) < 5 * beta.std() / np.sqrt(CHAINS * DRAWS)
    assert exact.mean_se[0] == pytest.approx(beta.std() / np.sqrt(CHAINS * DRAWS), rel=0.2)


@pytest.mark.process
def test_its_row_has_a_short_name_and_numbers_against_the_reference(campaign):
    (row,) = campaign.rows()
    assert (row["model"], row["status"]) == (RATE, "ok")
    assert row["verdict"] in ("undecided", "overcautious")
    assert row["realised_ess"] > 0 and abs(row["mean_error"]) < 0.2


@pytest.mark.process
def test_a_page_is_made_when_the_checkout_is_gone(campaign):
    from samplerbench.reports.report import ReportOptions, render

    page = render(campaign, ReportOptions("html"))
    assert RATE in page


@pytest.mark.parametrize(
    "data_file", ["../outside.json", "/etc/hostname", "data/../../outside.json", 5, "a\0b", "link"]
)
def test_data_outside_of_the_checkout_are_refused(tmp_path, data_file):
    root = tmp_path / "posterior_database"
    (root / "data" / "info").mkdir(parents=True)
    (tmp_path / "outside.json").write_text("{}")
    (root / "link").symlink_to(tmp_path / "outside.json")
    info = root / "data" / "info" / "mine.info.json"
    info.write_text(json.dumps({"data_file": data_file}))
    with pytest.raises(UsageError, match="is no file inside of"):
        folder.Posterior("mine", "model", "mine", "", root).data_file()
