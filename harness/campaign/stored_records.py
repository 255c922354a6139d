"""Records of a campaign's database, each checked as it is read; ValueError says what is wrong."""

from __future__ import annotations

from typing import Any

import orjson

from samplerbench.harness.record_fields import make_check, read_whole
from samplerbench.harness.records import Result, Trial, read_trial, result_from_record
from samplerbench.harness.run_cost import is_cost
from samplerbench.user_files import parse_json

Text = str | None  # of a record; None where SQLite could not take it apart


#: facts about a campaign, by name
FACTS: dict[str, Any] = {
    "command": str | list[str],
    "cost": dict[str, float | int],
    "margin": list[str],
    "sweep": list[str],
    "versions": dict[str, dict[str, str]],
}


def parse(text: Text) -> Any:
    """The value of a JSON text, five times as fast where all its numbers are finite."""
    try:
        return orjson.loads(text)  # type: ignore[arg-type]
    except orjson.JSONDecodeError:  # JSON proper knows no NaN and no infinity; the records do
        pass
    try:
        if not isinstance(text, str):
            raise ValueError("it is no text")
        text.encode()  # bytes that are no UTF-8 stand in it as surrogates
        return parse_json(text, read_whole)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def parse_trial(name: str, text: Text) -> Trial:
    """A stored trial; its name, a digest of all fields, is known and need not be made again."""
    trial = read_trial(parse(text))
    trial.__dict__["id"] = name
    return trial


def check_trial(name: str, text: Text) -> None:
    """Raise ValueError for a trial that is damaged, or not the one that its name is a digest of."""
    found = read_trial(parse(text)).id
    if found != name:  # a setting may be a whole number that ``parse`` takes for a float
        found = read_trial(parse_json(text or "")).id
    if found != name:
        raise ValueError(f"not a trial: its fields have changed, they are those of {found}")


def parse_result(text: Text) -> Result:
    """A stored result."""
    return result_from_record(parse(text))


def parse_scores(text: Text) -> dict[str, Any]:
    """Stored scores."""
    return check_scores(parse(text))


def check_scores(scores: Any) -> dict[str, Any]:
    """The scores, once seen to be such."""
    from samplerbench.harness.scoring import stored_scores  # inside: with all metrics

    return stored_scores.check_scores(scores)


def parse_fact(name: str, text: Text) -> Any:
    """A stored fact about the campaign."""
    value = parse(text)
    if value is None:
        return None
    is_fact = make_check(FACTS.get(name, Any))(value)
    if not is_fact or (name == "cost" and not is_cost(value)):
        raise ValueError(f"{ascii(value)[:60]} is no {name!r} of a campaign")
    return value
