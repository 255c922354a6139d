"""Which sampler is shown to be honest on a model, with which versions, and what it costs.

import samplerbench

with samplerbench.run(model="linear", sampler="numpyro_nuts", out="line") as campaign:
    print(campaign.summary())  # the result in one sentence
    campaign.table()  # a pandas DataFrame, one row a sampler; columns="all" for every column
    campaign.plot("ess")  # a figure of its page; campaign.plot("corner", "numpyro_nuts")
    campaign.draws("numpyro_nuts")  # for ArviZ
    campaign.frame("numpyro_nuts", replicate=None)  # all draws, as a pandas DataFrame
samplerbench.load("line")  # the same campaign, later
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samplerbench.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path
    from typing import Literal, TypeAlias, TypedDict, Unpack

    from pandas import DataFrame

    from samplerbench.campaign import Campaign
    from samplerbench.harness.campaign.watcher import Watcher

    File = str | PathLike[str]
    Words = str | Sequence[str]
    Model = str | Path | Callable[..., Any]
    Models = Model | Sequence[Model]
    Data: TypeAlias = File | DataFrame | Mapping[str, Any]

    class Aliases(TypedDict, total=False):
        """Names that ``run`` takes too."""

        models: Models
        samplers: Words
        environments: Words
        devices: Words
        output: File


__all__ = ["__version__", "judge", "load", "run"]


def run(
    *,
    model: Models | None = None,
    sampler: Words | None = None,
    replicates: int | Literal["auto"] = "auto",
    chains: int = 1,
    warmup: int = 500,
    draws: int = 5000,
    seed: int = 0,
    env: Path | Words | None = None,
    with_packages: Words = (),
    device: Words = "cpu",
    precision: int | Sequence[int] = 32,
    timeout: float = 600.0,
    jobs: int = 1,
    blocks: int | Literal["auto"] = "auto",
    scheduler: str = "",
    calibrate: Literal["prior", ""] = "",
    data: Data | None = None,
    columns: Words | Mapping[str, str | int] = (),
    codes: Words | Mapping[str, str] = (),
    missing: Literal["drop", "nan", ""] = "",
    without: Words = (),
    reference: Path | str = "",
    names: Words | Mapping[str, str] = (),
    deterministic: Words = (),
    no_long_run: bool = False,
    no_cache: bool = False,
    posteriordb: Path | str = "",
    posterior: Words = (),
    gate: Words | Mapping[str, str] = (),
    margin: Words | Mapping[str, float] = (),
    sweep: Words | Mapping[str, Any] = (),
    out: File | None = None,
    watcher: Watcher | None = None,
    retry: bool = False,
    **aliases: Unpack[Aliases],
) -> Campaign:
    """Run a campaign and return it; one that was stopped is resumed.

    The options are those of ``samplerbench run``; lists are axes, whose product is run. Where a
    list is expected a single value will do.

    Args:
        model: Registered models as ``"linear:n_points=100"``, ``"path/to/file.py:name"``,
            ``"path/to/notebook.ipynb:name"``, or functions: NumPyro programs (also closures,
            partials and objects with ``__call__``) or functions that give a Model. Default:
            ``"linear"``.
        sampler: Registered samplers as ``"numpyro_hmc:trajectory_length=1.5"``, or
            ``"path/to/file.py:name"``: a kernel or a function ``prepare``. Default: NUTS, HMC as
            shipped and with a trajectory length of 1.5, SA, nested sampling, and exact draws.
        replicates: Independent runs of each sampler, or "auto": as many as take 30 s, from 32 to
            256; below 16 there is no verdict. Default: auto.
        chains: Chains a replicate. Default: 1.
        warmup: Warm-up iterations a chain, not kept. Default: 500.
        draws: Kept draws a chain; of nested sampling, equal-weight draws. Default: 5000.
        seed: Replicate r of every sampler runs with seed + r. Default: 0.
        env: Environments: ``"pinned"``, ``"latest"``, ``"current"``, a file of pins, or the path
            of a Python. Default: each sampler's own; for a function that is no file's, the running
            Python where it has NumPyro.
        with_packages: Packages to install beside an environment's pins, for what a model imports.
        device: ``"cpu"``, ``"gpu"``. Default: ``"cpu"``.
        precision: Bits of a floating-point number, 32 or 64. Default: 32.
        timeout: Seconds that a trial may take. Default: 600.
        jobs: Concurrent trials; use 1 for valid timings. Default: 1.
        blocks: Processes for the clocked phases of each trial, or "auto": 3 where the first run
            took less than 10 s and trials run one at a time on this machine, else 1; with 1 no
            seconds have an interval. Default: auto.
        scheduler: Address of a Dask scheduler whose workers run the trials.
        calibrate: ``"prior"`` for simulation-based calibration.
        data: Data of a program in a file or of a function: a pandas DataFrame, a dict of what it
            takes by name, or the path of a .npz, .csv, .tsv, .json, .parquet, .feather or .xlsx
            file.
        columns: ``{"x": "X"}``: columns of the data for the program's names; ``{"x": "A+B"}`` makes
            a matrix of several.
        codes: Columns of words to number by sorted order, an ordered category by its own;
            ``"home+away"`` numbers two together, ``{"g": "words"}`` hands words over.
        missing: ``"drop"`` leaves rows with missing cells out, ``"nan"`` hands over NaN.
        without: Names of the program that the data lack on purpose, so that they are sampled.
        reference: A file of reference draws or moments, for a model without an exact answer.
        names: ``{"theta": "b"}``: names of the reference's for the model's parameters.
        deterministic: Deterministic sites that are judged as parameters are, of a model without an
            exact answer; "all": every one.
        no_long_run: Make no long run of NUTS as a reference, where a model has no exact answer.
        no_cache: Compile anew also what is not timed, where programs are kept from earlier runs.
        posteriordb: A checkout of posteriordb.
        posterior: Posteriors of ``posteriordb``, judged by its reference draws.
        gate: Verdicts that rows must have; only the command line acts on it.
        margin: ``{"calibration": 1.2}``: what a verdict tolerates; kept with the campaign.
        sweep: ``{"n_points": [32, 1000]}``: values of options, settings and budgets to run.
        out: The campaign directory; an existing one is resumed. Default: one below
            ``samplerbench-runs`` that the same options find again.
        watcher: A ``harness.campaign.watcher.Watcher``, which receives the events of the run.
            Default: a bar with a line for each result in a notebook, silence elsewhere.
        retry: Run trials again that ended other than ok. Default: False.

    Raises:
        UsageError: An option is not known or does not fit.
        StoreError: The directory can't be used.
        RunInterrupted: Ctrl-C, or a cluster's scheduler was lost; finished trials are kept.
    """
    options = _list_given(locals(), run)
    # inside: workers import this package, which must be light
    from samplerbench.arguments import name_arguments
    from samplerbench.campaign import Campaign
    from samplerbench.errors import UsageError
    from samplerbench.harness.campaign.run import run as run_campaign
    from samplerbench.harness.campaign.watcher import Watcher
    from samplerbench.notebook_progress import choose_watcher

    if watcher is not None and not isinstance(watcher, Watcher):
        raise UsageError(
            f"watcher={watcher!r}\n  expected: a samplerbench.harness.campaign.watcher.Watcher"
        )
    options["watcher"] = display = watcher or choose_watcher()
    try:
        with name_arguments(run):
            return Campaign(run_campaign(**options).store)
    except BaseException:
        display.on_interrupt()
        raise


def _list_given(arguments: dict[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """Arguments of ``function`` that are not its defaults, by name, aliases among them.

    Raises UsageError.
    """
    import inspect

    defaults = {name: each.default for name, each in inspect.signature(function).parameters.items()}
    aliases = dict(arguments.get("aliases", {}))
    if "output" in aliases:  # the command line's name
        if arguments["out"] is not None:
            from samplerbench.errors import UsageError

            raise UsageError("out and output are given\n  expected: one of its names")
        arguments["out"] = aliases.pop("output")
    own = {name: value for name, value in arguments.items() if name != "aliases"}
    given = {name: value for name, value in own.items() if value is not defaults[name]}
    return {**{name: value for name, value in given.items() if value is not None}, **aliases}


def judge(
    draws: File | Sequence[File] | Mapping[str, Any],
    *,
    name: str = "external",
    names: Words | Mapping[str, str] = (),
    chains_per_replicate: int | None = None,
    chains_as_replicates: bool = False,
    failures: int = 0,
    superchains: int = 0,
    model: Models | None = None,
    reference_names: Words | Mapping[str, str] = (),
    data: Data | None = None,
    columns: Words | Mapping[str, str | int] = (),
    codes: Words | Mapping[str, str] = (),
    missing: Literal["drop", "nan", ""] = "",
    without: Words = (),
    reference: Path | str = "",
    deterministic: Words = (),
    no_long_run: bool = False,
    posteriordb: Path | str = "",
    posterior: Words = (),
    env: Path | Words | None = None,
    with_packages: Words = (),
    timeout: float = 600.0,
    margin: Words | Mapping[str, float] = (),
    gate: Words | Mapping[str, str] = (),
    out: File | None = None,
    **aliases: Unpack[Aliases],
) -> Campaign:
    """Judge draws that another program made, and return the campaign, whose one row they are.

    Its clocks are empty; scores, verdict, table and page are those of ``samplerbench.run``.

    Args:
        draws: Paths of files, one a replicate, as ``samplerbench judge`` takes them; or arrays by
            site, ``{"theta": [replicate, chain, draw, ...]}``. Beside the sites there may be
            ``log_weight`` or ``weight`` of each draw, and ``log_z``, ``log_z_err`` and ``ess`` (of
            weighted draws) of each replicate.
        name: What the sampler is called. Default: ``"external"``.
        names: ``{"theta": "b"}``: names of the draws' for the model's parameters.
        chains_per_replicate: So many files, in their order, are the chains of one replicate.
        chains_as_replicates: Each chain is a replicate. Chains that share their adaptation are
            not independent, and verdicts on them are worth nothing.
        failures: Runs that failed and left no draws; left out, they would not count. Default: 0.
        superchains: So many groups of chains, beside one another, started at one point each; the
            row has nested R-hat. Default: 0, each chain started at a point of its own.
        model: The model that they are draws of, as ``samplerbench.run`` takes it.
        reference_names: Names of the reference's for the model's parameters.
        data: As of ``samplerbench.run``, and so are columns, codes, missing, ``without``,
            ``reference``, deterministic, no_long_run, posteriordb, posterior, env,
            with_packages, ``timeout``, ``margin``, ``gate``; the model is inspected in ``env``.
        out: The campaign directory; an existing one gets a further row.

    Raises:
        UsageError: Draws can't be read, do not fit the model, or are not finite.
        StoreError: The directory can't be used.
    """
    options = {**_list_given(locals(), judge), "draws": draws}
    from samplerbench.arguments import name_arguments
    from samplerbench.campaign import Campaign
    from samplerbench.harness.campaign.judge import judge as judge_draws

    with name_arguments(judge):
        return Campaign(judge_draws(**options).store)


def load(folder: File) -> Campaign:
    """The campaign stored in ``folder``, for reading.

    Raises:
        StoreError: There is none, or a newer version of samplerbench wrote it.
        UsageError: ``folder`` is no path.
    """
    from samplerbench.campaign import open_campaign

    return open_campaign(folder)
