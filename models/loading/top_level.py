"""What a file of Python binds at its top level, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

ANY = "*"  # among the names: another module's names are imported, whatever they are
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def find_names(tree: ast.Module) -> set[str]:
    """Every name that the file may bind, in a branch, a loop or by unpacking as well.

    With ANY among them, others are bound too.
    """
    found = find_bindings(tree).items()
    return {name for name, node in found if not isinstance(node, ast.AsyncFunctionDef)}


def find_bindings(tree: ast.Module) -> dict[str, ast.AST]:
    """Each name with the node that binds it last: a definition, an import, or the name itself."""
    found: dict[str, ast.AST] = {}
    for node in walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
            found.update(dict.fromkeys(names, node))
    return found


def walk(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that are run when the file is, but what has a scope of its own: not its body."""
    waiting: list[ast.AST] = [*reversed(tree.body)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_OWN_SCOPE, *_COMPREHENSIONS)) and not is_main_guard(node):
            waiting += reversed([*ast.iter_child_nodes(node)])


def is_main_guard(node: ast.AST) -> bool:
    """Whether a node is ``if __name__ == "__main__":``, whose body does not run here."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
