"""A user's file is run as `python FILE` would, and what it imports beside itself is part of it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import warnings

import numpy as np
import pytest

from samplerbench.errors import RunInModelFile, UsageError
from samplerbench.models.loading import model_names, notebook, script
from samplerbench.models.loading.device import advise_device
from samplerbench.models.loading.repeatable import repeatable_randomness


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder / "mine.py"


def test_the_files_folder_and_arguments_are_its_own_and_undone_afterwards(tmp_path):
    file = write(
        tmp_path,
        helper_of_mine="value = 3",
        mine="import sys, helper_of_mine\nargv, first = sys.argv, sys.path[0]\n",
    )
    path, argv = list(sys.path), sys.argv
    module = script.run_file(file)
    assert module.helper_of_mine.value == 3
    assert (module.argv, module.first) == ([str(file)], str(tmp_path))
    assert sys.path == path and sys.argv is argv


def test_a_users_models_and_harness_beside_the_file_stand_for_themselves(tmp_path):
    text = "import models, samplers\nfrom samplerbench.models.base import Model\n"
    file = write(tmp_path, models="mine = 1", samplers="mine = 2", mine=text)
    try:
        module = script.run_file(file)
        assert (module.models.mine, module.samplers.mine) == (1, 2)
        assert module.Model.__module__ == "samplerbench.models.base"
    finally:
        for name in ("models", "samplers"):
            sys.modules.pop(name, None)


def test_a_process_enters_the_callers_folder_where_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["command", "with", "words"])
    (tmp_path / "called").mkdir()
    script.enter_script(tmp_path / "mine.py", str(tmp_path / "called"))
    assert os.getcwd() == str(tmp_path / "called") and sys.argv == [str(tmp_path / "mine.py")]
    script.enter_script(tmp_path / "mine.py", str(tmp_path / "gone"))
    assert os.getcwd() == str(tmp_path / "called")


def test_a_script_that_ends_well_is_a_model_and_one_that_fails_is_refused(tmp_path):
    assert script.run_file(write(tmp_path, mine="x = 1\nimport sys\nsys.exit(0)")).x == 1
    with pytest.raises(UsageError, match=r"ended itself .* SystemExit: 2\n .*\n  expected: a file"):
        script.run_file(write(tmp_path, mine="import sys\nsys.exit(2)"))


CHOOSES = """
import os
os.environ["JAX_PLATFORMS"] = os.environ["JAX_PLATFORM_NAME"] = "gpu"
import jax
jax.config.update("jax_platform_name", "gpu")  # as numpyro.set_platform does
jax.config.update("jax_platforms", "cuda")
"""


@pytest.mark.slow  # starts JAX
def test_a_device_that_a_file_chooses_gives_way_to_that_of_the_trial(tmp_path, monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.delenv("JAX_PLATFORM_NAME", raising=False)
    script.run_file(write(tmp_path, mine=CHOOSES))
    assert os.environ["JAX_PLATFORMS"] == "cpu" and "JAX_PLATFORM_NAME" not in os.environ
    assert jax.config.jax_platforms == "cpu"
    assert jax.numpy.zeros(1).devices().pop().platform == "cpu"


def test_an_error_of_a_device_that_is_not_there_is_told_from_others():
    assert "numpyro.set_platform" in advise_device(RuntimeError("Unknown backend: 'gpu' requested"))
    assert advise_device(RuntimeError("no such backend")) == ""


# -- what is known of a file -----------------------------------------------------------------------


def test_a_file_without_helpers_keeps_its_digest_and_a_changed_helper_is_another_trial(tmp_path):
    file = write(tmp_path, mine="import json, numpy\ndef program(): ...\n")
    alone = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    assert model_names.check_model(f"{file}:program", {}) == (f"{file}:program", alone)
    (tmp_path / "far.py").write_text("x = 1")
    (tmp_path / "near.py").write_text("def f():\n    from far import x\n")
    file.write_text("import near\ndef program(): ...\n")
    first = script.digest_file(file)
    (tmp_path / "far.py").write_text("x = 2")
    assert script.digest_file(file) != first


def test_helpers_are_found_through_helpers_packages_and_circles(tmp_path):
    file = write(tmp_path, mine="import near, numpy", near="import package.part, mine", other="")
    (tmp_path / "package").mkdir()
    for name in ("__init__", "part"):
        (tmp_path / "package" / f"{name}.py").write_text("")
    names = [path.relative_to(tmp_path).as_posix() for path in script.find_helpers(file)]
    assert names == ["near.py", "package/__init__.py", "package/part.py"]


def test_a_file_of_a_package_finds_it_as_python_m_does_and_its_digest_holds_it(tmp_path):
    folder = tmp_path / "study" / "fits"
    folder.mkdir(parents=True)
    for path in (folder.parent / "__init__.py", folder / "__init__.py"):
        path.write_text("")
    (folder.parent / "near.py").write_text("x = 1\n")
    (folder / "part.py").write_text("from ..near import x\n")
    text = "from .part import x\nfrom study.near import x as y\ndef program(): return x + y\n"
    (folder / "mine.py").write_text(text)
    before, first = list(sys.path), script.digest_file(folder / "mine.py")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert script.run_file(folder / "mine.py").program() == 2
    assert sys.path == before and script.list_packages(folder / "mine.py") == []
    for name in [name for name in sys.modules if name.partition(".")[0] == "study"]:
        del sys.modules[name]
    (folder.parent / "near.py").write_text("x = 2\n")
    assert script.digest_file(folder / "mine.py") != first


def test_modules_of_the_callers_pythonpath_are_found_and_installed_packages_are_not(
    tmp_path, monkeypatch
):
    folders = [tmp_path / name for name in ("lib", "site-packages", "own")]
    for folder in (*folders, tmp_path / "here"):
        folder.mkdir()
    (folders[0] / "far_module.py").write_text("x = 5\n")
    (folders[1] / "numpy.py").write_text("raise RuntimeError\n")
    (folders[2] / "samplerbench").mkdir()
    file = write(tmp_path / "here", mine="from far_module import x\ndef program(): return x\n")
    alone = script.digest_file(file)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, folders)))
    monkeypatch.delenv(script.SEARCH_VARIABLE, raising=False)
    assert script.run_file(file).program() == 5
    del sys.modules["far_module"]
    assert script.find_helpers(file) == [folders[0] / "far_module.py"]
    assert script.place_module(folders[0] / "far_module.py", file) == "far_module.py"
    first = script.digest_file(file)
    assert alone != first
    # a worker has them under a name of its own
    monkeypatch.setenv(script.SEARCH_VARIABLE, script.describe_search_path())
    monkeypatch.delenv("PYTHONPATH")
    assert script.describe_search_path() == str(folders[0]) and script.digest_file(file) == first


# -- notebooks -------------------------------------------------------------------------------------


def write_notebook(folder, *cells):
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    (folder / "mine.ipynb").write_text(text)
    return folder / "mine.ipynb"


def test_a_notebooks_code_is_run_without_its_magics_which_are_named(tmp_path):
    file = write_notebook(
        tmp_path,
        ["%matplotlib inline\n", "x = 1\n", "files = !ls\n", "if x:\n", "    !pip list"],
        "%%bash\nls",
        "def program(): return x % 2\ndisplay(x)",
    )
    assert model_names.check_model(f"{file}:program", {})[0] == f"{file}:program"
    assert script.run_file(file).program() == 1
    (note,) = script.describe_skipped(file)
    for line in ("%matplotlib inline", "files = !ls", "!pip list", "%%bash"):
        assert repr(line) in note


@pytest.mark.parametrize("magic", ["%%time", "%%capture --no-stderr", "\n%%prun"])
def test_a_cell_of_python_that_is_clocked_or_silenced_is_run(magic, tmp_path):
    file = write_notebook(tmp_path, f"{magic}\n!pip list\ndef program(): ...")
    assert script.run_file(file).program() is None


@pytest.mark.parametrize(
    "cell",
    [
        'x = """\n% of people\n!\n?\n"""',
        "x = (7\n  % 4)",
        "x = 7 \\\n  % 4",
        "x = (3\n!= 2)",
        "%time x = dict(a=1,\n    b=2)",
        "if True:\n    %time x = sorted([2,\n        1])",
    ],
)
@pytest.mark.parametrize("magic", ["", "%matplotlib inline\n", "!echo '(\n!echo \"\n"])
def test_lines_that_only_look_as_if_for_ipython_are_run_as_they_are(cell, magic, tmp_path):
    file = write_notebook(tmp_path, f"{magic}{cell}\n{magic}def program(): return x")
    expected: dict = {}
    exec(cell.replace("%time ", ""), expected)
    assert script.run_file(file).program() == expected["x"]
    skipped = [*notebook.read_code(file.read_bytes())[1]]
    assert sorted(skipped) == sorted(2 * magic.splitlines())


def test_a_notebook_that_starts_a_campaign_is_run_up_to_there_and_says_so(tmp_path):
    start = "from samplerbench.errors import RunInModelFile\nraise RunInModelFile('run() called')"
    file = write_notebook(tmp_path, "def before(): ...", start, "def below(): ...")
    assert model_names.load_model(f"{file}:before", {}).name == "before"
    assert script.describe_skipped(file) == [
        "the notebook starts a campaign: what stands there and below was not run"
    ]
    with pytest.raises(RunInModelFile, match=r"run\(\) called"):
        model_names.load_model(f"{file}:below", {})
    with pytest.raises(RunInModelFile):  # a file of Python has a guard
        script.run_file(write(tmp_path, mine=start))


def test_a_place_in_a_notebook_is_its_cell_and_the_line_in_that(tmp_path):
    cells = ["", "%matplotlib inline\nx = 1", "%%bash\nls\npwd", "y = 2\ny = x / 0\n"]
    file = write_notebook(tmp_path, *cells)
    with pytest.raises(ZeroDivisionError) as raised:
        script.run_file(file)
    assert script.find_place(raised.value, file) == "mine.ipynb, code cell 4, line 2"
    file = write_notebook(tmp_path, *cells[:3], "y = 2\ny = = 2")
    with pytest.raises(UsageError, match=r"invalid syntax \(mine.ipynb, code cell 4, line 2\)"):
        model_names.check_model(f"{file}:y", {})


def test_a_name_that_a_notebook_lacks_is_refused_with_those_that_it_has(tmp_path):
    file = write_notebook(tmp_path, "def growth(): ...", "data = {}")
    with pytest.raises(UsageError, match=r"'growht'; did you mean 'growth'\?\n .* data, growth"):
        model_names.check_model(f"{file}:growht", {})


def test_what_is_no_notebook_is_refused(tmp_path):
    for content in (b"[]", b"x = 1"):
        with pytest.raises(ValueError):
            notebook.read_code(content)
    (tmp_path / "mine.ipynb").write_text("[]")
    with pytest.raises(UsageError, match="can't be read as Python: it holds no cells"):
        model_names.check_model(f"{tmp_path / 'mine.ipynb'}:program", {})


@pytest.mark.parametrize(
    ("program", "taken"),
    [
        ("def program(x=grid): return x", {}),
        ("def program(x=grid, *, scale=1.0): return x", {}),
        ("def program(x): return x", {"x"}),
        ("def program(x=None, scale=1.0): return x", {"x"}),
        ("def program(scale=1.0, **columns): return columns", {"x", "y"}),
    ],
)
def test_a_raw_table_called_data_replaces_no_default_of_a_program_that_lacks_nothing(
    program, taken, tmp_path
):
    table = "import numpy, pandas\ndata = pandas.DataFrame({'x': [1.0], 'y': [2.0]})\n"
    file = write(tmp_path, mine=f"{table}grid = numpy.zeros(3)\n{program}")
    model = model_names.load_model(f"{file}:program", {})
    assert {*model.data} == {*taken}
    notes = script.describe_skipped(file)
    assert len(notes) == (not taken) and all("not handed over" in note for note in notes)


def test_numbers_without_a_seed_are_the_same_each_time_and_generators_are_as_before_at_the_end():
    def draw():
        with repeatable_randomness():
            first, second = np.random.default_rng(), np.random.default_rng()
            own = np.random.default_rng(7).normal()
            return random.random(), np.random.normal(), first.normal(), second.normal(), own

    before = np.random.get_state()[1].copy(), random.getstate()
    one, other = draw(), draw()
    assert one == other and len({*one}) == 5
    assert one[-1] == np.random.default_rng(7).normal()
    assert np.array_equal(np.random.get_state()[1], before[0]) and random.getstate() == before[1]
    assert np.random.default_rng().normal() != np.random.default_rng().normal()


def test_a_generators_maker_that_outlives_the_files_run_makes_others_again():
    with repeatable_randomness():
        make = np.random.default_rng
    assert make().normal() != make().normal()


def test_a_program_that_is_defined_twice_is_said_to_be_the_last(tmp_path):
    cells = ["import math", "def model():\n    pass", "x = 1\ndef model(y):\n    pass"]
    file = tmp_path / "a.ipynb"
    sources = [{"cell_type": "code", "source": cell} for cell in cells]
    file.write_text(json.dumps({"cells": sources}))
    assert script.describe_redefined(file, f"{file}:model") == [
        "'model' is defined at code cell 2, line 1 and code cell 3, line 2: the last one is taken"
    ]
    plain = tmp_path / "a.py"
    plain.write_text("if 1:\n    def f(): pass\nelse:\n    def f(): pass\ndef g(): pass\n")
    assert script.describe_redefined(plain, "a.py:f") == []
    assert script.describe_redefined(plain, "a.py:g") == []
