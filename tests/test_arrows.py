"""Imports point one way: models <- samplers <- harness <- reports, the command line on top.

One table says which packages each package's files may import, at the top or inside a function.
Read from the files as they are; only the last tests import anything.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import subprocess
import sys

import pytest

from tests.support import source
from tests.support.paths import ROOT

BASE = set("errors options registry plugins components files user_files text version".split())
STATISTICS = "harness.statistics"
CAMPAIGN = "harness harness.environments harness.ground_truth harness.scoring"
TABLES = "harness.campaign.tables"
MODELS = "models models.loading models.posteriordb"
#: package -> the packages that its files may import beside their own and BASE.
#: The worker's side: loads in a foreign environment with NumPy and the sampler's own libraries.
WORKER_SIDE = {
    "models": "models.exact",
    "models.exact": "models",
    "models.loading": "models models.posteriordb",
    "models.posteriordb": "models models.loading",
    "samplers": "models samplers.support",
    "samplers.loading": "models models.loading samplers samplers.support",
    "samplers.support": "models samplers",
    "harness": "models models.loading samplers",
    "harness.worker": "models models.loading samplers samplers.loading samplers.support harness",
    "harness.worker.inspection": (
        "models models.loading samplers samplers.loading samplers.support harness harness.worker"
    ),
    "harness.worker.conformance": (
        "models models.loading samplers samplers.loading samplers.support harness harness.worker"
    ),
}
#: The coordinator's side, which never imports a sampler's library.
COORDINATOR_SIDE = {
    "harness.environments": "harness samplers",
    "harness.statistics": "models",
    "harness.ground_truth": f"{STATISTICS} {MODELS} harness",
    "harness.scoring": f"{STATISTICS} harness harness.ground_truth harness.scoring.metrics models"
    " rounding",
    "harness.scoring.metrics": f"{STATISTICS} harness.scoring models rounding",
    "harness.comparison": f"{STATISTICS} harness models rounding",
    "harness.campaign": f"{CAMPAIGN} {STATISTICS} {TABLES} {MODELS} samplers",
    TABLES: "harness models.loading",
    "harness.compatibility": (
        f"{STATISTICS} harness harness.campaign harness.environments harness.scoring models "
        "samplers"
    ),
    "harness.upgrades": (
        f"{STATISTICS} harness harness.campaign harness.compatibility harness.environments "
        "harness.scoring rounding samplers"
    ),
    "harness.pytest_plugin": (
        f"{STATISTICS} harness harness.campaign harness.scoring harness.worker models "
        "models.loading samplers samplers.loading rounding"
    ),
    "reports": (
        f"{STATISTICS} harness harness.scoring harness.pytest_plugin "
        "reports.figures reports.pages reports.scaling reports.tables rounding"
    ),
    "reports.tables": "harness harness.campaign harness.scoring rounding samplers",
    "reports.figures": (
        f"{STATISTICS} harness harness.comparison models.loading reports reports.comparison "
        "reports.scaling reports.tables rounding"
    ),
    "reports.scaling": (
        f"{STATISTICS} harness harness.campaign harness.comparison reports.tables rounding"
    ),
    "reports.comparison": (
        "harness harness.comparison harness.scoring reports reports.figures reports.pages "
        "reports.tables rounding"
    ),
    "reports.compatibility": "harness.compatibility reports.tables rounding",
    "reports.upgrades": ("harness.upgrades reports.figures reports.pages reports.tables rounding"),
    "reports.pages": "reports reports.figures reports.scaling reports.tables rounding",
}
#: on top of all
TOP = {"__init__", "__main__", "arguments", "campaign", "conformance", "notebook_progress", "cli"}
#: of ``harness`` itself, what only the coordinator loads
LAUNCHER = {"harness.launcher", "harness.scratch_folder", "harness.worker_log"}
#: files that hold what models and samplers share; of ``models``, samplers import these alone
CONTRACTS = {"models.base", "models.loading.script", "models.loading.top_level"}
COORDINATORS = set(
    "pandas arviz chainconsumer matplotlib orjson rich jinja2 packaging xarray uv".split()
)
SAMPLERS_OWN = {"jax", "jaxlib", "numpyro", "jaxns", "tensorflow_probability", "tfp"}


#: module without ``samplerbench.`` -> its file; the root package is ``__init__``
FILES = {
    "__init__" if module == "samplerbench" else module.removeprefix("samplerbench."): path
    for module, path in source.source_files().items()
}
PACKAGES = {name for name, path in FILES.items() if path.name == "__init__.py"} - {"__init__"}


def package_of(name: str) -> str:
    """The package that a module's file lies in; a module of ``samplerbench`` stands for itself."""
    if name in PACKAGES:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in PACKAGES else name


def read_imports(tree: ast.Module, inside: bool) -> set[str]:
    """Modules imported at the top of a file, or also ``inside`` functions; ours without the root.

    What is only for type checkers is left out: it does not happen.
    """
    names: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            each = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in each if name.removeprefix("samplerbench.") in FILES}
            names |= modules if modules == each else modules | {str(node.module)}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif inside or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return {name.removeprefix("samplerbench.") for name in names}


@functools.cache
def imports_of(name: str, inside: bool) -> set[str]:
    """What the file of module ``name`` imports."""
    return read_imports(source.parse(FILES[name]), inside)


def ours(modules: set[str]) -> set[str]:
    """Those of ``modules`` that are the project's; the root package is ``__init__``."""
    known = {"__init__" if name == "samplerbench" else name for name in modules}
    return known & FILES.keys()


def others(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules - FILES.keys() - {"samplerbench"}}


ROWS = {**WORKER_SIDE, **COORDINATOR_SIDE}
ARROWS = {package: set(row.split()) for package, row in ROWS.items()}
BELOW = {name for name in FILES if package_of(name).split(".")[0] not in TOP}
WORKERS = {name for name in FILES if package_of(name) in {*WORKER_SIDE, *BASE}} - LAUNCHER


def test_every_package_has_its_row_in_the_table():
    assert {package_of(name) for name in BELOW} == {*ARROWS, *BASE, "rounding"}


@pytest.mark.parametrize("package", sorted(ARROWS))
def test_a_file_imports_only_the_packages_that_its_row_names(package):
    for name in BELOW:
        if package_of(name) == package:
            theirs = {package_of(m) for m in ours(imports_of(name, inside=True))}
            assert theirs <= {package, *ARROWS[package], *BASE}, name


def test_the_table_allows_no_more_than_is_there():
    for package, allowed in ARROWS.items():
        files = [name for name in BELOW if package_of(name) == package]
        modules = {m for name in files for m in ours(imports_of(name, inside=True))}
        assert allowed <= {package_of(m) for m in modules}, package


def test_what_all_packages_share_imports_nothing_above_it():
    for name in BASE | {"rounding"}:
        assert ours(imports_of(name, inside=True)) <= BASE, name


def test_samplers_know_the_contract_of_models_alone():
    for name in FILES:
        if name.startswith("samplers"):
            modules = {m for m in imports_of(name, inside=True) if m.startswith("models")}
            assert modules <= CONTRACTS, name


def test_the_worker_side_needs_only_numpy_and_itself_to_be_imported():
    for name in WORKERS:
        modules = imports_of(name, inside=False)
        assert ours(modules) <= WORKERS, name
        assert others(modules) <= set(sys.stdlib_module_names) | {"numpy"}, name


def test_the_worker_side_never_imports_what_only_the_coordinator_has():
    for name in WORKERS:
        modules = imports_of(name, inside=True)
        assert not others(modules) & COORDINATORS, name
        assert ours(modules) <= WORKERS, name


def test_the_worker_side_is_written_for_python_3_9():
    for name in WORKERS | {"__init__"}:  # importing anything of a package imports its root
        ast.parse(FILES[name].read_text("utf-8"), feature_version=(3, 9))


def test_the_coordinator_never_imports_a_samplers_library():
    for name in FILES.keys() - WORKERS:
        assert not others(imports_of(name, inside=True)) & SAMPLERS_OWN, name


def test_there_is_no_import_cycle():
    """Imports inside functions count; ``TopologicalSorter`` raises CycleError with the cycle."""
    graph = {name: ours(imports_of(name, inside=True)) - {name} for name in FILES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(FILES)


def test_the_reader_of_imports_sees_what_it_should():
    tree = ast.parse(
        "import a.b\nfrom samplerbench.cli import main\nfrom samplerbench.models import nothing\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import only_for_types\n"
        "try:\n    import tried\nexcept ImportError:\n    pass\n"
        "class C:\n    import in_class\n    def f(self):\n        import in_function\n"
    )
    top = {"a.b", "cli.main", "models", "typing", "tried", "in_class"}
    assert read_imports(tree, inside=False) == top
    assert read_imports(tree, inside=True) == top | {"in_function"}
    assert package_of("cli.main") == "cli" and package_of("errors") == "errors"


# -- as it is when run -----------------------------------------------------------------------------


def packages_after(code: str) -> set[str]:
    """The top-level packages that are loaded in a fresh process once ``code`` has run."""
    code = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert process.returncode == 0, process.stderr
    return {name.split(".")[0] for name in process.stdout.split()}


@pytest.mark.process
def test_importing_the_coordinator_starts_no_jax_and_no_pandas():
    modules = "cli.main", "cli.progress", "harness.campaign.run", "harness.campaign.plan"
    loaded = packages_after("\n".join(f"import samplerbench.{module}" for module in modules))
    assert "samplerbench" in loaded
    assert not loaded & (SAMPLERS_OWN | {"pandas", "arviz", "matplotlib", "rich"})


@pytest.mark.process
def test_importing_a_worker_and_all_samplers_and_models_needs_only_numpy():
    loaded = packages_after(
        "import samplerbench.harness.worker.run_trial\n"
        "from samplerbench.models.base import build, models\n"
        "from samplerbench.samplers.base import samplers\n"
        "assert len(samplers.names()) >= 5 and models.names() and build('linear', {})"
    )
    assert not loaded & (SAMPLERS_OWN | COORDINATORS | {"scipy"})


@pytest.mark.process
@pytest.mark.parametrize("folder", source.LINKED)
def test_a_folder_of_the_package_refuses_to_be_a_second_copy_of_it(folder):
    process = subprocess.run(
        [sys.executable, "-c", f"import {folder}"], capture_output=True, text=True, cwd=ROOT
    )
    assert process.returncode == 1 and f"import samplerbench.{folder}" in process.stderr
