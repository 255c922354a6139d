"""The command refuses early and helpfully, lists without starting JAX, and prints what parses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import webbrowser
from unittest.mock import Mock

import pytest

import samplerbench
from samplerbench import __main__ as entry
from samplerbench.cli import common, main
from tests.support import trials

#: arguments of a bad command, and what its message must say
REFUSED = {
    "run --sampler numpyro_nutz": (
        "no sampler is called 'numpyro_nutz'; did you mean 'numpyro_nuts'?",
        "known samplers: ",
        "list them with: samplerbench list samplers",
    ),
    "run --model lineal": ("no model is called 'lineal'; did you mean 'linear'?", "known models: "),
    "run --env pined": (
        "no environment is called 'pined'; did you mean 'pinned'?",
        "known environments: backends, backends-latest, current",
    ),
    "run --device gpi": ("no value of device is called 'gpi'; did you mean 'gpu'?", "cpu, gpu"),
    "run --precision 16": ("no value of precision is called '16'", "32, 64"),
    "run --sampler numpyro_hmc:trajectory=1.5": (
        "no setting of numpyro_hmc is called 'trajectory'; did you mean 'trajectory_length'?",
        "target_accept_prob",
        "list them with: samplerbench list numpyro_hmc",
    ),
    "run --device cpu,gpu": ("called 'cpu,gpu'; several are given one by one, with no comma",),
    "run --sampler numpyro_nuts:max_tree_depth=ten": (
        "numpyro_nuts:max_tree_depth='ten' does not fit",
        "expected: a whole number from 1",
    ),
    "run --sampler numpyro_nuts:max_tree_depth=": ("sets nothing", "expected: name:setting=value"),
    "run --sampler numpyro_nuts:init=zero": ("init='zero' does not fit", "expected: uniform"),
    "run --sampler numpyro_nuts:target_accept_prob=1.5": (
        "numpyro_nuts:target_accept_prob=1.5 does not fit",
        "expected: a number above 0 and below 1",
    ),
    "run --sampler emcee_ensemble:walkers=3": ("walkers=3 does not fit", "from 2 (even) or none"),
    "run --sampler jaxns_nested:num_live_points=-1": ("num_live_points=-1", "from 2 or none"),
    "run --sampler numpyro_hmc:trajectory_length=nan": ("trajectory_length='nan'", "above 0"),
    "run --model linear:n_point=3": ("did you mean 'n_points'?",),
    "run --model linear:noise=-1": ("noise=-1.0 does not fit", "expected: a number from"),
    "run --model nowhere.py:x": ("there is no file 'nowhere.py'", "expected: path/to/file.py:name"),
    "run --model nowhere.py": ("'nowhere.py' names no model", "expected: path/to/file.py:name"),
    "run --replicates 0": ("replicates = 0 in the command line", "expected: a whole number from 1"),
    "run --chains -1": ("chains = -1 in the command line", "expected: a whole number from 1"),
    "run --warmup 0": ("warmup = 0 in the command line", "expected: a whole number from 1"),
    "run --draws 0": ("draws = 0 in the command line", "expected: a whole number from 1"),
    "run --jobs 0": ("jobs = 0 in the command line", "expected: a whole number from 1"),
    "run --timeout 0": ("timeout = 0.0", "expected: a number above 0"),
    "run --timeout nan": ("timeout = nan", "expected: a number above 0"),
    "run --draws many": ("draws = 'many' in the command line", "expected: a whole number from 1"),
    "run --seed -1": ("seed = -1", "expected: a whole number from 0 to 2,147,483,647"),
    "run --seed 2147483647": ("seed=2147483647", "less the number of replicates"),
    "run --sampelr exact_iid": (
        "no option of samplerbench run is called '--sampelr'; did you mean '--sampler'?",
        "known options of samplerbench run: --blocks, --calibrate",
        "help: samplerbench run --help",
    ),
    "run --replicates 5 --replicates 6": (
        "--replicates 5 and --replicates 6 are given",
        "expected: one of the two",
    ),
    "run -n auto --replicates 6": ("-n auto and --replicates 6 are given",),
    "run -o a --out b": ("-o a and --out b are given",),
    "bisect a b --draws 1 2 --draws 3": ("--draws 1 2 and --draws 3 are given",),
    "report --json --format csv": ("--json and --format csv are given",),
    "report --figure x": ("no option of samplerbench report", "did you mean '--figures'?"),
    "run a.toml b.toml": ("'b.toml' is one argument too many", "samplerbench run --help"),
    "run nowhere.toml": ("can't read the campaign file 'nowhere.toml'", "expected: a TOML file"),
    "runn": ("no command is called 'runn'; did you mean 'run'?", "known commands: "),
    "list sampler": (
        "no subject of samplerbench list is called 'sampler'; did you mean 'samplers'?",
        "known subjects of samplerbench list: ",
    ),
    "report nowhere": ("is not a campaign: it does not exist", "samplerbench run --out DIR"),
    "report nowhere --format xml": ("no value of --format is called 'xml'", "csv, html, json"),
    "": ("usage: samplerbench",),
}


def run_command(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    try:
        code = main.main(list(arguments))
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", REFUSED)
def test_a_bad_command_is_refused_with_help_before_anything_is_written(
    arguments, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run_command(capsys, *arguments.split())
    assert code == 2
    for words in REFUSED[arguments]:
        assert words in out + err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-o line.py", "'line.py' is a file\n  expected: a new or empty folder"),
        ("--model line:program", "expected: name:setting=value; of a file: line.py:program"),
        ("--model line.py:program --data no.cvs", "can't be read: No such file or directory\n"),
        ("--model line.py:program --data no.cvs", "  expected: a file in .npz, .csv"),
    ],
)
def test_a_file_that_is_taken_for_another_is_refused(options, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.py").write_text("def program(x): ...\n")
    code, _, err = run_command(capsys, "run", "--dry-run", *options.split())
    assert code == 2 and words in err


def test_a_dry_run_tells_trials_environments_and_minutes_and_does_nothing(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    samplers = "--sampler numpyro_nuts exact_iid"
    code, out, _ = run_command(capsys, *f"run --dry-run -n 32 --env current {samplers}".split())
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("campaign: samplerbench-runs/linear-")
    assert lines[1] == "trials to run, in this order: 2"
    assert [line.split()[:3] for line in lines[2:4]] == [
        ["exact_iid", "linear", "current"],
        ["numpyro_nuts", "linear", "current"],
    ]
    assert lines[4] == "environment current is made" and lines[5].startswith("time: about ")
    assert not list(tmp_path.iterdir())


def test_a_dry_run_refuses_a_gate_for_a_row_that_there_will_not_be(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "run --dry-run -n 32 --env current --sampler exact_iid --gate".split()
    code, _, err = run_command(capsys, *words, "exact=honest")
    assert code == 2 and "no row to gate is called 'exact'; did you mean 'exact_iid'?" in err
    assert run_command(capsys, *words, "exact_iid=honest", "undecided")[0] == 0


def subcommands() -> list[str]:
    action = next(a for a in main.build_parser()._actions if getattr(a, "choices", None))
    return list(action.choices)


@pytest.mark.parametrize("command", subcommands())
def test_every_help_fits_a_terminal_and_ends_with_the_exit_codes(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run_command(capsys, command, "--help")
    assert out.startswith(f"usage: samplerbench {command}")
    assert not [line for line in out.splitlines() if len(line) > 80]
    last = " ".join(out.strip().rpartition("\n\n")[2].split())
    assert code == 0 and last.startswith("exit codes: 0 done, ")
    assert last.endswith("2 refused, 130 stopped")
    assert (" 1 " in last) == (command not in ("report", "plan", "history", "completion"))


def test_short_options_are_those_of_its_peers():
    parse = main.build_parser().parse_args
    short = parse("run -o d -n 16 -j 2 -q -v".split())
    for name in ("--output", "--out"):
        long = parse(f"run {name} d --replicates 16 --jobs 2 --quiet --verbose".split())
        assert (short.out, short.replicates, short.jobs) == (long.out, long.replicates, long.jobs)
        assert short.quiet and short.verbose and long.quiet and long.verbose
    for command in ("run", "judge x", "matrix", "report", "compare a b"):
        given = vars(parse([*command.split(), "-o", "there"]))
        assert "there" in map(str, (given.get("out"), given.get("output")))


def test_lists_may_be_given_in_parts_and_flags_again():
    parse = main.build_parser().parse_args
    args = parse("run -q -q --sampler a b --sampler c --draws 3".split())
    assert args.sampler == ["a", "b", "c"] and args.quiet and args.draws == 3
    assert parse("judge x --model a --names m=b --names c=d".split()).names == ["m=b", "c=d"]


def test_version_has_a_short_option(capsys):
    assert run_command(capsys, "-V")[1].strip() == samplerbench.__version__


def test_a_page_without_a_browser_is_named(monkeypatch, capsys, tmp_path):
    asked = []
    monkeypatch.setattr(webbrowser, "open", lambda url: asked.append(url))
    common.open_page(tmp_path / "report.html")
    assert asked == [f"file://{tmp_path}/report.html"]
    assert str(tmp_path / "report.html") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("draws = ", ("is not TOML", "expected: a line each as `draws = 1000`")),
        ("\ufeffdrawz = 3", ("did you mean 'draws'?",)),
        ("drawz = 3", ("did you mean 'draws'?", "known options in bad.toml: ")),
        ("draws = 2.5", ("draws = 2.5 in bad.toml", "expected: a whole number")),
        ("sampler = 3", ("sampler = 3 in bad.toml", "expected: a list of words")),
        ("sampler = [1, 2]", ("sampler = [1, 2] in bad.toml",)),
        (
            "[run]\ndraws = 3",
            ("[run] is a table in bad.toml", "expected: options as keys, in no table of their own"),
        ),
        ("precision = ['64']", ("expected: a list of whole numbers",)),
        ("timeout = 'long'", ("expected: a number",)),
        ("draws = true", ("expected: a whole number",)),
        ("sampler = ['exact_id']", ("did you mean 'exact_iid'?",)),
    ],
)
def test_a_bad_campaign_file_is_refused(text, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text(text)
    code, _, err = run_command(capsys, "run", "bad.toml")
    assert code == 2
    for word in words:
        assert word in err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x = 1\ndef a(:\n", "mine.py can't be read as Python: invalid syntax (mine.py, line 2)"),
        (b"x = 1\0\n", "null bytes\n  expected: path/to/file.py:name, a file of Python or a"),
        (b"\xf6\n", "(mine.py, line 1)\n  expected: path/to/file.py:name"),
        (b"def programme(): ...\n", "did you mean 'programme'?"),
    ],
)
def test_a_models_file_is_read_before_anything_is_run(
    content, words, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_bytes(content)
    code, _, err = run_command(capsys, "run", "--model", "mine.py:program")
    assert code == 2
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.process
def test_a_gpu_that_is_not_there_is_refused_with_what_jax_sees(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")  # whatever the machine has
    out = tmp_path / "c"
    arguments = f"run --device gpu --sampler exact_iid --env current --out {out}"
    code, _, err = run_command(capsys, *arguments.split())
    assert code == 2
    assert re.search(r"device 'gpu' is not there: jax [\d.]+ in environment 'current' sees", err)
    assert "cpu: cpu" in err
    assert "pip install 'jax[cuda12]==" in err
    assert not out.exists()


# -- help and lists --------------------------------------------------------------------------------


@pytest.mark.process
@pytest.mark.parametrize("command", ["--help", "run --help", "list", "list samplers", "--version"])
def test_help_and_lists_start_nothing_heavy(command):
    code = (
        "import sys\nfrom samplerbench.cli.main import main\n"
        f"try:\n    main({command.split()})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(done.stderr.split())
    assert "samplerbench.cli.main" in loaded and done.stdout
    heavy = {"jax", "jaxlib", "numpyro", "jaxns", "pandas", "arviz", "matplotlib", "scipy", "rich"}
    assert not loaded & heavy


def test_ctrl_c_while_the_command_loads_is_no_traceback(capsys, monkeypatch):
    class Interrupt:
        def find_spec(self, name, *_):
            if name == "samplerbench.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "samplerbench.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Interrupt(), *sys.meta_path])
    assert entry.main() == common.EXIT_INTERRUPTED
    assert capsys.readouterr().err == "samplerbench: stopped\n"


def test_an_error_that_a_library_made_of_ctrl_c_is_no_traceback(capsys, monkeypatch):
    def load(args):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        except KeyboardInterrupt:
            raise TypeError("expected a message argument") from None  # as NumPy's while imported

    monkeypatch.setattr("samplerbench.cli.check.execute", load)
    assert run_command(capsys, "check") == (common.EXIT_INTERRUPTED, "", "samplerbench: stopped\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr("samplerbench.cli.check.execute", lambda args: {}["an error of its own"])
    with pytest.raises(KeyError):
        main.main(["check"])


def test_lists_name_what_is_registered(capsys):
    from samplerbench.harness.environments import environments
    from samplerbench.models.base import models
    from samplerbench.samplers.base import samplers

    code, out, _ = run_command(capsys, "list")
    assert code == 0
    for name in (*samplers.names(), *models.names(), *environments.names()):
        assert re.search(rf"^  {re.escape(name)} +\S", out, re.MULTILINE)
    for what, names in (("samplers", samplers.names()), ("models", models.names())):
        code, out, _ = run_command(capsys, "list", what)
        listed = [line.split()[0] for line in out.splitlines()]
        assert sorted(listed) == sorted(names)
        if what == "samplers":  # what knows the answer comes last
            control = [samplers.get(name).control for name in listed]
            assert control == sorted(control)


# -- reports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [100, 120, 300])  # a name alone takes 39 of them
def test_the_table_fits_its_terminal_and_120_columns(campaign, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = run_command(capsys, "report", str(campaign.folder))
    assert code == 0
    assert max(map(len, out.splitlines())) <= min(width, 120)
    assert "exact_iid" in out and "failed" in out
    assert not re.search(r"[^\S\n]+$", out, re.MULTILINE)


@pytest.mark.process
@pytest.mark.parametrize(
    "arguments", ["list", "--help", "report CAMPAIGN --format json", "report CAMPAIGN"]
)
def test_a_reader_that_leaves_is_no_error(campaign, arguments):
    words = arguments.replace("CAMPAIGN", str(campaign.folder)).split()
    reads, writes = os.pipe()
    os.close(reads)  # as `| head` does once it has its lines, here before the first
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    for environment in (buffered, {**buffered, "PYTHONUNBUFFERED": "1"}):
        done = subprocess.run(
            [trials.COMMAND, *words], stdout=writes, stderr=subprocess.PIPE, env=environment
        )
        told = done.stderr.removeprefix(b"samplerbench: 1 of 8 trials have no result yet\n")
        assert (done.returncode, told) == (0, b"")
    os.close(writes)


@pytest.mark.parametrize("out", [True, False])
def test_a_campaign_that_is_lost_is_begun_anew_elsewhere(out, monkeypatch, capsys, tmp_path):
    """Its folder would be refused; one that is kept is gone on with."""
    from samplerbench.harness.campaign import run

    typed = ["run", *(["--out", str(tmp_path)] if out else [])]
    monkeypatch.setattr(sys, "argv", ["samplerbench", *typed])
    anew = "another, as" if out else "samplerbench run"
    word = "--out" if out else "-o"
    kept = f"go on with: samplerbench run {word} {tmp_path}\n"
    for is_kept, words in ((True, kept), (False, f"anew with: {anew} -o {tmp_path}-2\n")):
        lost = run.RunInterrupted(tmp_path, 4, "it was removed", is_kept)
        monkeypatch.setattr(run, "run", Mock(side_effect=lost))
        assert main.main(typed) == common.EXIT_FAILED
        assert words in capsys.readouterr().err
