"""Options of a plan from a campaign file or from Python, checked by Pydantic; their JSON Schema."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign import sweep
from samplerbench.harness.campaign.option import Option
from samplerbench.harness.campaign.plan import GATES, OPTIONS
from samplerbench.harness.campaign.toml_file import read_toml
from samplerbench.harness.scoring.margins import Margins
from samplerbench.user_files import split_file

PROJECT = "pyproject.toml"  # a file of this name holds the options in a table of its own:
TABLE = "tool.samplerbench"
#: options that may name a file
PATHS = {"model", "sampler", "env", "data", "reference", "posteriordb"}
#: further names of options in a file and in Python; dashes stand for underscores
ALIASES = {
    "samplers": "sampler",
    "models": "model",
    "environments": "env",
    "devices": "device",
    "with": "with_packages",
}


def read_campaign_file(path: Path) -> dict[str, Any]:
    """The options in a campaign file: TOML whose keys are the fields of Plan. Raises UsageError.

    Of a pyproject.toml they are the table ``[tool.samplerbench]``. Paths are seen from the current
    folder; one that leads to no file there is seen from the campaign file's.
    """
    try:
        values = read_toml(path)
    except OSError as error:
        raise UsageError(
            f"can't read the campaign file {str(path)!r}: {error.strerror or error}\n"
            "  expected: a TOML file; its keys are the options of `samplerbench run`"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{str(path)!r} is not TOML: {error}\n"
            '  expected: a line each as `draws = 1000` or `model = ["linear"]`, words in quotes'
        ) from error
    where = str(path)
    if path.name == PROJECT:
        values, where = _find_table(values, path), f"[{TABLE}] of {path}"
    for name, value in values.items():
        if isinstance(value, dict) and field_name(name) not in OPTIONS:
            raise UsageError(
                f"[{name}] is a table in {where}\n"
                "  expected: options as keys, in no table of their own, as `draws = 1000`"
            )
    return _look_beside(check_options(values, where), path.parent)


def _look_beside(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``options`` with the files found that lie in ``folder``, and not in the current one."""

    def find(text: str) -> str:
        name = split_file(text)[0] or text
        is_path = bool(os.path.splitext(name)[1]) or os.sep in name
        is_beside = not os.path.exists(name) and os.path.exists(folder / name)
        return str(folder / text) if is_path and is_beside else text

    found = dict(options)
    for name in PATHS & options.keys():
        value = options[name]
        found[name] = tuple(map(find, value)) if OPTIONS[name].is_list else find(value)
    return found


def _find_table(values: Any, path: Path) -> dict[str, Any]:
    for name in TABLE.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise UsageError(
            f"{str(path)!r} says nothing of a campaign\n"
            f"  expected: a table [{TABLE}], whose keys are the options of `samplerbench run`"
        )
    return values


def check_options(
    values: Mapping[str, Any], where: str, others: Sequence[str] = ()
) -> dict[str, Any]:
    """``values`` with every name and type checked against Plan; single values become lists.

    ``where`` names their source in errors, ``others`` what it takes beside. Raises UsageError.
    """
    options: dict[str, Any] = {}
    for name, value in use_field_names(values, where).items():
        if name not in OPTIONS:
            raise unknown_name(f"option in {where}", name, [*OPTIONS, *others])
        option = OPTIONS[name]
        if option.table and isinstance(value, Mapping):
            value = _table_as_list(name, value, where)
        if option.is_list:
            value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        options[name] = _check(option, value, where)
    return options


def use_field_names(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``values`` by names of Plan's fields in place of their aliases. Raises UsageError."""
    named: dict[str, Any] = {}
    for written, value in values.items():
        name = field_name(written)
        if name in named:
            raise UsageError(f"{name!r} is twice in {where}\n  expected: one of its names")
        named[name] = value
    return named


def field_name(option: str) -> str:
    """The field of Plan that an option's name in a file or in Python stands for."""
    name = option.replace("-", "_")
    return ALIASES.get(name, name)


def _table_as_list(name: str, table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if name == "sweep":
        return sweep.as_text(table, where)
    return tuple(f"{key}={value}" for key, value in table.items())


def _check(option: Option, value: Any, where: str) -> Any:
    """``value``, an integer as the float that is asked for. Raises UsageError."""
    from pydantic import ValidationError

    if any(
        "\0" in word for word in (value if option.is_list else [value]) if isinstance(word, str)
    ):
        raise UsageError(
            f"{option.name} = {value!r} in {where}\n  expected: words without a null character"
        )
    try:
        return _adapter(option.name).validate_python(value, strict=True)
    except ValidationError as error:
        found = error.errors()[0]
    wrong = found["input"]
    if option.choices and isinstance(wrong, option.type):
        raise unknown_name(f"value of {option.name}", str(wrong), map(str, option.choices))
    single = value
    if option.is_list:  # as it was written
        single = value[0] if len(value) == 1 else list(value)
    is_object = option.name == "sampler" and not isinstance(single, (str, int, float))
    names = ", as 'numpyro_nuts:target_accept_prob=0.9', or 'file.py:name'" if is_object else ""
    raise UsageError(
        f"{option.name} = {single!r} in {where}\n  expected: {option.expectation}{names}"
    )


@functools.cache
def _adapter(name: str) -> Any:
    """Pydantic's reader of the option called ``name``, made when it is first asked for."""
    from pydantic import TypeAdapter

    hint = OPTIONS[name].hint
    or_auto: Any = Union[hint, Literal["auto"]]  # noqa: UP007 (what mypy takes for a string)
    return TypeAdapter(or_auto if OPTIONS[name].auto else hint)


def make_schema() -> dict[str, Any]:
    """The JSON Schema of a campaign file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A campaign of samplerbench",
        "description": "What `samplerbench run FILE.toml` runs; its options are the keys.",
        "type": "object",
        "properties": {
            **{name: _describe(option) for name, option in OPTIONS.items()},
            **{alias: {"$ref": f"#/properties/{name}"} for alias, name in ALIASES.items()},
        },
        "additionalProperties": False,
    }


def _describe(option: Option) -> dict[str, Any]:
    """The schema of one key."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(option.hint).json_schema()
    forms = [schema, schema["items"]] if option.is_list else [schema]  # a single value will do
    forms += [{"const": "auto"}] * option.auto + [_describe_table(option.name)] * option.table
    return {"description": option.describe(), **(schema if len(forms) == 1 else {"anyOf": forms})}


def _describe_table(name: str) -> dict[str, Any]:
    """The schema of an option that is written as a table: its keys and their values."""
    if name == "margin":
        numbers = {margin.name: {"type": "number"} for margin in dataclasses.fields(Margins)}
        return {"type": "object", "properties": numbers, "additionalProperties": False}
    if name == "gate":
        return {"type": "object", "additionalProperties": {"enum": list(GATES)}}
    return {"type": "object"}
