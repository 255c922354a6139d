"""Options of a plan from a campaign file or from Python, their names and types checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign import sweep
from samplerbench.harness.campaign.plan import OPTIONS, Option
from samplerbench.harness.campaign.toml_file import read_toml


def read_campaign_file(path: Path) -> dict[str, Any]:
    """The options in a campaign file: TOML whose keys are the fields of Plan. Raises UsageError."""
    try:
        values = read_toml(path)
    except OSError as error:
        raise UsageError(
            f"can't read the campaign file {str(path)!r}: {error.strerror or error}\n"
            "  expected: a TOML file; its keys are the options of `samplerbench run`"
        ) from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is not TOML: {error}") from error
    return check_options(values, str(path))


def check_options(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``values`` with every name and type checked against Plan; single values become lists.

    ``where`` names their source in errors. Raises UsageError.
    """
    options: dict[str, Any] = {}
    for name, value in values.items():
        if name not in OPTIONS:
            raise unknown_name(f"option in {where}", name, OPTIONS)
        if OPTIONS[name].table and isinstance(value, Mapping):
            value = _table_as_list(name, value, where)
        options[name] = _typed(OPTIONS[name], value, where)
    return options


def _table_as_list(name: str, table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if name == "sweep":
        return sweep.as_text(table, where)
    return tuple(f"{key}={value}" for key, value in table.items())


def _typed(option: Option, value: Any, where: str) -> Any:
    if isinstance(value, str) and value in option.words:
        return option.words[value]
    if option.words:
        option.require_value(value)
    if option.is_list:
        items = [value] if isinstance(value, (str, int)) else value
        if isinstance(items, (list, tuple)) and all(type(item) is option.type for item in items):
            return tuple(items)
    elif type(value) is option.type:
        return value
    elif option.type is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise UsageError(f"{option.name} = {value!r} in {where}\n  expected: a {option.kind}")
