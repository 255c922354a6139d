"""Inspects a model before it is sampled: its sites, and its ground truth where it can be computed.

Runs in a process of its own, as a trial does, in 64 bits. The answer's facts are its sites,
beside the arrays of the ground truth. A model that can't be sampled ends as ``failed``, and the
reason is what its author should read.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Collection
from typing import Any

import numpy as np

from samplerbench.errors import UsageError, one_line
from samplerbench.harness.records import Job, Result, Trial
from samplerbench.harness.worker import start_up
from samplerbench.harness.worker.fingerprint import compute_log_likelihood
from samplerbench.harness.worker.inspection.answer_arrays import pack_exact, pack_quadrature
from samplerbench.harness.worker.inspection.fit_data import fit_data
from samplerbench.harness.worker.inspection.mode_search import NoAnswer
from samplerbench.harness.worker.inspection.summed_sites import refuse_unsummed
from samplerbench.harness.worker.inspection.tracing_advice import (
    advise_lacking,
    advise_tracing,
    expect_density,
)
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.harness.worker.missing_packages import advise_packages, advise_release
from samplerbench.harness.worker.process import serve
from samplerbench.harness.worker_files import enter_phase, save_facts
from samplerbench.models.base import Model
from samplerbench.models.loading.device import advise_device
from samplerbench.models.loading.model_names import find_file, load_model
from samplerbench.models.loading.script import locate_error
from samplerbench.samplers.base import Declined
from samplerbench.samplers.support.changing_density import is_density_changing
from samplerbench.samplers.support.latent_sites import (
    Latent,
    find_latents,
    find_parameters,
    list_unjudged,
)
from samplerbench.samplers.support.log_density import LogDensity, make_log_density
from samplerbench.samplers.support.observed_values import (
    find_impossible,
    find_nan_site,
)

Facts = dict[str, Any]
Arrays = dict[str, Any]

NAN_POINTS = 20  # at which a density is tried


def main(job_file: str) -> int:
    """Inspect the model of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, _inspect)


def _inspect(job: Job) -> Result:
    try:
        enter_phase(job, "model")
        start = time.monotonic()
        model = load(job)
        seconds = time.monotonic() - start
        if model.exact_given is None:
            _set_up_jax(job.trial, model)
        enter_phase(job, "inspect")
        fitting = fit_data(model, job.trial)
        facts, arrays = _find_answer(fitting, job.trial, jax_arrays=fitting is not model)
    except (UnfitModel, UsageError) as error:
        return Result("failed", str(error))
    save_facts(job, facts, **arrays)
    return Result("ok", timings={"load_s": seconds})


def _set_up_jax(trial: Trial, model: Model) -> None:
    """The trial's bits, and no error at a NaN: a user's file may have chosen otherwise.

    Quadrature looks at points far out, where a density may be NaN though none is where it has mass.
    """
    import jax

    if trial.precision == 64:
        start_up.widen(model)
    for switch in ("jax_debug_nans", "jax_debug_infs"):
        jax.config.update(switch, False)


def load(job: Job) -> Model:
    """The model of ``job``; raises UnfitModel or UsageError, in words for its author."""
    trial = job.trial
    try:
        return load_model(trial.model, trial.model_options, trial.data_file)
    except UsageError:
        raise
    except Exception as error:  # whatever a user's file raises
        traceback.print_exc()
        raise UnfitModel(
            f"{_locate_error(error, trial.model)}: {one_line(error)}\n"
            f"  it was run to load the model {trial.model.rpartition(':')[2]!r}\n"
            f"  expected: a file that Python can import, in environment {trial.environment!r}"
            f"{_advise(error, trial)}"
        ) from error


def _advise(error: Exception, trial: Trial) -> str:
    """What to do where a file imports what its environment lacks, or reads what lies beside it."""
    file = find_file(trial.model)
    if isinstance(error, FileNotFoundError) and file and isinstance(error.filename, str):
        if (file.parent / error.filename).exists():
            return f"\n  next: call the command in {file.parent}, where {error.filename!r} is"
    next_step = advise_packages(error, file, trial.environment)
    next_step = next_step or advise_device(error) or advise_release(error)
    return next_step and f"\n  next: {next_step}"


def _is_wide() -> bool:
    import jax

    return bool(jax.config.jax_enable_x64)


def _find_answer(model: Model, trial: Trial, jax_arrays: bool = False) -> tuple[Facts, Arrays]:
    """What `select.read_facts` gives, and the arrays of the answer; none where there is none."""
    name, deterministic = trial.model, trial.deterministic or ()
    if model.exact_given is not None:
        try:
            return _list_facts(sites=None), pack_exact(model)
        except Exception as error:  # the trials' rows will say it again
            traceback.print_exc()
            return _list_facts(None, why=f"its own exact answer fails: {one_line(error)}"), {}
    sites = read_sites(model, name, deterministic)
    arrays: Arrays = {}
    why, level = "", None
    with contextlib.suppress(Exception):  # of discrete parameters there is none
        level = compute_log_likelihood(model)
    try:
        if not _is_wide():
            raise NoAnswer("quadrature wants 64 bits, in which the program is another or none")
        arrays = pack_quadrature(model, deterministic)
    except NoAnswer as reason:
        why = str(reason)
    except Exception as error:  # the trials run without an answer, too
        traceback.print_exc()
        why = f"quadrature fails: {one_line(error)}"
    others = list_unjudged(model, [site for site, _ in sites])
    facts = _list_facts(sites, why, log_likelihood=level, jax_arrays=jax_arrays, unjudged=others)
    return facts, arrays


def _list_facts(sites: Any, why: str = "", **more: Any) -> Facts:
    """The sites (None: not looked for), ``why`` there is no answer, and ``more`` facts."""
    latents = sites and [
        {"name": s.name, "shape": list(s.shape), "kind": kind, "improper": s.improper}
        for s, kind in sites
    ]
    return {"latents": latents, "why": why, **more}


def read_sites(
    model: Model, name: str, deterministic: Collection[str] = ()
) -> list[tuple[Latent, str]]:
    """What is judged, each site with its kind; raises UnfitModel where nothing can be sampled."""
    short = name.rpartition(":")[2]
    try:
        latents = find_latents(model)
    except Declined as error:
        raise UnfitModel(str(error)) from error
    except Exception as error:
        traceback.print_exc()
        advice = advise_release(error) or advise_tracing(error, model.data) or advise_lacking(model)
        raise UnfitModel(
            f"{_locate_error(error, name)}: {one_line(error)}\n  {short!r} was traced on its data: "
            f"{_describe_shapes(model)}\n  expected: a NumPyro program that runs on them"
            + (advice and f"\n  next: {advice}")
        ) from error
    if not latents:
        raise UnfitModel(
            f"model {short!r} has no latent site\n  expected: at least one numpyro.sample without "
            "obs=; is an observed site's data missing, or every site observed?"
        )
    if any(site.discrete for site in latents):
        refuse_unsummed(model, latents, lambda error: _locate_error(error, name))
    else:
        density = _make_fitting_density(model, name)
        _refuse_impossible_values(model, short)
        _refuse_changing_density(density, model, short)
        _refuse_nan_density(density, model, short)
    sites = find_parameters(model, deterministic)
    if all(site.discrete for site in sites):
        raise UnfitModel(
            f"model {short!r} has discrete parameters only: {', '.join(s.name for s in latents)}\n"
            "  expected: at least one continuous parameter"
        )
    return [(site, "discrete" if site.discrete else "continuous") for site in sites]


def _make_fitting_density(model: Model, name: str) -> LogDensity:
    """The log density; raises UnfitModel where it can't be formed. Nothing is compiled."""
    import jax
    import jax.numpy as jnp

    try:
        density = make_log_density(model)
        # no NumPy array: a latent site within `scan` is read off at the loop's abstract index
        jax.eval_shape(lambda: density.log_joint(jnp.zeros(density.dim), model.data))
    except Exception as error:
        traceback.print_exc()
        raise UnfitModel(
            f"{_locate_error(error, name)}: {one_line(error)}\n  the joint density of "
            f"{name.rpartition(':')[2]!r} can't be formed on its data: {_describe_shapes(model)}\n"
            f"  expected: {expect_density(error, model)}"
        ) from error
    return density


def _refuse_impossible_values(model: Model, short: str) -> None:
    """Raise UnfitModel where observed data make the density infinite or NaN everywhere."""
    found = find_impossible(model)
    if found:
        raise UnfitModel(
            f"site {found.site!r} of {short!r} is observed at {found.first}, to which its "
            f"{found.distribution} gives no density ({found.count} of {found.size} values), so no "
            "parameters have any\n  expected: data that the distribution can have; missing values "
            "are to be left out, or masked (numpyro.handlers.mask)"
        )


def _refuse_changing_density(density: LogDensity, model: Model, short: str) -> None:
    """Raise UnfitModel where the program has another density each time that it is called."""
    if is_density_changing(density, model.data):
        raise UnfitModel(
            f"{short!r} has another density each time that it is called, so that no two samplers "
            "see the same one: it draws random numbers of its own, or changes what it uses\n"
            "  expected: the same density from the same data; draw what is random (numpy.random) "
            "outside of the program, and hand it over as data"
        )


def _refuse_nan_density(density: LogDensity, model: Model, short: str) -> None:
    """Raise UnfitModel where the density is NaN at any point that is tried.

    NumPyro looks for a start within 2 of the origin, as is done here. Where no data hold NaN the
    prior is asked, too: other samplers start there.
    """
    import jax

    counts = {name: _count_nan(value) for name, value in model.data.items()}
    holders = [
        f"{name} ({count} of {size} values)" for name, (count, size) in counts.items() if count
    ]
    compute = jax.jit(lambda u: density.log_joint(u, model.data))
    points = np.random.default_rng(0).uniform(-2, 2, (NAN_POINTS, density.dim))
    if not all(np.isnan(float(compute(point))) for point in points):
        return
    if holders:
        raise UnfitModel(
            f"the density of {short!r} is NaN wherever it is tried, and its data hold NaN: "
            f"{', '.join(holders)}\n  expected: data without missing values, or a program that "
            "leaves them out (numpyro.handlers.mask) or imputes them"
        )
    site = find_nan_site(model)
    if site:
        raise UnfitModel(
            f"the density of {short!r} is NaN wherever it is tried, first at site {site!r}, though "
            "its data hold no NaN\n  expected: a program whose distributions have numbers as their "
            "parameters: look for a logarithm or root of what is negative, 0 / 0, inf - inf"
        )


def _count_nan(value: Any) -> tuple[int, int]:
    """How many NaN of how many values; none of what is no array of floats."""
    try:
        array = np.asarray(value)
    except Exception:  # a ragged list, or what a user's class raises
        return 0, 0
    return (int(np.isnan(array).sum()) if array.dtype.kind == "f" else 0), array.size


def _describe_shapes(model: Model) -> str:
    shapes = [f"{name} {list(np.shape(array))}" for name, array in model.data.items()]
    return ", ".join(shapes) or "(none)"


def _locate_error(error: BaseException, name: str) -> str:
    """The place in the user's own files that an error comes from: ``mine.py, line 7``."""
    file = find_file(name)
    if file is None:
        return name.rpartition(":")[2]
    return locate_error(error, file)
