"""Data of programs in files: read once, and kept in the campaign's folder for its workers.

A program's data are ``data/KEY.npz`` in the folder, arrays by name, and ``data/KEY.json``, which
says where they came from and how they were read. ``data/KEY.jax.npz`` is a copy for a program that
takes arrays of JAX only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.files import write_beside, write_whole
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.specifiers import parse_model
from samplerbench.harness.campaign.tables.fit import ProgramData, Reading, fit, parse_reading
from samplerbench.harness.campaign.tables.read_table import READERS, read_table
from samplerbench.harness.campaign.tables.table import Table, make_table
from samplerbench.harness.ground_truth.kept_files import name_damaged
from samplerbench.harness.ground_truth.select import model_key
from samplerbench.harness.records import Trial
from samplerbench.models.loading import data_files, model_names
from samplerbench.models.loading.program_file import is_program
from samplerbench.models.loading.program_signature import read_signature
from samplerbench.user_files import full_path, read_limited

FOLDER = "data"  # of the campaign's folder
READING = ("columns", "codes", "missing", "without")


@dataclass(frozen=True)
class ModelData:
    """The data that a plan names, for each of its programs."""

    file: str = ""  # full path; "": handed over in Python, or there are none
    digest: str = ""  # of the file's bytes, and of the options that change how it is read
    reading: dict[str, Any] = field(default_factory=dict)  # these options
    programs: dict[str, ProgramData] = field(default_factory=dict)  # by the model's full name

    @property
    def trial_fields(self) -> dict[str, str]:
        """The fields of a trial that name the data."""
        return {"data_file": self.file, "data_file_digest": self.digest} if self.digest else {}

    def list_notes(self) -> list[str]:
        """What was guessed or left out, one line for each reading that says something."""
        name = Path(self.file).name or "data"
        notes = [f"{name}: {data.note}" for data in self.programs.values() if data.note]
        return list(dict.fromkeys(notes))

    def save(self, folder: Path, trials: Sequence[Trial]) -> None:
        """Write the data of ``trials`` into the campaign's folder, unless they are there."""
        for trial in trials:
            path = stored_path(folder, trial)
            if self.digest and not path.is_file():
                if trial.model not in self.programs:
                    raise data_files.read_error(self.file, "it is gone, and no copy is kept")
                self._write(path, self.programs[trial.model])

    def _write(self, path: Path, data: ProgramData) -> None:
        path.parent.mkdir(exist_ok=True)
        source = {"source": self.file, "digest": self.digest, "reading": self.reading}
        facts = {**source, "note": data.note, "labels": dict(data.labels)}
        write_whole(path.with_suffix(".json"), json.dumps(facts, indent=1))
        with write_beside(path) as part:
            data_files.write_arrays(part, data.arrays)


def stored_path(folder: Path, trial: Trial) -> Path:
    """The copy of the trial's data in the campaign's ``folder``."""
    return folder / FOLDER / f"{model_key(trial)}.npz"


def use_stored(folder: Path, trial: Trial) -> Trial:
    """The trial with its data where the campaign keeps them, for a worker."""
    if not trial.data_file_digest:
        return trial
    of_jax = _jax_path(folder, trial)
    path = of_jax if of_jax.is_file() else stored_path(folder, trial)
    return replace(trial, data_file=str(path))


def _jax_path(folder: Path, trial: Trial) -> Path:
    return stored_path(folder, trial).with_suffix(data_files.JAX_ENDING)


def hand_over_to_jax(folder: Path, trial: Trial) -> None:
    """From now on the program of ``trial`` gets its data as arrays of JAX."""
    with write_beside(_jax_path(folder, trial)) as part:
        shutil.copyfile(stored_path(folder, trial), part)


def read_note(folder: Path, trial: Trial) -> str:
    """What was guessed or left out of the trial's data; "" for nothing."""
    path = stored_path(folder, trial).with_suffix(".json")
    if not trial.data_file_digest or not path.is_file():
        return ""
    with name_damaged(path):
        note = json.loads(path.read_text("utf-8"))["note"]
    return f"{Path(trial.data_file).name or 'data'}: {note}" if note else ""


def read_model_data(plan: Plan, memory: Any = None, folder: Path | None = None) -> ModelData:
    """The data of ``plan``, or ``memory``, which Python hands over. Raises UsageError.

    A file that is gone is not needed where the campaign in ``folder`` has a copy.
    """
    _refuse_misplaced(plan, memory)
    reading = parse_reading(plan.columns, plan.codes, plan.missing, plan.without)
    if memory is not None:
        table = make_table(memory)
        return _fit_programs(plan, table, reading, "", _digest_table(table))
    if not plan.data:
        return ModelData()
    path = full_path(plan.data)
    kept = None if path.exists() or folder is None else _find_copy(folder, path, reading)
    if kept is not None:
        return kept
    try:
        content = read_limited(path)
    except OSError as error:
        raise UsageError(
            f"data file {plan.data!r} can't be read: {error.strerror or error}\n"
            f"  expected: a file in {', '.join(READERS)}"
        ) from error
    table = read_table(path, dict(reading.columns))
    return _fit_programs(plan, table, reading, str(path), hashlib.sha256(content).hexdigest()[:16])


def _refuse_misplaced(plan: Plan, memory: Any) -> None:
    """Refuse data for a registered model, and options of a table where there is none."""
    functions = [text for text in plan.model if is_program(text)]
    if not plan.data and memory is None:
        options = [name for name in READING if getattr(plan, name)]
        if options:
            expected = "a function's data as they are to be" if functions else "--data with it"
            raise UsageError(f"--{options[0]} says how a table is read\n  expected: {expected}")
        return
    if functions:
        raise UsageError(
            f"model {functions[0].rpartition(':')[2]!r} is a function\n"
            "  expected: its data as a dict or a DataFrame: data={...}"
        )
    registered = [text for text in plan.model if not model_names.is_file(text)]
    for text in registered:
        parse_model(text)  # which refuses an unknown name
    if registered:
        raise UsageError(
            f"model {registered[0]!r} has data of its own\n"
            "  expected: --data with path/to/file.py:name only"
        )


def _fit_programs(plan: Plan, table: Table, reading: Reading, file: str, digest: str) -> ModelData:
    """The data of each of the plan's programs, under a digest that the options go into."""
    options = reading.to_dict()
    if options:  # without any, the file's own: trials that are there keep their names
        whole = json.dumps([digest, options], sort_keys=True)
        digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    names = [parse_model(text)[0] for text in plan.model]
    programs = {name: fit(table, read_signature(name), reading) for name in names}
    return ModelData(file, digest, options, programs)


def _find_copy(folder: Path, path: Path, reading: Reading) -> ModelData | None:
    """The data as the campaign in ``folder`` has them of the same file, read in the same way."""
    wanted = json.loads(json.dumps(reading.to_dict()))
    for file in sorted((folder.expanduser() / FOLDER).glob("*.json")):
        with name_damaged(file):
            facts = json.loads(file.read_text("utf-8"))
            if facts["source"] == str(path) and facts["reading"] == wanted:
                return ModelData(str(path), facts["digest"], wanted)
    return None


def _digest_table(table: Table) -> str:
    """16 hex digits over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(table.columns):
        array = np.ascontiguousarray(table.columns[name].values)
        digest.update(f"{name}{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:16]
