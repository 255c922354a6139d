"""Records that travel between coordinator and worker as JSON: trials, jobs and results."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import PurePath
from typing import Any

from samplerbench.harness.record_fields import explain_misfit, read_whole
from samplerbench.plugins import Plugin
from samplerbench.text import spell_out_halves
from samplerbench.user_files import parse_json, split_file

#: replicates that are asked for where a trial's own number is AUTO: as many as take AUTO_S seconds,
#: by the median of the timed ones, within these bounds
AUTO, AUTO_S = 0, 30.0
LEAST_AUTO, MOST_AUTO = 32, 256
TIMED_RUNS = 10  # replicates run one by one under the clock; the median of so many is warm_s
#: a replicate is given up after this many seconds, or this many times the median of those timed
#: (until there is one: of the first), whichever is more: NUTS at its deepest tree takes 150 times
#: what it takes on an easy posterior
PATIENCE_S, PATIENCE = 5.0, 200.0
LEAST_CHAINS = 8  # of a long run
MOST_DIVERGENT = 1e-4  # share of a long run's draws
AUTO_CALIBRATE = 64  # of calibration by simulation, whose data sets are made beforehand

#: how a warning begins of clocked phases on a machine that others used
CONTENTION_WORD = "contended"
BUSY_WORD = "busy"  # others had the cores in a first call; paired rounds bear that
DISTURBANCES = (CONTENTION_WORD, BUSY_WORD)
SAVING = "save"  # the phase of a worker that has run what its limit allows, and writes it
#: fields of a trial, and columns of its row, that say on what and for how long it runs
RUN_FIELDS = ("device", "precision", "chains", "warmup", "draws")
STATUSES = ("ok", "declined", "failed", "timeout", "crashed", "out of memory")


@dataclass(frozen=True)
class Trial:
    """One sampler on one model in one environment, all its replicates; named by its content."""

    # registered name, "path/to/file.py:name", "path/to/posteriors/NAME.json", or of a function
    # that was handed over "NAME-DIGEST.pkl:NAME"
    model: str
    model_options: dict[str, bool | int | float | str | None]
    model_digest: str  # of the user's file; "" for a registered model
    sampler: str  # registered name, or "path/to/file.py:name"
    # only those that were given; the rest are the sampler's defaults
    settings: dict[str, bool | int | float | str | None]
    environment: str  # name as asked
    environment_digest: str  # of the pins, so that a changed file of pins is another trial
    device: str  # cpu or gpu
    precision: int  # 32 or 64, as asked
    chains: int
    warmup: int
    draws: int
    seed: int  # replicate r runs with seed + r
    replicates: int  # or AUTO
    calibrate: str = ""  # "prior": a truth and a data set of its own for each replicate
    data_file: str = ""  # path of the data of a user's program; "": in its own file, or in memory
    data_file_digest: str = ""  # of its bytes and of how they are read; "": data in its own file
    reference: str = ""  # path of a reference answer; "": the model's own, or none
    reference_digest: str = ""  # of its bytes, and of its names where they are given
    reference_names: dict[str, str] | None = None  # parameter -> its name in the reference
    sampler_digest: str = ""  # of the code of a sampler that is not the project's; "": it is
    outside_digest: str = ""  # of draws that another program made; "": they are made here
    deterministic: list[str] | None = None  # sites judged beside the parameters; "all" of them
    model_name: str = ""  # in tables, where another file's model would be called the same
    block: int = 0  # 2, 3, ...: the clocked phases alone, once more in another process; 0: all

    @functools.cached_property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of the record: the same trial has the same name anywhere.

        Fields with a default are left out where they have it, so that a field added later
        renames no trial of a campaign that is there.
        """
        values = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        changed = {name: value for name, (value, default) in values.items() if value != default}
        return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def most_replicates(self) -> int:
        """The replicates that are asked for, at most."""
        return self.replicates or (AUTO_CALIBRATE if self.calibrate else MOST_AUTO)

    @property
    def label(self) -> str:
        """The sampler with its given settings, as in the command line and in tables."""
        return format_label(self.sampler_name, self.settings)

    @property
    def sampler_name(self) -> str:
        """The sampler without the folder of its file, as tables show it."""
        file, rest = split_file(self.sampler)
        return spell_out_halves(f"{PurePath(file).name}:{rest}" if file else self.sampler)

    @property
    def model_label(self) -> str:
        """The model with its given options; a file of programs without its folder.

        A posterior of posteriordb goes by its own name.
        """
        if self.model_name:
            return format_label(self.model_name, self.model_options)
        name = PurePath(self.model).stem if self.model.endswith(".json") else self.model
        name = PurePath(name).name if split_file(name)[0] else name
        name = name.rpartition(":")[2] if ".pkl:" in name else name  # a function by its own name
        return format_label(name, self.model_options)

    @property
    def environment_label(self) -> str:
        """The name that an environment was given, as ``new=PATH``; else a path without folders.

        A Python goes by the folder of its environment: ``newest`` of ``newest/bin/python``.
        """
        name, equals, _ = self.environment.partition("=")
        is_named = bool(equals) and "+" not in name  # of pinned+astropy==6 it is a version
        path = PurePath(self.environment)
        folder = path.parent.parent
        label = name if is_named else path.name
        if not is_named and path.parent.name == "bin" and folder.name not in ("", "usr", "local"):
            hidden = folder.name[0] == "."
            label = str(folder.relative_to(folder.parents[1])) if hidden else folder.name
        return spell_out_halves(label)


def format_label(name: str, settings: dict[str, Any]) -> str:
    """``name:key=value,key=value``, or the bare name."""
    pairs = ",".join(f"{key}={value}" for key, value in sorted(settings.items()))
    return spell_out_halves(f"{name}:{pairs}" if pairs else name)


@dataclass(frozen=True)
class Job:
    """What a worker reads: the trial, and the folder for its answer."""

    trial: Trial
    scratch: str  # the folder that the answer is written to
    launched_at: float  # of the monotonic clock, which all processes share; just before the start
    plugins: tuple[Plugin, ...] = ()  # that the trial names, with where they lie
    caller_folder: str = ""  # working folder of a user's file: where the command was called
    timeout_s: float = math.inf  # seconds from launched_at on until the process is ended
    samplers: tuple[str, ...] = ()  # that a preflight asks, in place of the trial's
    shared_replicates: int = 0  # that a further process shares; their folder holds its scratch


@dataclass
class Result:
    """The outcome of a trial. Times in seconds; a missing number has its reason beside it."""

    status: str
    reason: str = ""
    timings: dict[str, float | int | None] = field(default_factory=dict)
    runs: dict[str, list[float]] = field(default_factory=dict)  # timing -> each run, by replicate
    missing: dict[str, str] = field(default_factory=dict)  # timing -> why there is none
    warnings: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)  # as imported
    machine: dict[str, Any] = field(default_factory=dict)
    precision: int | None = None  # as found after the imports
    mode: str | None = None  # which mode the replicates are from: compiled or plain
    data_digest: str = ""
    #: of a user's program at the point that ``fingerprint`` chooses: with other data it is another
    log_likelihood: float | None = None
    draws_digest: str = ""
    replicates: int | None = None  # that finished before the limit; None: as many as asked
    claims: str = ""  # which are audited, where they are not the draws' own
    #: what each replicate of draws that were made elsewhere is called: its file
    replicate_names: list[str] = field(default_factory=list)
    #: timings of further processes that ran the clocked phases alone; the first is ``timings``
    blocks: list[dict[str, float | int | None]] = field(default_factory=list)

    def end(self, status: str, reason: str) -> None:
        """Set the status that a trial ended with, and why."""
        self.status, self.reason = status, reason

    def list_seconds(self, name: str) -> list[float | None]:
        """The timing called ``name`` in each process, the trial's own first."""
        return [each.get(name) for each in (self.timings, *self.blocks)]

    @property
    def is_contended(self) -> bool:
        """Whether others used the machine while a process ran its clocked phases."""
        return self.disturbance == CONTENTION_WORD

    @property
    def disturbance(self) -> str:
        """The word for how others used the machine, in warm runs or in the first call; or ""."""
        found = (w for w in DISTURBANCES if any(text.startswith(w) for text in self.warnings))
        return next(found, "")


def to_json(record: Any) -> str:
    """The record as JSON text."""
    return json.dumps(asdict(record), sort_keys=True)


def read_trial(record: Any) -> Trial:
    """A Trial from its JSON fields; raises ValueError where they are not those of one."""
    if misfit := explain_misfit(Trial, record):
        raise ValueError(f"not a trial: {misfit}")
    return Trial(**record)


def read_job(text: str) -> Job:
    """A Job from its JSON text."""
    record = json.loads(text)
    others = [{**each, "folders": tuple(each["folders"])} for each in record.pop("plugins", ())]
    plugins = tuple(Plugin(**each) for each in others)
    asked = tuple(record.pop("samplers", ()))
    return Job(Trial(**record.pop("trial")), plugins=plugins, samplers=asked, **record)


def read_result(text: str) -> Result:
    """A Result from its JSON text; raises ValueError where it is not one."""
    try:
        record = parse_json(text, read_whole)
    except ValueError as error:
        raise ValueError(f"not a result: {error}") from error
    return result_from_record(record)


def result_from_record(record: Any) -> Result:
    """A Result from its JSON fields; raises ValueError where they are not those of one."""
    misfit = explain_misfit(Result, record)
    if misfit or record["status"] not in STATUSES:
        raise ValueError(f"not a result: {misfit or 'status ' + repr(record['status'])}")
    return Result(**record)


def fit_replicates(trial: Trial, seconds: float) -> int:
    """How many replicates of ``seconds`` each: the trial's own number, or what fits their time."""
    if trial.replicates != AUTO or trial.calibrate:
        return trial.most_replicates
    return min(MOST_AUTO, max(LEAST_AUTO, int(AUTO_S / max(seconds, 1e-6))))
