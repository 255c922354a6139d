"""What a campaign is to run, as options: each field of Plan is one, with its help and its checks.

The command line, campaign files, ``samplerbench.run`` and the table in ``examples/README.md`` all
read these fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.blocks import AUTO_BLOCKS, AUTO_COLD_S
from samplerbench.harness.records import AUTO, AUTO_S, LEAST_AUTO, MOST_AUTO
from samplerbench.harness.scoring.margins import read_margins

GATES = (
    *("honest", "undecided", "agrees", "overcautious"),
    *("overconfident", "unreliable", "biased", "broken"),
)
#: the main job: the tutorial's samplers as shipped, HMC with a sane trajectory, and the control
DEFAULT_SAMPLERS = (
    "numpyro_nuts",
    "numpyro_hmc",
    "numpyro_hmc:trajectory_length=1.5",
    "numpyro_sa",
    "jaxns_nested",
    "exact_iid",
)
#: options that say what model draws are of, and what judges them: those of ``judge`` too
JUDGE_OPTIONS = (
    *("model", "data", "columns", "codes", "missing", "without", "reference", "no_long_run"),
    *("posteriordb", "posterior", "env", "timeout", "gate", "margin"),
)
DEFAULT_MODELS = ("linear",)
DEVICES = ("cpu", "gpu")
LARGEST_SEED = 2**31 - 1  # what fits a 32-bit key whatever the precision


def _option(default: Any, help: str, **metadata: Any) -> Any:
    """A field of Plan; ``metadata`` are fields of Option."""
    return dataclasses.field(default=default, metadata={"help": help, **metadata})


@dataclass(frozen=True)
class Plan:
    """A campaign's options. Lists are axes: their product is run, paired by replicate."""

    model: Sequence[str] = _option(
        (),
        "registered models, or path/to/file.py:name",
        metavar="NAME[:OPTION=VALUE,...]",
        default_text="linear",
    )
    sampler: Sequence[str] = _option(
        DEFAULT_SAMPLERS,
        "registered samplers, or path/to/file.py:name, with settings; all: every one but flawed"
        " controls, each in its own environment",
        metavar="NAME[:SETTING=VALUE,...]",
        default_text="NUTS, HMC as shipped and with trajectory_length=1.5, SA, nested sampling, and"
        " exact independent draws as the control",
    )
    replicates: int = _option(
        AUTO,
        f"independent runs of each sampler; auto: as many as take {AUTO_S:.0f} s, from"
        f" {LEAST_AUTO} to {MOST_AUTO}; below 16 there is no verdict",
        short="-n",
        minimum=0,
        default_text="auto",
        words={"auto": AUTO},
    )
    chains: int = _option(1, "chains a replicate", minimum=1)
    warmup: int = _option(500, "warm-up iterations a chain, not kept", minimum=1)
    draws: int = _option(
        5000, "kept draws a chain; of nested sampling, equal-weight draws", minimum=1
    )
    seed: int = _option(0, "replicate r of every sampler runs with seed + r")
    env: Sequence[str] = _option(
        (),
        "environments: pinned, latest, current, a file of pins, or the path of a Python",
        metavar="NAME",
        default_text="each sampler's own, which is pinned unless it names another",
    )
    device: Sequence[str] = _option(
        ("cpu",), "devices: cpu, gpu", metavar="DEVICE", choices=DEVICES
    )
    precision: Sequence[int] = _option(
        (32,), "bits of a floating-point number: 32, 64", metavar="BITS", choices=(32, 64)
    )
    timeout: float = _option(
        600.0, "seconds that a trial may take; replicates that end in time are kept"
    )
    jobs: int = _option(1, "concurrent trials; use 1 for valid timings", short="-j", minimum=1)
    blocks: int = _option(
        AUTO,
        "processes for the clocked phases of each trial (import, first and second run, compiling,"
        f" timed runs); auto: {AUTO_BLOCKS} where the first run took less than {AUTO_COLD_S:.0f} s"
        " and trials run one at a time on this machine, else 1; with 1 no seconds have an interval",
        minimum=0,
        default_text="auto",
        words={"auto": AUTO},
    )
    scheduler: str = _option(
        "",
        "a Dask scheduler, as tcp://host:8786; its workers run the trials, one each at a time",
        metavar="ADDRESS",
    )
    calibrate: str = _option(
        "",
        "prior: simulation-based calibration, with truths and data drawn from the prior",
        choices=("prior",),
    )
    data: str = _option(
        "",
        "data of a program in a file of one's own: .npz, .csv, .tsv, .json, .parquet, .feather,"
        " .xlsx",
        metavar="FILE",
    )
    columns: Sequence[str] = _option(
        (),
        "columns of the data for the program's names, as x=X,y=Y; by number, from 0, where the"
        " file has no header",
        metavar="NAME=COLUMN,...",
        table=True,
    )
    codes: Sequence[str] = _option(
        (),
        "columns of words to number from 0 by sorted order; NAME=words hands the words over",
        metavar="NAME",
        table=True,
    )
    missing: str = _option(
        "",
        "rows with missing cells: drop leaves them out, nan hands over NaN",
        choices=("drop", "nan"),
    )
    without: Sequence[str] = _option(
        (),
        "names of the program that the data lack on purpose, so that they are sampled",
        metavar="NAME",
    )
    reference: str = _option(
        "",
        "reference draws or moments, for a model without an exact answer: .npz, .csv, .nc (ArviZ),"
        " .json[.zip] (posteriordb)",
        metavar="FILE",
    )
    names: Sequence[str] = _option(
        (),
        "names of the reference's for the model's parameters, as theta=b",
        metavar="NAME=NAME,...",
        table=True,
    )
    no_long_run: bool = _option(
        False,
        "make no long run of NUTS as a reference, where a model has no exact answer",
    )
    no_cache: bool = _option(
        False,
        "compile anew also what is not timed: inspecting a model, and its long run",
    )
    posteriordb: str = _option("", "a checkout of posteriordb; see posterior", metavar="FOLDER")
    posterior: Sequence[str] = _option(
        (),
        "posteriors of posteriordb, judged by its reference draws; all: those with a program here",
        metavar="NAME",
    )
    gate: Sequence[str] = _option(
        (),
        "exit 1 unless every row has this verdict (honest; undecided: that or honest), or"
        " SAMPLER=VERDICT for one sampler",
        metavar="VERDICT",
        choices=GATES,
        table=True,
    )
    margin: Sequence[str] = _option(
        (),
        "what a verdict tolerates: errors over claimed ones (calibration), of a mean in sds (bias),"
        " of an sd (sd), of log Z in claimed errors (log_z); kept with the campaign",
        metavar="NAME=VALUE,...",
        default_text="calibration=1.35,bias=0.05,sd=0.06,log_z=0.5",
        table=True,
    )
    sweep: Sequence[str] = _option(
        (),
        "run with each value of a model's option, a sampler's setting, chains, warmup, draws or"
        " replicates; several: their product",
        metavar="NAME=VALUE,...",
        table=True,
    )

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            option.check(getattr(self, option.name))
        if self.scheduler and self.jobs > 1:
            raise UsageError(
                f"jobs={self.jobs} with a scheduler\n  expected: one of the two; a cluster runs as "
                "many concurrent trials as it has workers"
            )
        if not self.timeout > 0:
            raise UsageError(f"timeout={self.timeout:g} s\n  expected: more than 0")
        if not 0 <= self.seed <= LARGEST_SEED - (self.replicates or MOST_AUTO):
            raise UsageError(
                f"seed={self.seed}\n  expected: 0 to 2**31 - 1 less the number of replicates"
            )
        if self.margin:
            read_margins(self.margin)
        for name in ("sampler", "device", "precision"):
            if not getattr(self, name):
                raise UsageError(f"no {name} is named\n  expected: at least one")
        object.__setattr__(self, "model", self._models())

    def _models(self) -> tuple[str, ...]:
        """The named models and posteriors; the default model where there are neither."""
        if not (self.posterior or self.posteriordb):
            return tuple(self.model) or DEFAULT_MODELS
        from samplerbench.models.posteriordb import load  # only where posteriors are asked for

        paths = load.find_files(self.posteriordb, tuple(self.posterior))
        return tuple(dict.fromkeys([*self.model, *paths]))


@dataclass(frozen=True)
class Option:
    """How a field of Plan is written on the command line, in a campaign file and in Python."""

    name: str
    help: str
    default: Any
    type: type  # of the value, or of each item of a list: str, int, float; or bool: a switch
    is_list: bool
    metavar: str | None = None
    short: str = ""  # as "-n", beside the long name
    choices: tuple[Any, ...] = ()  # what a value may be; of "name=value", the value
    minimum: int | None = None
    default_text: str = ""  # where the default itself would not tell
    words: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # that stand for values
    table: bool = False  # whether a campaign file may hold a table, and Python a dict

    @property
    def kind(self) -> str:
        """The type in words, as "list of whole numbers"."""
        words = {str: "word", int: "whole number", float: "number", bool: "true or false"}
        word = words[self.type]
        word = " or ".join((word, *self.words))
        return f"list of {word}s" if self.is_list else word

    @property
    def shown_default(self) -> str:
        """The default in words; "" where there is none."""
        values = self.default if self.is_list else (self.default,)
        if self.type is bool:
            return ""
        return self.default_text or ", ".join(
            f"{value:g}" if self.type is float else str(value) for value in values
        )

    def parse(self, text: str) -> Any:
        """The value that ``text``, which is none of the words, stands for; raises UsageError."""
        try:
            return self.require_value(self.type(text))
        except ValueError:
            raise self._refuse(text) from None

    def require_value(self, value: Any) -> Any:
        """``value``; raises UsageError for the one that a word stands for."""
        if value in self.words.values():
            raise self._refuse(value)
        return value

    def _refuse(self, value: Any) -> UsageError:
        words = ", ".join(self.words)
        return UsageError(f"{self.name}={value}\n  expected: a whole number from 1 on, or {words}")

    def check(self, value: Any) -> None:
        """Raise UsageError for a value that is too small or none of the choices."""
        if self.minimum is not None and value < self.minimum:
            raise UsageError(
                f"{self.name}={value}\n  expected: a whole number from {self.minimum} on"
            )
        known = [str(choice) for choice in self.choices]
        for word in self._words(value) if known else ():
            if word not in known:
                raise unknown_name(self.name, word, known)

    def _words(self, value: Any) -> Iterator[str]:
        for item in value if self.is_list else filter(None, (value,)):
            yield str(item).rpartition("=")[2]


def _options() -> Iterator[Option]:
    for field in dataclasses.fields(Plan):
        default: Any = field.default
        is_list = isinstance(default, tuple)
        values = [*(default if is_list else (default,)), *field.metadata.get("choices", ())]
        kind = type(values[0]) if values else str
        yield Option(field.name, default=default, type=kind, is_list=is_list, **field.metadata)


OPTIONS = {option.name: option for option in _options()}
