"""A user's file, run without the samplers that it starts where its program needs none of them."""

from __future__ import annotations

import ast
import contextlib
import symtable
import sys
import types
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from samplerbench.errors import RunInModelFile, UsageError, one_line
from samplerbench.models.loading import notebook, top_level
from samplerbench.user_files import MOST_TEXT, read_limited

#: methods that start a sampler: module, class, names
STARTS = (
    ("numpyro.infer.mcmc", "MCMC", ("run", "warmup")),
    ("numpyro.infer.svi", "SVI", ("run",)),
    ("numpyro.contrib.nested_sampling", "NestedSampler", ("run",)),
)
MOST_TOLD = 3  # cells or lines that a row tells
_LEFT = "__samplerbench_left__"  # in a module: why the rest of these was not run


class _SamplerStarted(BaseException):  # so that no `except Exception` of a user's file takes it
    """What these methods raise in place of a run."""


def run_parts(file: Path, tree: ast.Module, bound: dict[str, Any], needed: Collection[str]) -> bool:
    """Run ``file``, whose syntax ``tree`` is, in ``bound``, without its samplers.

    A statement that starts a sampler of NumPyro is left out, and those below it that fail for want
    of its results; of a notebook with the rest of their cells. False, with ``bound`` as before,
    where that leaves out what binds ``needed`` names, or names that these use: then only a run of
    all will do.
    """
    is_notebook = file.suffix == ".ipynb"
    cells = notebook.number_cells(read_limited(file, MOST_TEXT)) if is_notebook else []
    before, stop = dict(bound), None
    why: dict[int, str] = {}  # cell of a notebook, else line -> why the rest of it was left out
    left: list[ast.stmt] = []
    starts: list[str] = []
    futures = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    with contextlib.ExitStack() as replaced:
        for node in tree.body:
            part, started = cells[node.lineno - 1] if cells else node.lineno, len(starts)
            if part in why:
                left.append(node)
                continue
            _replace_starts(replaced, starts)  # before each, since any may have imported them
            try:
                exec(compile(ast.Module([*futures, node], []), str(file), "exec"), bound)
            except (RunInModelFile, SystemExit) as end:
                stop = end
                break
            except (_SamplerStarted, Exception) as error:
                if not starts or isinstance(error, UsageError):
                    raise
                is_start = isinstance(error, _SamplerStarted)
                why[part] = "it starts a sampler" if is_start else one_line(error)
                left.append(node)
            else:
                left += [node] if len(starts) > started else []  # it took the error for a failure
    lost = {name for node in left for name in _list_bound(node)}
    if lost and lost & {*_list_needed(tree, needed), top_level.ANY}:
        bound.clear()
        bound.update(before)
        return False
    bound[_LEFT] = "the rest of code cell" if is_notebook else "line", why
    if stop:
        raise stop
    return True


def describe_left(module: types.ModuleType | None) -> list[str]:
    """What of the file that made ``module`` was not run to its end, in a sentence."""
    parts, left = getattr(module, _LEFT, ("", {}))
    told = ", ".join(f"{part} ({why})" for part, why in [*left.items()][:MOST_TOLD])
    rest = f" and {len(left) - MOST_TOLD} more" if len(left) > MOST_TOLD else ""
    return [f"{parts} {told}{rest} was not run"] if left else []


def _replace_starts(replaced: contextlib.ExitStack, starts: list[str]) -> None:
    """Have the methods of ``STARTS`` raise until the stack closes, where they are imported.

    ``starts`` gets the name of each that is called.
    """
    for module, kind, names in STARTS:
        owner = getattr(sys.modules.get(module), kind, None)
        for name in names if owner else ():
            method = getattr(owner, name)
            if not hasattr(method, "stands_for"):
                setattr(owner, name, _make_start(method, starts))
                replaced.callback(setattr, owner, name, method)


def _make_start(method: Any, starts: list[str]) -> Any:
    def start(*_: Any, **__: Any) -> Any:
        starts.append(method.__name__)
        raise _SamplerStarted

    start.stands_for = method  # type: ignore[attr-defined]
    return start


def _list_needed(tree: ast.Module, names: Collection[str]) -> set[str]:
    """The names, and those that the statements which bind them use, and so on."""
    statements = [({*_list_bound(node)}, node) for node in tree.body]
    needed, waiting = {*names}, [*names]
    while waiting:
        name = waiting.pop()
        used = {each for bound, node in statements if name in bound for each in _list_used(node)}
        waiting += used - needed
        needed |= used
    return needed


def _list_bound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement binds, and those whose parts it sets."""
    yield from top_level.find_names(ast.Module([node], []))
    for part in ast.walk(node):
        if isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            yield from (each.id for each in ast.walk(part.value) if isinstance(each, ast.Name))


def _list_used(node: ast.stmt) -> set[str]:
    """Names of the module that a statement looks up, or a function that it defines."""
    tables = [symtable.symtable(ast.unparse(node), "", "exec")]
    used: set[str] = set()
    for table in tables:
        tables += table.get_children()
        is_module = table.get_type() == "module"
        names = [s for s in table.get_symbols() if s.is_referenced()]
        used |= {each.get_name() for each in names if is_module or each.is_global()}
    return used
