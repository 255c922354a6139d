"""Imports point one way: models <- samplers <- harness <- reports, the command line on top.

Read from the files as they are; only the last tests import anything.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: package -> the packages of ours that its files may import, at the top or inside a function
ARROWS = {
    "models": {"models"},
    "samplers": {"models", "samplers"},
    "harness": {"models", "samplers", "harness"},
    "reports": {"models", "samplers", "harness", "reports"},
}
#: on top of all
TOP = ("harness.cli", "harness.commands")
#: what of `harness` runs in a worker, in an environment where this project is not installed
IN_WORKERS = {
    f"harness.{name}".removesuffix(".")
    for name in (
        "",
        "records",
        "worker",
        "clocks",
        "machine",
        "drawsfile",
        "bootstrap",
        "replicates",
        "survey",
        "cubature",
        "hills",
        "joint",
        "brought",
        "checks",
        "checks.density",
        "checks.model",
        "checks.programs",
        "checks.runs",
        "checks.sampler",
        "checks.subject",
        "checks.task",
    )
}
#: files that hold what models and samplers share; of `models`, samplers import these alone
CONTRACTS = {"models.base", "models.registry"}
COORDINATORS = {"pandas", "arviz", "chainconsumer", "matplotlib", "orjson", "rich", "jinja2",
                "packaging", "xarray", "uv"}  # fmt: skip
SAMPLERS_OWN = {"jax", "jaxlib", "numpyro", "jaxns", "tensorflow_probability", "tfp"}


def name_of(path: Path) -> str:
    """The module that a file is: harness/cli.py -> harness.cli."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {name_of(path): path for package in ARROWS for path in (ROOT / package).rglob("*.py")}
COMMAND_LINE = {name for name in FILES if name.startswith(TOP)}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}
WORKERS = {name for name in FILES if name.split(".")[0] in ("models", "samplers")} | IN_WORKERS


def imported(tree: ast.Module, inside: bool) -> set[str]:
    """Modules that are imported at the top of a file, or also ``inside`` its functions.

    What is only for type checkers is left out: it does not happen.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in names if name in FILES} or {str(node.module)}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif inside or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] in ARROWS}


def test_a_file_imports_no_package_above_its_own():
    for name in FILES.keys() - COMMAND_LINE:
        above = ARROWS.keys() - ARROWS[name.split(".")[0]]
        assert not packages(imported(TREES[name], inside=True)) & above, name


def test_nothing_imports_the_command_line():
    for name in FILES.keys() - COMMAND_LINE:
        assert not imported(TREES[name], inside=True) & COMMAND_LINE, name


def test_samplers_know_the_contract_of_models_alone():
    for name in FILES:
        if name.startswith("samplers"):
            theirs = {m for m in imported(TREES[name], inside=True) if m.startswith("models")}
            assert theirs <= CONTRACTS, name


def test_the_worker_side_needs_only_numpy_and_itself_to_be_imported():
    for name in WORKERS:
        modules = imported(TREES[name], inside=False)
        assert ours(modules) <= WORKERS, name
        others = packages(modules - ours(modules))
        assert others <= set(sys.stdlib_module_names) | {"numpy"}, name


def test_the_worker_side_never_imports_what_only_the_coordinator_has():
    for name in WORKERS:
        modules = imported(TREES[name], inside=True)
        assert not packages(modules) & COORDINATORS, name
        # the package's own `run` and `load` are the coordinator's, behind a function
        assert ours(modules) <= WORKERS or name == "harness", name


def test_the_worker_side_is_written_for_python_3_9():
    for name in WORKERS:
        ast.parse(FILES[name].read_text("utf-8"), feature_version=(3, 9))


def test_the_coordinator_never_imports_a_samplers_library():
    for name in FILES.keys() - WORKERS:
        assert not packages(imported(TREES[name], inside=True)) & SAMPLERS_OWN, name


def test_there_is_no_import_cycle():
    """Of imports at the top; ``TopologicalSorter`` raises CycleError with the cycle."""
    graph = {
        name: {m for m in imported(tree, inside=False) if m in FILES and m != name}
        for name, tree in TREES.items()
    }
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(FILES)


def test_the_reader_of_imports_sees_what_it_should():
    tree = ast.parse(
        "import a.b\nfrom harness import cli, nothing\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import only_for_types\n"
        "try:\n    import tried\nexcept ImportError:\n    pass\n"
        "class C:\n    import in_class\n    def f(self):\n        import in_function\n"
    )
    top = {"a.b", "harness.cli", "typing", "tried", "in_class"}
    assert imported(tree, inside=False) == top
    assert imported(tree, inside=True) == top | {"in_function"}


# -- as it is when run -----------------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """The packages that are loaded in a fresh process once ``code`` has run."""
    code = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return packages(set(done.stdout.split()))


def test_importing_the_coordinator_starts_no_jax_and_no_pandas():
    wanted = "import harness, harness.campaign, harness.cli, harness.plan, harness.progress"
    loaded = loaded_by(wanted)
    assert "harness" in loaded
    assert not loaded & (SAMPLERS_OWN | {"pandas", "arviz", "matplotlib", "rich"})


def test_importing_a_worker_and_all_samplers_and_models_needs_only_numpy():
    loaded = loaded_by(
        "import harness.worker\n"
        "from models.base import models\n"
        "from samplers.base import samplers\n"
        "assert len(samplers.names()) >= 5 and models.names()"
    )
    assert not loaded & (SAMPLERS_OWN | COORDINATORS | {"scipy"})
