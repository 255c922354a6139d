"""Provenance of the numbers: machine, versions, settings, seeds, the command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from samplerbench.harness.records import Trial, format_label
from samplerbench.harness.run_cost import describe_cost
from samplerbench.reports.tables.cells import Row
from samplerbench.rounding import format_in_unit, format_number
from samplerbench.version import __version__

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

MOST_COMMANDS = 10
#: of a whole path, as a word or after NAME=; no address, as tcp://host:8786
FOLDERS = re.compile(r"(^|[=,])/(?:[^/]+/)*(?=[^/])")
#: of the machine's record: what a reader asks for first
MACHINE = {
    "host": "host",
    "system": "system",
    "architecture": "architecture",
    "cpu": "processor",
    "cores": "cores",
    "cores_allowed": "cores allowed",
    "memory_mb": "memory",
    "device": "device",
    "device_kind": "kind of device",
    "device_count": "devices",
    "driver": "driver",
    "settings": "settings",
}
#: columns of how a row was made
SETUP = (
    *("environment", "precision", "chains", "warmup"),
    *("draws", "replicates", "blocks", "mode"),
)


def list_commands(
    campaign: Campaign, trials: Sequence[Trial], anonymous: bool = False
) -> list[str]:
    """The command that made the campaign as it was stored, else commands made from its trials.

    ``anonymous``: without the folders that are whole paths.
    """
    stored = campaign.store.fact("command")
    if not stored:
        return spell_out(trials, anonymous)
    command = stored if isinstance(stored, str) else shlex.join(map(str, stored))
    return [drop_folders(command) if anonymous else command]


def drop_folders(command: str) -> str:
    """``command`` with files and folders that are whole paths by their last name alone."""
    try:
        words = shlex.split(command)
    except ValueError:  # a store of elsewhere: no command line
        return FOLDERS.sub(r"\1", command)
    return shlex.join(FOLDERS.sub(r"\1", word) for word in words)


def spell_out(trials: Sequence[Trial], anonymous: bool = False) -> list[str]:
    """Commands that make the same trials, with every default in words."""
    commands = list(dict.fromkeys(_make_command(group) for group in _group_trials(trials)))
    if anonymous:
        commands = [*map(drop_folders, commands)]
    if len(commands) > MOST_COMMANDS:
        return [*commands[:MOST_COMMANDS], f"# and {len(commands) - MOST_COMMANDS} more"]
    return commands


def _group_trials(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials that one command makes: alike but for the samplers."""
    groups: dict[tuple[Any, ...], list[Trial]] = {}
    for t in trials:
        same = (t.model_label, t.environment, t.device, t.precision, t.chains, t.warmup, t.draws)
        judged = tuple(t.deterministic or ())
        files = (t.data_file, t.reference, t.calibrate, t.outside_digest, judged)
        groups.setdefault((*same, t.seed, t.replicates, *files), []).append(t)
    return list(groups.values())


def _make_command(trials: Sequence[Trial]) -> str:
    t = trials[0]
    model = format_label(t.model, t.model_options)
    if t.outside_digest:
        return shlex.join(["samplerbench", "judge", "FILES", "--model", model, "--name", t.sampler])
    words = ["samplerbench", "run", "--model", model, "--sampler"]
    words += dict.fromkeys(trial.label for trial in trials)
    words += ["--replicates", str(t.replicates or "auto")]
    for name in ("chains", "warmup", "draws", "seed"):
        words += [f"--{name}", str(getattr(t, name))]
    given = {"calibrate": t.calibrate, "data": t.data_file, "reference": t.reference}
    words += [word for name, value in given.items() if value for word in (f"--{name}", value)]
    words += ["--deterministic", *t.deterministic] if t.deterministic else []
    words += ["--env", t.environment, "--device", t.device, "--precision", str(t.precision)]
    return shlex.join(words)


def list_facts(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(name, value) of machines, versions, budget and seeds; several values where rows differ."""
    facts = [(text, _machine(rows, name)) for name, text in MACHINE.items()]
    names = dict.fromkeys(name for row in rows for name in row["versions"] or {})
    facts += [(n, _distinct((row["versions"] or {}).get(n) for row in rows)) for n in names]
    facts += [(name, _distinct(row[name] for row in rows)) for name in SETUP]
    facts.append(("seeds", _distinct(_seeds(row) for row in rows)))
    return [(name, text) for name, text in facts if text]


def describe_campaign(campaign: Campaign, anonymous: bool = False) -> dict[str, Any]:
    """What other programs are told of a campaign beside its rows; times are ISO 8601, in UTC."""
    ends = campaign.store.time_span() or (None, None)
    first, last = (end and datetime.fromtimestamp(end, timezone.utc).isoformat() for end in ends)
    return {
        "name": campaign.folder.name,
        "samplerbench": __version__,
        "trials": campaign.store.count_trials(),
        "finished": campaign.store.count_finished(),
        "command": next(iter(list_commands(campaign, (), anonymous)), None),
        "first_result": first,
        "last_result": last,
    }


def run_dates(campaign: Campaign) -> list[tuple[str, str]]:
    """(name, value) of the day that the results are from, in UTC, and what the last run took."""
    span = campaign.store.time_span()
    if span is None:
        return []
    first, last = (f"{datetime.fromtimestamp(end, timezone.utc):%Y-%m-%d %H:%M}" for end in span)
    dates = [("run", f"{first} UTC" if first == last else f"{first} to {last} UTC")]
    cost = campaign.store.fact("cost")
    return [*dates, ("last run took", describe_cost(cost))] if cost else dates


def _seeds(row: Row) -> str | None:
    if row["seed"] is None:
        return None  # of draws that were made elsewhere
    return f"{row['seed']} to {row['seed'] + row['replicates'] - 1}"


def _machine(rows: Sequence[Row], name: str) -> str:
    values = ((row["machine"] or {}).get(name) for row in rows)
    if name == "memory_mb":
        return _distinct(format_in_unit(value, "MB") for value in values if value)
    return _distinct(values)


def _distinct(values: Iterable[Any]) -> str:
    """The values, each once."""
    return "; ".join(dict.fromkeys(_text(value) for value in values if value not in (None, {})))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return format_number(value) if isinstance(value, float) else str(value)
