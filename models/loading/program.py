"""A model from a NumPyro program and its data."""

from __future__ import annotations

import copy
import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from samplerbench.errors import LONGEST_NAME, MOST_NAMES, UsageError
from samplerbench.models.base import Model

WHOLE_NAMES = ("data", "df", "frame", "dataset", "table")  # of a parameter that takes all in one
NEGATIVE_WORDS = ("potential", "energy", "neg", "nll", "loss")  # in names of minus a log density
SAMPLING = {"sample", "plate", "factor", "param", "scan"}  # names in a program's code


def make_model(
    program: Callable[..., Any], data: Mapping[str, Any], name: str, beside: Mapping[str, Any] = {}
) -> Model:
    """The model of a NumPyro program and what it takes by keyword; raises UsageError.

    The program is handed the data as they are: frames, lists, words and sizes stay what they are.
    ``beside`` has what its file binds, for advice where there are no data.
    """
    check_arguments(program, name, data, beside)
    return Model(name, dict(data), leave_out_seeds(program))


def leave_out_seeds(program: Callable[..., Any]) -> Callable[..., Any]:
    """``program`` without ``numpyro.handlers.seed`` around it, within other handlers, too.

    It keeps its key between calls, where a key that one trace made fails in the next, and gives
    every run the same random numbers: whoever calls the program seeds it.
    """
    inner = getattr(program, "fn", None)
    if type(program).__module__ != "numpyro.handlers" or inner is None:
        return program
    bare = leave_out_seeds(inner)
    if type(program).__name__ == "seed":
        return bare
    outer: Any = copy.copy(program)
    outer.fn = bare
    return outer


def check_arguments(
    program: Callable[..., Any],
    name: str,
    data: Mapping[str, Any],
    beside: Mapping[str, Any] = {},
    where: str = "in the dict 'data' of its file or in --data FILE",
) -> None:
    """Refuse data that ``program(**data)`` would not take, and say which.

    ``where`` the data of such a program are looked for.
    """
    arguments, open_ended = list_arguments(program)
    if positional := _list_positional(program):
        raise UsageError(
            f"{name} takes {', '.join(positional)} by position only, and data are handed over by "
            "name\n  expected: the same arguments without `/` behind them"
        )
    open_ended = open_ended or _is_filled_in(program)
    missing = [n for n, p in arguments.items() if p.default is p.empty and n not in data]
    unexpected = [] if open_ended else [n for n in data if n not in arguments]
    if not missing and not unexpected:
        return
    wrong = [f"missing: {', '.join(missing)}"] * bool(missing)
    wrong += [f"not taken: {', '.join(unexpected)}"] * bool(unexpected)
    near = find_near(missing, unexpected)
    wrong += [f"did you mean {name!r} by {other!r}?" for name, other in near.items()]
    advice = _advise_method(name, missing)
    if not {*data} & {*arguments}:
        found = [n for n in arguments if n in beside and not callable(beside[n])]
        is_enough = missing and {*missing} <= {*found}
        density = "" if data else _advise_density(program, name, missing)
        advice += _advise_dict(found) if is_enough else density
    raise UsageError(
        f"the data do not fit {name}({', '.join(arguments)}): {'; '.join(wrong)}\n"
        f"  the data hold: {', '.join(data) or '(nothing)'}\n  expected: what the program takes, "
        f"{where}{advice}"
    )


def find_near(wanted: Sequence[str], offered: Sequence[str]) -> dict[str, str]:
    """Which name that is offered may stand for one that is wanted: the most alike, each once."""
    found: dict[str, str] = {}
    for cutoff in (1.0, 0.6):  # those that differ in capitals only come first
        for name in wanted:
            free = [each for each in offered if each not in found.values()][:MOST_NAMES]
            left = {each.lower(): each for each in free if len(each) <= LONGEST_NAME}
            matches = difflib.get_close_matches(name.lower(), left, n=1, cutoff=cutoff)
            if name not in found and matches:
                found[name] = left[matches[0]]
    return found


def _advise_method(name: str, missing: Sequence[str]) -> str:
    """How a method is named; "" for what is none."""
    owner, _, method = name.rpartition(".")
    if missing[:1] != ["self"] or not owner:
        return ""
    return f"\n  next: in the file, thing = {owner}(...); then name its method: thing.{method}"


def _advise_dict(names: Sequence[str]) -> str:
    """How what a file binds by the names that its program takes is handed over."""
    items = ", ".join(f"'{name}': {name}" for name in names)
    return f"\n  next: the file binds {', '.join(names)}; in it, data = {{{items}}} hands them over"


def _advise_density(program: Callable[..., Any], name: str, missing: Sequence[str]) -> str:
    """How a log density becomes a program; "" where the function may be one as it is."""
    code = getattr(inspect.unwrap(program), "__code__", None)
    if len(missing) != 1 or code is None or SAMPLING & {*code.co_names}:
        return ""
    x = missing[0]
    is_negative = any(word in name.lower() for word in NEGATIVE_WORDS)
    kind, sign = ("negative log density", "-") if is_negative else ("log density", "")
    return (
        f"\n  where {name} is a {kind}: a program that draws {x} by numpyro.sample, with flat"
        f" priors, and has numpyro.factor('log_density', {sign}{name}({x}))"
    )


def keep_taken(program: Callable[..., Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the data that the program takes by keyword."""
    arguments, open_ended = list_arguments(program)
    return {name: value for name, value in data.items() if open_ended or name in arguments}


def find_whole(names: Iterable[str], held: Iterable[str]) -> str:
    """The parameter that takes all data in one; "" for none, and where data hold a parameter."""
    names = [*names]
    return "" if {*names} & {*held} else next(filter(WHOLE_NAMES.__contains__, names), "")


def _list_positional(program: Callable[..., Any]) -> list[str]:
    """What ``program`` must be given by position, before ``/`` in its signature."""
    parameters = _read_parameters(program) or []
    return [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]


def takes_any_position(program: Callable[..., Any]) -> bool:
    """Whether ``program`` takes any number of arguments by position, as by ``*args``."""
    return any(p.kind is p.VAR_POSITIONAL for p in _read_parameters(program) or [])


def list_arguments(program: Callable[..., Any]) -> tuple[dict[str, inspect.Parameter], bool]:
    """What ``program`` takes by keyword, and whether it takes any other name, too."""
    kinds, parameters = inspect.Parameter, _read_parameters(program)
    if parameters is None:  # calling it will tell
        return {}, True
    by_keyword = (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    arguments = {p.name: p for p in parameters if p.kind in by_keyword}
    if _is_filled_in(program):
        filled = {n: p.replace(default=...) for n, p in arguments.items() if p.default is p.empty}
        arguments.update(filled)
    return arguments, any(p.kind is kinds.VAR_KEYWORD for p in parameters)


def _is_filled_in(program: Callable[..., Any]) -> bool:
    """Whether a decorator takes any arguments in place of ``program``'s, and may add some to them.

    ``functools.wraps`` gives it the program's own signature.
    """
    function = _find_function(program)
    if not (inspect.isfunction(function) and hasattr(function, "__wrapped__")):
        return False
    own = inspect.signature(function, follow_wrapped=False).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in own)


def _find_function(program: Any) -> Any:
    """What a ``partial``, a method or a handler of NumPyro calls, which add no arguments."""
    while True:
        if isinstance(program, functools.partial):
            program = program.func
        elif type(program).__module__ == "numpyro.handlers" and hasattr(program, "fn"):
            program = program.fn
        else:
            return getattr(program, "__func__", program)


def _read_parameters(program: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The parameters of ``program``; None of a callable of C, which has none to show.

    Of a decorator's function its own, unless that takes any.
    """
    is_handler = type(program).__module__ == "numpyro.handlers"
    is_own = inspect.isfunction(_find_function(program)) and not is_handler
    follow = not is_own or _is_filled_in(program)
    try:
        return list(inspect.signature(program, follow_wrapped=follow).parameters.values())
    except (TypeError, ValueError):
        return None
