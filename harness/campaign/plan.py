"""What a campaign is to run, as options: each field of Plan is one, with its help and its checks.

The command line, campaign files with their JSON Schema, ``samplerbench.run`` and the table in
``examples/README.md`` all read these fields; ``plan_options`` checks values by their annotations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.blocks import AUTO_BLOCKS, AUTO_COLD_S
from samplerbench.harness.campaign.option import Option
from samplerbench.harness.records import AUTO, AUTO_S, LEAST_AUTO, MOST_AUTO
from samplerbench.harness.scoring.margins import read_margins
from samplerbench.options import POSITIVE, Range

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
    *("deterministic", "posteriordb", "posterior", "env", "with_packages", "timeout", "gate"),
    "margin",
)
DEFAULT_MODELS = ("linear",)
LARGEST_SEED = 2**31 - 1  # what fits a 32-bit key whatever the precision
Words = tuple[str, ...]
Count = Annotated[int, Range(1)]


def _option(default: Any, help: str, **metadata: Any) -> Any:
    """A field of Plan; ``metadata`` are fields of Option."""
    return dataclasses.field(default=default, metadata={"help": help, **metadata})


@dataclass(frozen=True)
class Plan:
    """A campaign's options. Lists are axes: their product is run, paired by replicate."""

    model: Words = _option(
        (),
        "registered models, or path/to/file.py:name",
        metavar="NAME[:OPTION=VALUE,...]",
        default_text="linear",
    )
    sampler: Words = _option(
        DEFAULT_SAMPLERS,
        "registered samplers, or path/to/file.py:name, with settings; all: every one but flawed"
        " controls, each in its own environment",
        metavar="NAME[:SETTING=VALUE,...]",
        default_text="NUTS, HMC as shipped and with trajectory_length=1.5, SA, nested sampling, and"
        " exact independent draws as the control",
    )
    replicates: Count = _option(
        AUTO,
        f"independent runs of each sampler; auto: as many as take {AUTO_S:.0f} s, from"
        f" {LEAST_AUTO} to {MOST_AUTO}; below 16 there is no verdict",
        short="-n",
        auto=True,
    )
    chains: Count = _option(1, "chains a replicate")
    warmup: Count = _option(500, "warm-up iterations a chain, not kept")
    draws: Count = _option(5000, "kept draws a chain; of nested sampling, equal-weight draws")
    seed: Annotated[int, Range(0, LARGEST_SEED)] = _option(
        0, "replicate r of every sampler runs with seed + r"
    )
    env: Words = _option(
        (),
        "environments: pinned, latest, current, a file of pins, or the path of a Python",
        metavar="NAME",
        default_text="each sampler's own, which is pinned unless it names another",
    )
    with_packages: Words = _option(
        (),
        "packages to install beside an environment's pins, for what a model of one's own imports",
        metavar="PACKAGE",
        short="--with",
    )
    device: tuple[Literal["cpu", "gpu"], ...] = _option(
        ("cpu",), "devices: cpu, gpu", metavar="DEVICE"
    )
    precision: tuple[Literal[32, 64], ...] = _option(
        (32,), "bits of a floating-point number: 32, 64", metavar="BITS"
    )
    timeout: Annotated[float, POSITIVE] = _option(
        600.0, "seconds that a trial may take; replicates that end in time are kept"
    )
    jobs: Count = _option(
        1, "concurrent trials, of which one on a GPU; use 1 for valid timings", short="-j"
    )
    blocks: Count = _option(
        AUTO,
        "processes for the clocked phases of each trial (import, first and second run, compiling,"
        f" timed runs); auto: {AUTO_BLOCKS} where the first run took less than {AUTO_COLD_S:.0f} s"
        " and trials run one at a time on this machine, else 1; with 1 no seconds have an interval",
        auto=True,
    )
    scheduler: str = _option(
        "",
        "a Dask scheduler, as tcp://host:8786; its workers run the trials, one each at a time",
        metavar="ADDRESS",
    )
    calibrate: Literal["", "prior"] = _option(
        "",
        "prior: simulation-based calibration, with truths and data drawn from the prior",
    )
    data: str = _option(
        "",
        "data of a program in a file of one's own: .npz, .csv, .tsv, .json, .parquet, .feather,"
        " .xlsx",
        metavar="FILE",
    )
    columns: Words = _option(
        (),
        "columns of the data for the program's names, as x=X,y=Y; x=A+B makes a matrix of several;"
        " by number, from 0, where the file has no header",
        metavar="NAME=COLUMN,...",
        table=True,
    )
    codes: Words = _option(
        (),
        "columns of words to number from 0 by sorted order, those of an ordered category by its"
        " own; NAME+NAME numbers columns together, NAME=words hands the words over",
        metavar="NAME",
        table=True,
    )
    missing: Literal["", "drop", "nan"] = _option(
        "",
        "rows with missing cells: drop leaves them out, nan hands over NaN",
    )
    without: Words = _option(
        (),
        "names of the program that the data lack on purpose, so that they are sampled",
        metavar="NAME",
    )
    reference: str = _option(
        "",
        "reference draws or moments, for a model without an exact answer: .npz, .csv, .nc (ArviZ),"
        " .json[.zip] (posteriordb); long-run: one of NUTS in place of posteriordb's draws",
        metavar="FILE",
    )
    names: Words = _option(
        (),
        "names of the reference's for the model's parameters, as theta=b",
        metavar="NAME=NAME,...",
        table=True,
    )
    deterministic: Words = _option(
        (),
        "deterministic sites that are judged as parameters are, of a model without an exact answer;"
        " all: every one",
        metavar="NAME",
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
    posterior: Words = _option(
        (),
        "posteriors of posteriordb, judged by its reference draws; all: those with a program here",
        metavar="NAME",
    )
    gate: Words = _option(
        (),
        "exit 1 unless every row has this verdict (honest; agrees: that or honest; undecided: no"
        " flaw is shown), or SAMPLER=VERDICT for one sampler",
        metavar="VERDICT",
        table=True,
    )
    margin: Words = _option(
        (),
        "what a verdict tolerates: errors over claimed ones (calibration), of a mean in sds (bias),"
        " of an sd (sd), of log Z in claimed errors (log_z); kept with the campaign",
        metavar="NAME=VALUE,...",
        default_text="calibration=1.35,bias=0.05,sd=0.06,log_z=0.5",
        table=True,
    )
    sweep: Words = _option(
        (),
        "run with each value of a model's option, a sampler's setting, chains, warmup, draws or"
        " replicates; several: their product",
        metavar="NAME=VALUE,...",
        table=True,
    )

    def __post_init__(self) -> None:
        for name in ("replicates", "blocks"):
            if getattr(self, name) == "auto":
                object.__setattr__(self, name, AUTO)
        for name in ("replicates", "chains", "warmup", "draws", "jobs", "blocks"):
            if getattr(self, name) > LARGEST_SEED:
                raise UsageError(f"{name}={getattr(self, name)}\n  expected: at most 2**31 - 1")
        if self.scheduler and self.jobs > 1:
            raise UsageError(
                f"jobs={self.jobs} with a scheduler\n  expected: one of the two; a cluster runs as "
                "many concurrent trials as it has workers"
            )
        if self.seed > LARGEST_SEED - (self.replicates or MOST_AUTO):
            raise UsageError(
                f"seed={self.seed}\n  expected: 0 to 2**31 - 1 less the number of replicates"
            )
        self._check_gate()
        if self.margin:
            read_margins(self.margin)
        if self.deterministic and self.calibrate:
            raise UsageError(
                f"calibrate={self.calibrate} ranks what is drawn from the prior, and deterministic"
                f"={','.join(self.deterministic)} is not\n  expected: one of the two"
            )
        for name in ("sampler", "device", "precision"):
            if not getattr(self, name):
                raise UsageError(f"no {name} is named\n  expected: at least one")
        object.__setattr__(self, "model", self._models())

    def _check_gate(self) -> None:
        """Refuse an unknown verdict, and a second one for the same rows, which would win unsaid."""
        rules: dict[str, str] = {}
        for text in self.gate:
            label, _, verdict = text.rpartition("=")
            if verdict not in GATES:
                raise unknown_name("gate", verdict, GATES)
            if rules.setdefault(label, verdict) != verdict:
                rows = f"{label!r}" if label else "all rows that no other rule names"
                raise UsageError(
                    f"gate: two verdicts for {rows}, {rules[label]} and {verdict}\n"
                    "  expected: one; agrees and undecided are met by honest rows too"
                )

    @property
    def runs_alone(self) -> bool:
        """Whether one trial runs at a time, on this machine."""
        return self.jobs == 1 and not self.scheduler

    def _models(self) -> tuple[str, ...]:
        """The named models and posteriors; the default model where there are neither."""
        if not (self.posterior or self.posteriordb):
            return tuple(self.model) or DEFAULT_MODELS
        from samplerbench.models.posteriordb import load  # only where posteriors are asked for

        paths = load.find_files(self.posteriordb, tuple(self.posterior))
        return tuple(dict.fromkeys([*self.model, *paths]))


def _options() -> Iterator[Option]:
    hints = get_type_hints(Plan, include_extras=True)
    for field in dataclasses.fields(Plan):
        yield Option(field.name, default=field.default, hint=hints[field.name], **field.metadata)


OPTIONS = {option.name: option for option in _options()}
