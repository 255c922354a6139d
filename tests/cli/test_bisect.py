"""``samplerbench bisect`` as it is called: with uv, on an index of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samplerbench.cli import bisect, common, main
from samplerbench.harness.upgrades.stack_scores import ACCURACY
from tests.support.wheels import index, write_wheel  # noqa: F401  (a fixture)

GONE = "raise ImportError('host_callback is gone')\n"


def write_stack(path: Path, **versions: str) -> str:
    path.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
    return str(path)


@pytest.fixture
def stacks(index, tmp_path) -> list[str]:  # noqa: F811
    """Two files of pins; jaxlib breaks from 1.2 on, and moves with jax."""
    for release in ("1.0", "1.1", "1.2", "1.3"):
        write_wheel(index, "jax", release, f"jaxlib=={release}", code="import jaxlib\n")
        write_wheel(index, "jaxlib", release, code=GONE if release >= "1.2" else "")
    for release in ("0.1", "0.2"):
        write_wheel(index, "numpyro", release, "jax")
    old = write_stack(tmp_path / "old.txt", jax="1.0", numpyro="0.1")
    return [old, write_stack(tmp_path / "new.txt", jax="1.3", numpyro="0.2")]


@pytest.mark.process
def test_the_release_that_broke_an_import_is_found_and_a_rerun_makes_nothing(
    stacks, tmp_path, capsys, monkeypatch
):
    command = ["bisect", *stacks, "--what", "import", "--out", str(tmp_path / "found")]
    assert main.main(command) == common.EXIT_OK
    shown = capsys.readouterr()
    said = " ".join(shown.out.split())  # lines are folded
    assert "jaxlib 1.2 made the change" in said and "host_callback is gone" in said
    assert "releases of jaxlib in between: 1.1, 1.2" in shown.err
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))  # no stack can be made any more
    file = tmp_path / "found.json"
    as_folder = ["--folder" if word == "--out" else word for word in command]
    assert main.main([*as_folder, "-q", "-o", str(file)]) == common.EXIT_OK
    again = json.loads(file.read_text())
    assert (again["culprit"]["name"], again["culprit"]["earlier"]) == ("jaxlib", "1.1")
    (tmp_path / "mine.py").write_text("def prepare(model, budget, settings): ...\n")
    of_a_file = ["--sampler", f"{tmp_path / 'mine.py'}:prepare", "--format", "json"]
    assert main.main([*command, "--quiet", *of_a_file]) == common.EXIT_OK
    assert json.loads(capsys.readouterr().out)["culprit"] == again["culprit"]
    other = ["bisect", stacks[1], stacks[0], *command[3:]]
    assert main.main(other) == common.EXIT_USAGE
    assert "between other stacks" in capsys.readouterr().err


@pytest.mark.process
def test_what_can_be_no_bisection_is_refused(stacks, tmp_path, capsys):
    out = ["--what", "import", "--out", str(tmp_path / "found")]
    for ends, said in (
        ([str(tmp_path / "none.txt"), "pinned"], "none.txt': No such file or directory\n"),
        (["current", "pinned"], "uv pip freeze"),
    ):
        assert main.main(["bisect", *ends, *out]) == common.EXIT_USAGE
        assert said in capsys.readouterr().err
    assert main.main(["bisect", *stacks, *out, "--releases", "jaxlab"]) == common.EXIT_USAGE
    assert "did you mean 'jaxlib'" in capsys.readouterr().err
    accuracy = ["--what", "accuracy", "--out", str(tmp_path / "more"), "--measure", "log_z_eror"]
    assert main.main(["bisect", *stacks, *accuracy]) == common.EXIT_USAGE
    assert "did you mean 'log_z_error'" in capsys.readouterr().err


@pytest.mark.process
def test_a_dry_run_says_what_would_be_moved_and_makes_nothing(
    stacks, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    command = ["bisect", *stacks, "--what", "import", "--dry-run"]
    assert main.main(command) == common.EXIT_OK
    shown = capsys.readouterr().out
    assert "  jax 1.0 to 1.3\n  numpyro 0.1 to 0.2\n" in shown and "is to be made" in shown
    assert main.main([*command, "--releases", "jax"]) == common.EXIT_OK
    assert "every release of jax in between" in capsys.readouterr().out
    for words in (["--measure", "calibration"], ["--measure", "nope"], ["--draws", "9", "9"]):
        assert main.main([*command, *words]) == common.EXIT_USAGE
    assert not (tmp_path / "samplerbench-runs").exists()


@pytest.mark.process
def test_what_would_be_refused_later_is_refused_before_an_environment_is_made(
    stacks, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    same = [stacks[0], stacks[0]]
    for ends, options, said in (
        (same, ["--what", "import"], "have the same pins"),
        (stacks, ["--what", "time", "--draws", "0"], "draws = 0"),
        (stacks, ["--what", "accuracy", "--model", "linaer"], "did you mean 'linear'"),
        (
            stacks,
            ["--what", "accuracy", "--sampler", "numpyro_nutz"],
            "did you mean 'numpyro_nuts'",
        ),
        (stacks, ["--what", "import", "-o", str(tmp_path)], "can't be written"),
        (stacks, ["--what", "import", "-o", "x.csv"], "nothing is written as .csv"),
        (stacks, ["--what", "accuracy", "--draws", "9", "8"], "several are for --what time"),
        (stacks, ["--what", "time", "--blocks", "2"], "expected: 3 or more"),
        (
            stacks,
            ["--what", "time", "--draws", "9", "8", "--replicates", "1"],
            "expected: 2 or more",
        ),
    ):
        assert main.main(["bisect", *ends, *options]) == common.EXIT_USAGE
        assert said in capsys.readouterr().err
    assert not (tmp_path / "samplerbench-runs").exists()


def test_the_columns_of_accuracy_are_those_that_stacks_are_scored_by():
    assert bisect.ACCURACY == ACCURACY
