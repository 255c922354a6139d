"""The columns of every table, and one row from a trial, its result and its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from samplerbench.harness.records import Result, Trial


@dataclass(frozen=True)
class Column:
    """One public column."""

    name: str
    group: str  # what, status, claimed, realised, cost, machine
    says: str  # one sentence, with the unit
    better: str = ""  # higher, lower, one (nearest to 1), zero (nearest to 0) or ""
    interval: bool = False  # has <name>_lo and <name>_hi, 95 % each


def _columns() -> tuple[Column, ...]:
    c = Column
    return (
        c("model", "what", "what is sampled, with its options"),
        c("swept", "what", "where on the swept axes, as n_points=1000; defaults too"),
        c("sampler", "what", "who samples"),
        c("settings", "what", "settings that differ from the library's defaults"),
        c("environment", "what", "the stack that it ran on"),
        c("device", "what", "cpu or gpu, as JAX found it"),
        c("precision", "what", "bits of a float, as found after the imports"),
        c("chains", "what", "chains a replicate"),
        c("warmup", "what", "warm-up iterations a chain"),
        c("draws", "what", "kept draws a chain, as asked"),
        c("replicates", "what", "independent runs with seeds of their own"),
        c("seed", "what", "seed of the first replicate; replicate r has seed + r"),
        c("calibrate", "what", "prior: data of its own for each replicate, drawn from the prior"),
        c("mode", "what", "compiled or plain: what the replicates are from"),
        c("status", "status", "ok, declined, failed, timeout, crashed or out of memory"),
        c("reason", "status", "why it is not ok, or what was unusual"),
        c("verdict", "status", "whether the claims can be trusted, from intervals"),
        c("verdict_reason", "status", "the number and the interval that decided the verdict"),
        c("answer", "status", "what the draws are held against: exact, quadrature, a reference or"
          " a consensus of other samplers"),
        c("worst_parameter", "status", "the parameter with the least realised (else claimed) ESS"),
        c("ess", "claimed", "effective draws a replicate, least over parameters, bulk and tail;"
          " nested sampling's own for weighted draws; median over replicates", "higher", True),
        c("ess_bulk", "claimed", "bulk ESS, worst parameter, median over replicates", "higher",
          True),
        c("ess_tail", "claimed", "tail ESS, worst parameter, median over replicates", "higher",
          True),
        c("ess_kish", "claimed", "Kish's ESS of weighted draws, about twice too high", "higher"),
        c("rhat", "claimed", "rank-normalised split R-hat, worst parameter, median", "one"),
        c("mcse", "claimed", "standard error of the mean, in posterior sds, worst", "lower"),
        c("divergences", "claimed", "divergent transitions, mean over replicates", "zero"),
        c("accept_prob", "claimed", "acceptance probability, mean"),
        c("termination", "claimed", "why nested sampling stopped, most common"),
        c("insertion_p", "claimed", "insertion-index test of nested sampling: smallest p over"
          " replicates times their number", "higher"),
        c("realised_ess", "realised", "independent draws that would have had these errors, worst"
          " parameter", "higher", True),
        c("calibration", "realised", "rms over replicates of error / claimed standard error of the"
          " mean, worst parameter", "one", True),
        c("calibration_robust", "realised", "the same from the median, blind to rare disasters",
          "one", True),
        c("calibration_second", "realised", "calibration of the second moment", "one", True),
        c("mean_error", "realised", "mean error of the posterior mean, in posterior sds, worst",
          "zero", True),
        c("sd_ratio", "realised", "sd of the draws over the exact sd, worst", "one", True),
        c("w1", "realised", "1-Wasserstein distance to the exact marginal, in sds, worst",
          "lower", True),
        c("w1_iid", "realised", "what independent draws, as many as drawn, score on w1", ""),
        c("coverage_50", "realised", "how often the central 50 % of the draws holds a value from"
          " the exact posterior, worst", "", True),
        c("coverage_90", "realised", "the same for the central 90 %", "", True),
        c("failed_diagnostics", "realised", "share of replicates that fail their own diagnostics",
          "lower", True),
        c("failure_rate", "realised", "share of replicates with a mean off by over half an sd, or"
          " not finite", "lower", True),
        c("silent_failures", "realised", "share that passes its own diagnostics and is wrong",
          "lower", True),
        c("mode_error", "realised", "mean share of the draws in a mode less its exact weight, of"
          " the mode that is farthest off", "zero", True),
        c("modes_missed", "realised", "share of replicates that never visit a mode of more than 5 %"
          " weight", "lower", True),
        c("sbc_p", "realised", "simulation-based calibration: p of uniform ranks, smallest over"
          " parameters times their number", "higher"),
        c("log_z", "claimed", "log evidence, natural, mean over replicates"),
        c("log_z_err", "claimed", "claimed standard error of log_z, median", "lower"),
        c("log_z_error", "realised", "mean error of log_z", "zero", True),
        c("log_z_calibration", "realised", "rms of log_z's error / claimed error", "one", True),
        c("import_s", "cost", "seconds from process start to libraries ready", "lower"),
        c("cold_s", "cost", "seconds of the first plain run: trace, compile, warm-up, sampling;"
          " an interval only from several", "lower", True),
        c("compile_s", "cost", "seconds of cold_s that XLA spent compiling", "lower"),
        c("compiles", "cost", "programs compiled in the first plain run", "lower"),
        c("rerun_s", "cost", "seconds of a second plain run with a new seed", "lower"),
        c("compiles_per_rerun", "cost", "programs compiled in it; anything but 0 is waste", "zero"),
        c("warm_s", "cost", "seconds of a compiled run with a new seed, median", "lower", True),
        c("warmup_s", "cost", "warm-up part of warm_s", "lower"),
        c("sample_s", "cost", "sampling part of warm_s", "lower"),
        c("aot_s", "cost", "seconds to compile ahead of time", "lower"),
        c("transfer_s", "cost", "seconds to move the data to the device and a replicate's draws"
          " back; no part of warm_s", "lower"),
        c("gradients", "cost", "gradient evaluations a replicate, warm-up included", "lower"),
        c("likelihoods", "cost", "log-density evaluations without gradient a replicate", "lower"),
        c("ess_per_s", "cost", "claimed ess / warm_s", "higher"),
        c("realised_ess_per_s", "cost", "realised_ess / warm_s", "higher", True),
        c("realised_ess_per_gradient", "cost", "realised_ess / gradients", "higher", True),
        c("realised_ess_per_evaluation", "cost", "realised_ess / (gradients + likelihoods)",
          "higher", True),
        c("seconds_to_5pct", "cost", "import + cold until every mean is known to 5 % of its sd",
          "lower", True),
        c("peak_rss_mb", "cost", "peak resident memory of the worker, MB", "lower"),
        c("device_peak_mb", "cost", "the device's own memory peak, MB", "lower"),
        c("warnings", "status", "what was unusual in the run"),
        c("missing", "status", "column -> why it has no number"),
        c("versions", "machine", "versions as imported"),
        c("machine", "machine", "host, CPU, cores, device, settings"),
        c("trial", "machine", "name of the trial in the store"),
    )  # fmt: skip


DECLARED = _columns()
BY_NAME = {column.name: column for column in DECLARED}


def _with_bounds() -> tuple[Column, ...]:
    names: list[Column] = []
    for column in DECLARED:
        names.append(column)
        if column.interval:
            for end, word in (("lo", "lower"), ("hi", "upper")):
                text = f"{word} end of the 95 % interval of {column.name}"
                names.append(Column(f"{column.name}_{end}", column.group, text))
    return tuple(names)


#: all columns in order, interval ends beside their number
COLUMNS = _with_bounds()
_EMPTY: dict[str, Any] = dict.fromkeys(column.name for column in COLUMNS)
_NUMBERS = [c.name for c in DECLARED if c.group in ("claimed", "realised", "cost")]


def row(trial: Trial, result: Result, scored: dict[str, Any], swept: str = "") -> dict[str, Any]:
    """One row: every name in COLUMNS; a number that is not there is None, `missing` says why."""
    found = _EMPTY.copy()
    found.update(
        model=trial.model_label,
        swept=swept,
        sampler=trial.sampler,
        settings=dict(trial.settings),
        environment=trial.environment,
        device=result.machine.get("device", trial.device),
        precision=result.precision or trial.precision,
        chains=trial.chains,
        warmup=trial.warmup,
        draws=trial.draws,
        replicates=trial.replicates,
        seed=trial.seed,
        calibrate=trial.calibrate,
        mode=result.mode,
        status=result.status,
        reason=result.reason,
        warnings=list(result.warnings),
        versions=result.versions,
        machine=result.machine,
        trial=trial.id,
    )
    for given in (result.timings, scored["columns"]):
        known = given.keys() <= found.keys()  # an older or a newer version may have others
        found.update(given if known else {k: v for k, v in given.items() if k in found})
    found["missing"] = _reasons(found, result, scored)
    return found


def _reasons(found: dict[str, Any], result: Result, scored: dict[str, Any]) -> dict[str, str]:
    """Why each declared number without a value has none."""
    given = {**result.missing, **scored["missing"]}
    ended = f"{result.status}: {result.reason}" if result.status != "ok" else "not measured"
    return {name: given.get(name, ended) for name in _NUMBERS if found[name] is None}
