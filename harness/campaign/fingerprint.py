"""A digest of a function and of values by their content, the same in every session.

Over bytecode, constants, closures, defaults and the global names that code uses: neither where the
function stands nor in which order it was defined counts.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import hashlib
import logging
import pickle
import sys
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

#: id of an object -> the object, held so that no other gets its id, and its bytes
_Seen = dict[int, tuple[Any, bytes]]
_GLOBAL_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_REDUCTIONS = ("__reduce__", "__reduce_ex__")  # by which a class has itself pickled
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


def digest_values(*values: Any) -> str:
    """16 hex digits over ``values``."""
    return hashlib.sha256(_encode(values, {})).hexdigest()[:16]


def referenced_values(program: Any) -> dict[str, Any]:
    """What a program uses: variables of its closure, globals, defaults, attributes, by name."""
    if isinstance(program, types.FunctionType):
        return {**_read_closure(program), **_read_globals(program)}
    parts = {name: getattr(program, name, None) for name in ("func", "args", "keywords")}
    return {**parts, **getattr(program, "__dict__", {})}


def _read_closure(function: types.FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: _cell_contents(cell) for name, cell in cells}


def _cell_contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that is not set yet
        return None


def _read_globals(function: types.FunctionType) -> dict[str, Any]:
    names = sorted(_global_names(function.__code__))
    known = function.__globals__
    return {name: known[name] for name in names if name in known and not hasattr(builtins, name)}


def _global_names(code: types.CodeType) -> set[str]:
    """Names that are looked up as globals; ``co_names`` would add those of attributes."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    names = {i.argval for i in dis.get_instructions(code) if i.opname in _GLOBAL_LOADS}
    return names.union(*map(_global_names, inner))


def _encode(value: Any, seen: _Seen) -> bytes:
    """Bytes that are equal for equal content, whether or not objects are shared."""
    if isinstance(value, _PLAIN):
        return _join(type(value).__name__, repr(value))
    if id(value) not in seen:
        seen[id(value)] = (value, b"circle")  # what it is inside of itself
        content = _join(type(value).__qualname__, *_parts(value, seen))
        seen[id(value)] = (value, hashlib.sha256(content).digest())
    return seen[id(value)][1]


def _join(*parts: str | bytes) -> bytes:
    """Each part with its length before it, so that no two lists of parts look alike."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(b"%d:%s" % (len(part), part) for part in encoded)


def _parts(value: Any, seen: _Seen) -> list[str | bytes]:
    if isinstance(value, types.CodeType):
        return [value.co_code, *_encode_each(_code_values(value), seen)]
    if isinstance(value, types.ModuleType):
        return [value.__name__]
    if isinstance(value, (list, tuple)):
        return _encode_each(value, seen)
    if isinstance(value, (set, frozenset)):
        return sorted(_encode(each, dict(seen)) for each in value)
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: _encode(pair[0], dict(seen)))
        return _encode_each([each for pair in pairs for each in pair], seen)
    if type(value).__module__.partition(".")[0] == "pandas":
        return _pandas_parts(value, seen)
    if isinstance(value, np.generic) or (hasattr(value, "__array__") and hasattr(value, "dtype")):
        return _array_parts(value, seen)
    return _object_parts(value, seen)


def _encode_each(values: Any, seen: _Seen) -> list[str | bytes]:
    return [_encode(each, seen) for each in values]


def _code_values(code: types.CodeType) -> list[Any]:
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)
    return [*names, code.co_kwonlyargcount, code.co_flags, code.co_consts]


def _array_parts(value: Any, seen: _Seen) -> list[str | bytes]:
    array = np.asarray(value)
    if array.dtype.hasobject:
        return [str(array.shape), *_encode_each(array.ravel().tolist(), seen)]
    return [str(array.dtype), str(array.shape), np.ascontiguousarray(array).tobytes()]


def _pandas_parts(value: Any, seen: _Seen) -> list[str | bytes]:
    """What a frame, a Series, an index or a column holds, not what it keeps of being read."""
    if hasattr(value, "columns"):
        columns = [value.iloc[:, place].array for place in range(value.shape[1])]
        return _encode_each([value.attrs, value.columns, value.index, *columns], seen)
    if hasattr(value, "iloc"):
        return _encode_each([value.attrs, value.name, value.index, value.array], seen)
    if hasattr(value, "categories") and hasattr(value, "codes"):  # its dtype has the first alone
        kinds = [value.categories, value.ordered, np.asarray(value.codes)]
        return _encode_each([getattr(value, "name", None), *kinds], seen)
    if hasattr(value, "dtype"):
        names = list(getattr(value, "names", ()))  # of an index, which may have several levels
        return [str(value.dtype), *_encode_each([names, np.asarray(value)], seen)]
    return _object_parts(value, seen)


def _object_parts(value: Any, seen: _Seen) -> list[str | bytes]:
    if isinstance(value, types.FunctionType):
        parts = [value.__code__, value.__defaults__, value.__kwdefaults__]
        used = {} if _is_installed(value) else referenced_values(value)
        return [value.__name__, *_encode_each([*parts, used], seen)]
    if isinstance(value, types.MethodType):
        return _encode_each([value.__func__, value.__self__], seen)
    if isinstance(value, type):
        return _class_parts(value, seen)
    if isinstance(value, logging.Logger):  # which holds every other of the process
        return [value.name]
    if isinstance(value, property):
        return _encode_each([value.fget, value.fset, getattr(value, "__dict__", {})], seen)
    if hasattr(value, "__wrapped__") and not _is_python_class(type(value)):  # as of jax.jit
        return _encode_each([value.__wrapped__], seen)
    if hasattr(value, "func") and hasattr(value, "keywords"):  # functools.partial
        return _encode_each([value.func, value.args, value.keywords], seen)
    kind = type(value)
    own = any(getattr(kind, name) is not getattr(object, name) for name in _REDUCTIONS)
    if not hasattr(value, "__dict__") or (own and not vars(value)):
        return [_pickle(value)]  # what it holds is no attribute, as of pandas.Timestamp
    return _encode_each([kind, _read_state(value)], seen)


def _read_state(value: Any) -> Any:
    """An object's attributes, as it has them pickled, without those that are kept results."""
    kind = type(value)
    if kind.__getstate__ is not object.__getstate__:
        with contextlib.suppress(Exception):  # whatever it raises: its attributes tell, too
            return value.__getstate__()
    return {name: held for name, held in vars(value).items() if not _is_kept(kind, name)}


def _is_kept(kind: type, name: str) -> bool:
    """Whether an attribute is the kept result of a property, as of ``functools.cached_property``.

    NumPyro's distributions have a kind of their own, ``lazy_property``.
    """
    made_by: Any = next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)
    descriptor = type(made_by)
    sets = hasattr(descriptor, "__set__") or isinstance(made_by, types.FunctionType)
    return hasattr(descriptor, "__get__") and not sets


def _is_python_class(kind: type) -> bool:
    return isinstance(getattr(kind, "__call__", None), types.FunctionType)  # noqa: B004


def _class_parts(value: type, seen: _Seen) -> list[str | bytes]:
    """A library's class by its name, one of the user's own with its methods."""
    name = f"{value.__module__}.{value.__qualname__}"
    if _is_installed(value):
        return [name]
    kept = {k: v for k, v in vars(value).items() if not k.startswith("__") or callable(v)}
    return [value.__qualname__, *_encode_each([kept, value.__bases__], seen)]


def _is_installed(value: Any) -> bool:
    """Whether a function or class is a library's, which its version tells of."""
    module = sys.modules.get(value.__module__ or "")
    file = getattr(module, "__file__", None)
    if module is None or value.__module__ == "__main__":
        return False
    if value.__module__.partition(".")[0] == "samplerbench":
        return True
    return file is None or "site-packages" in file or file.startswith(sys.base_prefix)


def _pickle(value: Any) -> bytes:
    try:
        return pickle.dumps(value, protocol=4)
    except Exception:  # nothing but its kind is known: shipping it will say why
        return repr(type(value)).encode()
