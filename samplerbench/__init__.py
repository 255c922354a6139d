"""Which sampler can be trusted on a model, with which versions, and what it costs.

import samplerbench

campaign = samplerbench.run(model="linear", sampler="numpyro_nuts", out="line")
campaign.table()  # a pandas DataFrame, one row a sampler
campaign.draws("numpyro_nuts")  # for ArviZ
samplerbench.load("line")  # the same campaign, later
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samplerbench.version import __version__

if TYPE_CHECKING:
    from os import PathLike

    from samplerbench.harness.campaign.campaign import Campaign

__all__ = ["__version__", "judge", "load", "run"]


def run(**options: Any) -> Campaign:
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
        columns: ``{"x": "X"}``: columns of the data for the program's names.
        codes: Columns of words to number by sorted order; ``{"g": "words"}`` hands words over.
        missing: ``"drop"`` leaves rows with missing cells out, ``"nan"`` hands over NaN.
        without: Names of the program that the data lack on purpose, so that they are sampled.
        reference: A file of reference draws or moments, for a model without an exact answer.
        names: ``{"theta": "b"}``: names of the reference's for the model's parameters.
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
        retry: Run trials again that ended other than ok. Default: False.

    Raises:
        UsageError: An option is not known or does not fit.
        StoreError: The directory can't be used.
        Interrupted: Ctrl-C, or a cluster's scheduler was lost; finished trials are kept.
    """
    # inside: workers import this package, which must be light
    from samplerbench.harness.campaign.run import run as run_campaign

    return run_campaign(**options)


def judge(draws: Any, **options: Any) -> Campaign:
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
        model: The model that they are draws of, as ``samplerbench.run`` takes it.
        reference_names: Names of the reference's for the model's parameters.
        data, columns, codes, missing, without, reference, no_long_run, posteriordb, posterior, env,
            with_packages, timeout, margin, gate: As of ``samplerbench.run``; the model is inspected
            in ``env``.
        out: The campaign directory; an existing one gets a further row.

    Raises:
        UsageError: Draws can't be read, do not fit the model, or are not finite.
        StoreError: The directory can't be used.
    """
    from samplerbench.harness.campaign.judge import judge as judge_draws

    return judge_draws(draws, **options)


def load(folder: str | PathLike[str]) -> Campaign:
    """The campaign stored in ``folder``, for reading.

    Raises:
        StoreError: There is none, or a newer version of samplerbench wrote it.
    """
    from samplerbench.harness.campaign.campaign import load as load_campaign

    return load_campaign(folder)
