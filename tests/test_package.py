"""The distribution as users get it: built, installed, used beside folders called like its parts.

Wheel and sdist are built from a copy of the checkout, with no index; the wheel is installed into
an environment of its own, which borrows all that it needs from the one that runs the tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import source
from tests.support.paths import ROOT

pytestmark = pytest.mark.process

UV = Path(sys.executable).with_name("uv")
OFFLINE = ("--offline", "--no-config", "--python", sys.executable)
NOT_COPIED = (".git", ".venv", ".*_cache", ".benchmarks", "*.egg-info", "__pycache__", "build")
#: what is no Python and must be installed too
DATA = (".toml", ".json", ".txt", ".mplstyle", ".jinja", ".css", ".js", ".typed")
#: a project with folders and files called like the parts of this one; one holds code, others raise
PROJECT = {
    "models/__init__.py": "SLOPE = 2.0\n",
    "harness/__init__.py": "raise RuntimeError('the harness of the user')\n",
    "reports/__init__.py": "raise RuntimeError('the reports of the user')\n",
    "samplers.py": "raise RuntimeError('the samplers of the user')\n",
    "line.py": """
import numpy as np
import numpyro
import numpyro.distributions as dist

from models import SLOPE

data = {"x": np.arange(5.0), "y": SLOPE * np.arange(5.0)}


def program(x, y):
    slope = numpyro.sample("slope", dist.Normal(0.0, 10.0))
    numpyro.sample("y", dist.Normal(slope * x, 1.0), obs=y)
""",
    "test_line.py": """
from models import SLOPE


def test_independent_draws_are_honest(sampler_benchmark):
    scores = sampler_benchmark("linear", sampler="exact_iid")
    assert SLOPE == 2.0 and scores["verdict"] == "honest"
""",
}
NOTEBOOK = """
import nbformat
from nbclient import NotebookClient
from nbformat import v4

code = '''
import samplerbench
from models import SLOPE

sizes = dict(warmup=20, draws=200, env=["current"], out="notebook-run")
campaign = samplerbench.run(model="linear", samplers=["exact_iid"], replicates=32, **sizes)
print(SLOPE, campaign.table()["verdict"].tolist())
campaign.close()
'''
book = v4.new_notebook(cells=[v4.new_code_cell(code)])
notebook = NotebookClient(book, timeout=300, kernel_name="python3").execute()
print("".join(out.get("text", "") for out in notebook.cells[0].outputs))
"""


def check(*command: object, cwd: Path) -> str:
    """What a command prints; its errors are shown where it fails."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build(checkout: Path, out: Path, *kinds: str) -> None:
    check(
        UV, "build", *OFFLINE, "--no-build-isolation", *kinds, "-o", out, checkout, cwd=out.parent
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("package")


@pytest.fixture(scope="module")
def sdist(folder):
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    build(copy, folder / "sdist", "--sdist")
    build(copy, folder / "from-checkout", "--wheel")
    return next((folder / "sdist").glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(folder, sdist):
    """The wheel that the checkout makes."""
    return next((folder / "from-checkout").glob("*.whl"))


@pytest.fixture(scope="module")
def python(folder, wheel):
    """An interpreter with the wheel installed and the libraries of this one within reach."""
    check(sys.executable, "-m", "venv", "--without-pip", "environment", cwd=folder)
    interpreter = folder / "environment" / "bin" / "python"
    (packages,) = (folder / "environment").glob("lib/python*/site-packages")
    # only the folder: a .pth file in it, such as that of an editable install, is not followed
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = (UV, "pip", "install", "--offline", "--no-config", "--no-deps")
    check(*install, "--python", interpreter, wheel, cwd=folder)
    return interpreter


@pytest.fixture(scope="module")
def project(folder):
    """A user's folder, in which every name that a part of this project has is taken."""
    for name, text in PROJECT.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "project"


# -- built -----------------------------------------------------------------------------------------


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_brings_one_name_that_can_be_imported(wheel):
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert len(tops) == 2 and "samplerbench" in tops
    (info,) = tops - {"samplerbench"}
    assert info.startswith("samplerbench-") and info.endswith(".dist-info")


def test_the_wheel_holds_every_module_and_every_file_that_they_read(wheel):
    names = contents(wheel).keys()
    stems = [module.replace(".", "/") for module in source.source_files()]
    assert not [s for s in stems if not {f"{s}.py", f"{s}/__init__.py"} & names]
    for folder in source.LINKED:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in DATA and "published" not in path.parts:
                assert f"samplerbench/{path.relative_to(ROOT)}" in names
    assert "samplerbench/py.typed" in names


def test_the_wheel_carries_its_licence(wheel):
    assert any(name.endswith("licenses/LICENSE") for name in contents(wheel))


def test_the_sdist_holds_files_and_no_links(sdist):
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    assert all(member.isfile() or member.isdir() for member in members)
    names = {member.name.partition("/")[2] for member in members}
    assert {"samplerbench/harness/records.py", "pyproject.toml", "LICENSE"} <= names


def test_the_sdist_makes_the_same_wheel_as_the_checkout(folder, sdist, wheel):
    build(sdist, folder / "from-sdist", "--wheel")
    (again,) = (folder / "from-sdist").glob("*.whl")
    assert contents(again) == contents(wheel)


# -- installed -------------------------------------------------------------------------------------


def test_the_installed_package_is_the_one_that_runs(python, project):
    code = "import samplerbench; print(samplerbench.__file__)"
    assert "environment" in Path(check(python, "-c", code, cwd=project).strip()).parts


def test_the_command_lists_what_is_registered(python, project):
    text = check(python, "-m", "samplerbench", "list", cwd=project)
    assert "numpyro_nuts" in text and "linear" in text


def test_a_users_test_has_the_fixture(python, project):
    text = check(python, "-m", "pytest", "-p", "no:cacheprovider", "test_line.py", cwd=project)
    assert "1 passed" in text


def test_a_model_file_may_import_what_lies_beside_it(python, project):
    command = (python.with_name("samplerbench"), "run", "--model", "line.py:program", "--quiet")
    sizes = ("--sampler", "numpyro_nuts", "--replicates", 2, "--warmup", 50, "--draws", 50)
    check(*command, *sizes, "--env", "current", "--out", "file-run", cwd=project)
    report = (python.with_name("samplerbench"), "report", "file-run", "--format", "json")
    (row,) = json.loads(check(*report, cwd=project))["rows"]
    assert (row["status"], row["reason"]) == ("ok", "")


def test_a_notebook_runs_a_campaign(python, project):
    pytest.importorskip("nbclient", reason="needs samplerbench[dev]")
    assert "2.0 ['undecided']" in check(python, "-c", NOTEBOOK, cwd=project)
