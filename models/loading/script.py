"""A user's file of Python, run as ``python FILE`` runs it, and the modules beside it."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.machinery
import os
import sys
import traceback
import types
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from samplerbench.errors import RunInModelFile, UsageError
from samplerbench.models.loading import notebook, partial_run, top_level
from samplerbench.models.loading.device import kept_device
from samplerbench.user_files import MOST_TEXT, read_limited

#: the caller's ``PYTHONPATH`` in a worker, whose own interpreter starts without one
SEARCH_VARIABLE = "SAMPLERBENCH_PYTHONPATH"
_STOP = "__samplerbench_stop__"  # in a module: why its notebook is not run to its end
_NOTES = "__samplerbench_notes__"  # in a module: what else there is to say of its file


def enter_script(file: Path, folder: str = "") -> None:
    """Give this process what ``python FILE`` has, for good: ``sys.path``, ``sys.argv``, folder.

    Where the file is part of a package, that is found as well, as by ``python -m``.
    ``folder`` is where the command was called; where it is not there, as on another machine, the
    working folder stays.
    """
    sys.path[:0] = map(str, _list_own_folders(file))
    sys.path += map(str, _list_search_path())  # where an environment's packages go first
    sys.argv = [str(file)]
    if folder:
        with contextlib.suppress(OSError):
            os.chdir(folder)


@contextlib.contextmanager
def script_context(file: Path) -> Iterator[None]:
    """``enter_script`` for the time of a ``with`` block."""
    path, argv = list(sys.path), sys.argv
    enter_script(file)
    try:
        yield
    finally:
        sys.path[:], sys.argv = path, argv


def run_file(file: Path, needed: Collection[str] = ()) -> Any:
    """The module that the file makes. Raises UsageError where it ends itself, else what it raises.

    A notebook that starts a campaign is run up to there, and any file without the samplers that it
    starts where ``needed`` names, which are to be bound, are had without them. The module has a
    name of its own, so that a user's `models.py` never stands for this project's packages, nor
    ``if __name__ == "__main__"`` holds.
    """
    name = _name_module(file)
    module = types.ModuleType(name)
    module.__file__ = str(file)
    module.__package__ = _find_package(file)[1]
    full = f"{module.__package__}.{name}".lstrip(".")
    module.__spec__ = importlib.machinery.ModuleSpec(full, None, origin=str(file))
    sys.modules[name] = module
    if file.suffix == ".ipynb":
        module.__dict__["display"] = print
    with script_context(file), kept_device():
        _execute(file, module, needed)
    return module


def _execute(file: Path, module: types.ModuleType, needed: Collection[str]) -> None:
    try:
        if needed and partial_run.run_parts(file, parse_source(file), vars(module), needed):
            return
        exec(compile(read_source(file), str(file), "exec"), module.__dict__)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise UsageError(
                f"{file} ended itself while it was run: SystemExit: {end.code}\n"
                f"  it was run without arguments, as: python {file.name}\n"
                "  expected: a file that runs to its end; what it printed is in the log"
            ) from end
    except RunInModelFile as error:
        if file.suffix != ".ipynb":  # where a guard would be out of place
            raise
        module.__dict__[_STOP] = error


def find_stop(file: Path) -> RunInModelFile | None:
    """Why a notebook that was run here is not run to its end; None where it is."""
    module = sys.modules.get(_name_module(file))
    return module.__dict__.get(_STOP) if module else None


def _find_package(file: Path) -> tuple[Path, str]:
    """The folder from which ``file`` is imported, and its package by dots; "" where it has none."""
    folder = file.parent
    names: list[str] = []
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def _list_folders(file: Path) -> list[Path]:
    """Where modules are that ``file`` imports: beside it and its package, and in ``PYTHONPATH``."""
    return [*dict.fromkeys([*_list_own_folders(file), *_list_search_path()])]


def _list_own_folders(file: Path) -> list[Path]:
    return [*dict.fromkeys([file.parent, _find_package(file)[0]])]


def _list_search_path() -> list[Path]:
    """Folders of the caller's ``PYTHONPATH``, without this project's and installed packages."""
    text = os.environ.get(SEARCH_VARIABLE) or os.environ.get("PYTHONPATH", "")
    folders = [Path(part).absolute() for part in text.split(os.pathsep) if part]
    return [
        folder
        for folder in folders
        if folder.name not in ("site-packages", "dist-packages")
        and not (folder / "samplerbench").is_dir()
    ]


def describe_search_path() -> str:
    """The folders of ``PYTHONPATH`` as a worker is to get them."""
    return os.pathsep.join(map(str, _list_search_path()))


def _name_module(file: Path) -> str:
    return f"samplerbench_model_{file.stem}"


def read_source(file: Path) -> bytes:
    """The Python text of a file; of a notebook its code cells, without lines for IPython."""
    content = read_limited(file, MOST_TEXT)
    return notebook.read_code(content)[0].encode() if file.suffix == ".ipynb" else content


def parse_source(file: Path) -> ast.Module:
    """The syntax tree of a file. Raises OSError, SyntaxError, and ValueError for what is no text.

    Also for text nested so deep that Python can't read it.
    """
    try:
        return ast.parse(read_source(file), str(file))
    except SyntaxError as error:
        if not error.lineno:  # of null bytes
            raise
        place = _describe_line(str(file), error.lineno)
        raise SyntaxError(f"{error.msg} ({file.name}, {place})") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError("it is nested too deep") from error


def add_note(module: types.ModuleType, text: str) -> None:
    """Have ``describe_skipped`` say ``text`` of the file that made ``module``."""
    vars(module).setdefault(_NOTES, []).append(text)


def describe_skipped(file: Path) -> list[str]:
    """What of a file was not run or not used, in sentences; nothing where all of it was."""
    module = sys.modules.get(_name_module(file))
    notes = [*getattr(module, _NOTES, [])]
    if file.suffix != ".ipynb":
        return notes + partial_run.describe_left(module)
    skipped = notebook.read_code(file.read_bytes())[1]
    shown = ", ".join(repr(line) for line in skipped[:5]) + ", ..." * (len(skipped) > 5)
    notes += [f"lines for IPython were not run: {shown}"] if skipped else []
    if find_stop(file):
        notes.append("the notebook starts a campaign: what stands there and below was not run")
    return notes + partial_run.describe_left(module)


def describe_redefined(file: Path, model: str) -> list[str]:
    """Where a file defines the program of ``path/to/file.py:name`` more than once, in a sentence.

    In a branch only one definition is run.
    """
    name = model.rpartition(":")[2]
    lines = [
        node.lineno
        for node in _parse(file).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    places = [_describe_line(str(file), line) for line in lines]
    said = f"{name!r} is defined at {' and '.join(places)}: the last one is taken"
    return [said] * (len(lines) > 1)


def locate_error(error: BaseException, file: Path) -> str:
    """The place in a user's own files that an error comes from: ``mine.py, line 7``."""
    return find_place(error, file) or file.name


def find_place(error: BaseException, file: Path) -> str:
    """The same; "" where it comes from none of them."""
    own = {str(path) for path in (file, *find_helpers(file))}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own]
    if not frames:
        return ""
    last = frames[-1]
    inside = f" in {last.name}" if last.name != "<module>" else ""
    place = _describe_line(last.filename, last.lineno or 0)
    return f"{os.path.basename(last.filename)}, {place}{inside}"


def _describe_line(path: str, line: int) -> str:
    """``line 7``; in a notebook, whose cells are run as one text, ``code cell 3, line 2``."""
    if not path.endswith(".ipynb"):
        return f"line {line}"
    return notebook.locate_line(read_limited(Path(path), MOST_TEXT), line)


def find_helpers(file: Path) -> list[Path]:
    """Files of the modules beside ``file`` that it imports, and that those import, sorted.

    Found in the text, without running it; of a package all its files of Python.
    """
    found: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        for name in _imported_names(waiting.pop()):
            new = [path for path in _find_beside(file, name) if path not in found]
            found.update(dict.fromkeys(new))
            waiting += new
    return sorted(set(found) - {file})


def _imported_names(file: Path) -> set[str]:
    """First words of what a file imports, wherever it does; its package where by ``.``."""
    nodes = [*ast.walk(_parse(file))]
    is_relative = any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)
    own = _find_package(file)[1].partition(".")[0] if is_relative else ""
    return {*filter(None, [own]), *(name for node in nodes for name in _first_words(node))}


def _parse(file: Path) -> ast.Module:
    """The syntax tree of a file; an empty one where it is no Python, which running it tells."""
    try:
        return parse_source(file)
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _first_words(node: ast.AST) -> list[str]:
    """Of what a statement imports by its whole name; nothing of any other."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.partition(".")[0]]
    return []


def list_packages(file: Path) -> list[str]:
    """Packages that a run of ``file`` imports, itself or by its helpers, in the order of the text.

    Those are left out that a ``try`` does without.
    """
    found: dict[str, None] = {}
    for path in (file, *find_helpers(file)):
        nodes = [*top_level.walk(_parse(path))]
        spared = {part for node in nodes if isinstance(node, ast.Try) for part in ast.walk(node)}
        for node in nodes:
            if node not in spared:
                found.update(dict.fromkeys(_first_words(node)))
    return [name for name in found if not _find_beside(file, name)]


def _find_beside(file: Path, name: str) -> list[Path]:
    """The user's files of the module or package ``name`` that a run of ``file`` imports."""
    for folder in _list_folders(file):
        if (folder / name).is_dir():
            return sorted((folder / name).rglob("*.py"))
        if (folder / f"{name}.py").is_file():
            return [folder / f"{name}.py"]
    return []


def digest_file(file: Path) -> str:
    """16 hex digits over the file and its helpers; without helpers, over its content alone."""
    digest = hashlib.sha256(file.read_bytes())
    for helper in find_helpers(file):
        digest.update(f"\n{place_module(helper, file)}\n".encode())
        digest.update(helper.read_bytes())
    return digest.hexdigest()[:16]


def place_module(module: Path, file: Path) -> str:
    """The path of ``file`` or of a helper of it below the folder that it is imported from."""
    folders = [_find_package(file)[0], *_list_folders(file)]
    folder = next(folder for folder in folders if module.is_relative_to(folder))
    return module.relative_to(folder).as_posix()
