"""Judges draws that other programs made: a row of a campaign, without a run and its clocks."""

from __future__ import annotations

import inspect
import re
import shlex
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign import inspection, long_runs, programs, run
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.changed_names import refuse_changed
from samplerbench.harness.campaign.expand import default_folder, expand
from samplerbench.harness.campaign.model_data import ModelData, read_model_data, read_note
from samplerbench.harness.campaign.outside_draws import (
    Arrays,
    Layout,
    arrange_runs,
    digest_draws,
    read_draws,
)
from samplerbench.harness.campaign.outside_replicates import Runs, count_chains, count_draws
from samplerbench.harness.campaign.outside_scale import describe_scale
from samplerbench.harness.campaign.plan import JUDGE_OPTIONS, Plan
from samplerbench.harness.campaign.plan_options import check_options, field_name
from samplerbench.harness.campaign.run import discard_when_refused, make_plan, refuse_in_a_worker
from samplerbench.harness.campaign.signals import interrupt_on_sigterm
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.draws_file import save_draws
from samplerbench.harness.ground_truth import long_run, select
from samplerbench.harness.ground_truth.model_sites import Shapes
from samplerbench.harness.records import Result, Trial, format_label
from samplerbench.harness.scoring.ci_gate import refuse_unknown_rows
from samplerbench.harness.scoring.columns import TIMES_AND_MEMORY
from samplerbench.harness.worker_files import DRAWS, LOG
from samplerbench.options import parse_names
from samplerbench.samplers.base import samplers
from samplerbench.text import tell
from samplerbench.user_files import as_optional_path

ELSEWHERE = "elsewhere"  # the environment of such draws
NO_CLOCK = "made elsewhere: no clock"
File = str | PathLike[str]


def judge(
    draws: File | Sequence[File] | Mapping[str, Any],
    *,
    name: str = "external",
    names: Mapping[str, str] | Sequence[str] = (),
    reference_names: Mapping[str, str] | Sequence[str] = (),
    chains_per_replicate: int | None = None,
    chains_as_replicates: bool = False,
    failures: int = 0,
    superchains: int = 0,
    out: File | None = None,
    command: str = "",
    **options: Any,
) -> Campaign:
    """Judge ``draws`` and return the campaign; ``samplerbench.judge`` describes the options.

    Raises UsageError for draws and options that don't fit, StoreError for a folder that can't be
    used; then nothing is written.
    """
    refuse_in_a_worker("judge()")
    _refuse_options(options, name)
    renamed = parse_names("names", _list_words("names", names))
    layout = Layout(renamed, chains_per_replicate, chains_as_replicates, failures, superchains)
    given = read_draws(draws)
    if words := _list_words("reference_names", reference_names):
        _require_reference(options)
        options["names"] = words
    plan, shipped, memory = make_plan({**options, "sampler": long_run.SAMPLER})
    folder = as_optional_path("out", out)
    data = read_model_data(plan, memory, folder)
    trial = replace(_plan_trial(plan, data), outside_digest=digest_draws(given, layout))
    campaign = Campaign(Store.create(folder or default_folder([trial])))
    with discard_when_refused(campaign.store, [trial]):
        refuse_changed(campaign.store, [trial])
        settings: dict[str, Any] = {"superchains": superchains} if superchains else {}
        labels = {format_label(name, settings), *(each.label for each in campaign.store.trials())}
        refuse_unknown_rows(plan.gate, labels)
        data.save(campaign.folder, [trial])
        programs.save_programs(campaign.folder, shipped)
        trial, runs = _arrange(campaign.store, trial, plan, given, layout)
        trial = replace(trial, sampler=name, settings=settings)
        _refuse_other_draws(campaign.store, trial)
        if plan.margin:
            campaign.trial_scores.set_margins(plan.margin)
        _commit(campaign, trial, runs)
        _remember(campaign.store, command)
        campaign.store.release()  # what comes now only reads
    return campaign


def _list_words(option: str, names: object) -> Any:
    """``names`` as words "x=X". Raises UsageError for what holds no names."""
    return check_options({"names": names}, f"{option} of judge()")["names"]


def _require_reference(options: Mapping[str, Any]) -> None:
    if not options.get("reference"):
        raise UsageError(
            "--reference-names says what a reference calls the model's parameters, and there is"
            " none\n  expected: --reference FILE; of the draws' own names, --names"
        )


def _refuse_options(options: Mapping[str, Any], name: str) -> None:
    for option in options:
        if field_name(option) not in JUDGE_OPTIONS:
            own = set(inspect.getfullargspec(judge).kwonlyargs) - {"command"}
            raise unknown_name("option in judge()", option, own.union(JUDGE_OPTIONS))
    named = [options.get(option) for option in ("model", "models", "posterior")]
    if all(each is None or (isinstance(each, (str, list, tuple)) and not each) for each in named):
        raise UsageError(
            "no model is named\n  expected: the one that the draws are of, by --model NAME"
        )
    if not isinstance(name, str) or not name or not name.isprintable() or ":" in name:
        raise UsageError(f"name={name!r}\n  expected: a word for the sampler, without a colon")
    if name in samplers.names():
        raise UsageError(
            f"name={name!r} is that of a sampler that samplerbench runs itself\n"
            f"  expected: another, as {name + '_elsewhere'!r}"
        )


def _refuse_other_draws(store: Store, trial: Trial) -> None:
    """Raise UsageError where a row of that name holds other draws: tables couldn't tell them."""
    rows = [each for each in store.trials() if each.label == trial.label]
    if any(each.id != trial.id and each.model_label == trial.model_label for each in rows):
        raise UsageError(
            f"{store.folder} has a row {trial.label!r} with other draws of {trial.model_label!r}\n"
            "  expected: another --name, or another --out"
        )


def _plan_trial(plan: Plan, data: ModelData) -> Trial:
    """The trial as its model is inspected: of a sampler and an environment that are here."""
    trials = expand(plan, data)
    if len(trials) > 1:
        raise UsageError(
            f"draws are of one model, in one environment; {len(trials)} are named\n"
            "  expected: one --model, and at most one --env"
        )
    return trials[0]


def _arrange(
    store: Store, trial: Trial, plan: Plan, given: Sequence[tuple[str, Arrays]], layout: Layout
) -> tuple[Trial, Runs]:
    """The trial as it is, and its replicates, once the model and its answer are known."""
    stop = threading.Event()
    with interrupt_on_sigterm(stop):
        inspection.inspect_models(store, [trial], plan.timeout, stop.is_set)
        runs = arrange_runs(given, layout, find_shapes(store.folder, trial))
        trial = describe_runs(trial, runs)
        if layout.chains_per_replicate:
            tell(f"chains of the first replicate: {runs[0][0]}")
        if not plan.no_long_run:
            long_runs.make_long_runs(store, [trial], plan.timeout, stop.is_set)
    return replace(trial, environment=ELSEWHERE, environment_digest="", warmup=0), runs


def find_shapes(folder: Path, trial: Trial) -> Shapes | None:
    """Site -> shape of what the draws must hold: of the model's latents, or of its answer."""
    shapes = select.latent_shapes(folder, trial)
    if shapes is not None:
        return shapes
    exact, _ = select.find_ground_truth(folder, trial)
    return None if exact is None else infer_shapes(exact.names)


def infer_shapes(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Site -> shape, from the names of components, "m" and "L[0,1]"."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        match = re.fullmatch(r"(.+)\[(\d+(?:,\d+)*)\]", name)
        site, index = match.groups() if match else (name, "")
        sizes = tuple(int(i) + 1 for i in index.split(",") if i)
        shapes[site] = tuple(map(max, zip(sizes, shapes.get(site, sizes), strict=True)))
    return shapes


def describe_runs(trial: Trial, runs: Runs) -> Trial:
    """The trial with as many replicates, chains and draws as there are."""
    counts = [count_draws(run) for _, run in runs]
    sites = runs[0][1].sites.values()
    precision = 32 if all(x.dtype == np.float32 for x in sites) else 64
    return replace(
        trial,
        precision=precision,
        replicates=len(runs),
        chains=count_chains(runs[0][1]),
        draws=max(counts),
        seed=0,
    )


def _commit(campaign: Campaign, trial: Trial, runs: Runs) -> None:
    """Store the draws under the trial, and score them; those that are there stay."""
    store = campaign.store
    run.forget_lost_draws(store, [trial])
    if store.result(trial.id) is not None:
        return
    store.add_trials([trial])
    scratch = store.scratch(trial.id)
    scratch.mkdir(parents=True)
    digest = save_draws(scratch / DRAWS, {"replicates": [run for _, run in runs]})
    lines = [f"replicate {i}: {where}\n" for i, (where, _) in enumerate(runs)]
    (scratch / LOG).write_text("".join(lines))
    result = Result("ok", missing=dict.fromkeys(TIMES_AND_MEMORY, NO_CLOCK), replicates=len(runs))
    result.draws_digest, result.precision = digest, trial.precision
    result.replicate_names = [where for where, _ in runs]
    if note := read_note(store.folder, trial):
        result.warnings.append(note)
    exact = campaign.exact(trial)
    if exact is not None and (hint := describe_scale(runs, exact)):
        result.warnings.append(hint)
    if trial.chains > trial.draws:
        result.warnings.append(
            f"{trial.chains} chains of {trial.draws} draws: axes are taken as [chain, draw]; where "
            "they are [draw, chain], claims are wrong"
        )
    store.commit(trial, result, scratch, 0.0, campaign.trial_scores.list_stale(trial))
    campaign.trial_scores.get(trial)


def _remember(store: Store, command: str) -> None:
    """Keep the command for the report, after the one that made the campaign."""
    stored = store.fact("command") or ""
    before = stored if isinstance(stored, str) else shlex.join(stored)  # words, of an older version
    if command and command not in before.split(" && "):
        store.set_fact("command", f"{before} && {command}" if before else command)
