"""A look at a model before it is sampled: its sites, and its answer where that can be computed.

Runs in a process of its own, as a trial does, in 64 bits. The answer is ``draws.npz``: what was
found as JSON under ``facts``, and the arrays of an answer. A model that nothing can be done with
ends as ``failed``, and the reason is what its author should read.
"""

from __future__ import annotations

import json
import math
import os
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.errors import UsageError
from samplerbench.files import write
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker.inspection.batched_log_density import density_of
from samplerbench.harness.worker.inspection.cubature import Integral, integrate
from samplerbench.harness.worker.inspection.mode_search import NoAnswer
from samplerbench.harness.worker.process import serve
from samplerbench.models.base import Exact, Model
from samplerbench.models.loading.model_names import load_model
from samplerbench.samplers.support.latent_sites import Latent, latents

SECONDS = 60.0  # for the integrals
SEED = 20260701
#: probabilities whose quantiles are kept: even steps of the log odds, from 1e-7 on
PROBS = 1 / (1 + np.exp(-np.linspace(-16, 16, 2001)))


class Unfit(Exception):
    """The model cannot be sampled; the text is for its author."""


def main(job_file: str) -> int:
    """Survey the model of the job in ``job_file``; 0 when an answer was written."""
    return serve(job_file, _survey)


def _survey(job: Job) -> Result:
    phase = Path(job.scratch) / "phase.txt"
    try:
        write(phase, "import")
        model = _loaded(job)
        write(phase, "survey")
        arrays = _surveyed(model, job.trial.model)
    except (Unfit, UsageError) as refused:
        return Result("failed", str(refused))
    with open(Path(job.scratch) / "draws.npz", "wb") as file:
        np.savez(file, **arrays)
    return Result("ok")


def _loaded(job: Job) -> Model:
    trial = job.trial
    try:
        return load_model(trial.model, trial.model_options, trial.data_file)
    except UsageError:
        raise
    except Exception as error:  # whatever a user's file raises
        traceback.print_exc()
        raise Unfit(
            f"{_where(error, trial.model)}: {_said(error)}\n  it was run to load the model "
            f"{trial.model.rpartition(':')[2]!r}\n  expected: a file that Python can import, in "
            f"environment {trial.environment!r}"
        ) from error


def _surveyed(model: Model, name: str) -> dict[str, Any]:
    if model.exact_given is not None:
        try:
            return _pack(_own_answer(model), sites=None)
        except Exception as error:  # the trials' rows will say it again
            traceback.print_exc()
            return _pack({}, sites=None, why=f"its own exact answer fails: {_said(error)}")
    sites = _sites(model, name)
    try:
        return _pack(_by_quadrature(model, [site for site, _ in sites]), sites)
    except NoAnswer as reason:
        return _pack({}, sites, why=str(reason))
    except Exception as error:  # an answer is a gift: without one the trials run all the same
        traceback.print_exc()
        return _pack({}, sites, why=f"quadrature fails: {_said(error)}")


def _pack(arrays: dict[str, Any], sites: Any, why: str = "") -> dict[str, Any]:
    listed = sites and [{"name": s.name, "shape": list(s.shape), "kind": kind} for s, kind in sites]
    return {"facts": np.array(json.dumps({"latents": listed, "why": why})), **arrays}


# -- what there is to sample -----------------------------------------------------------------------


def _sites(model: Model, name: str) -> list[tuple[Latent, str]]:
    """Latent sites, each with its kind; raises Unfit where there is nothing to sample."""
    import jax

    jax.config.update("jax_enable_x64", True)  # a user's file may have turned it off
    short = name.rpartition(":")[2]
    try:
        found = latents(model)
    except Exception as error:
        traceback.print_exc()
        raise Unfit(
            f"{_where(error, name)}: {_said(error)}\n  {short!r} was traced on its data: "
            f"{_shapes(model)}\n  expected: a NumPyro program that runs on them"
        ) from error
    if not found:
        raise Unfit(
            f"model {short!r} has no latent site\n  expected: at least one numpyro.sample without "
            "obs=; is an observed site's data missing, or every site observed?"
        )
    if not any(site.discrete for site in found):
        _refuse_unfit_shapes(model, name, found)
    if all(site.discrete for site in found):
        raise Unfit(
            f"model {short!r} has discrete parameters only: {', '.join(s.name for s in found)}\n"
            "  expected: at least one continuous parameter"
        )
    return [(site, "discrete" if site.discrete else "continuous") for site in found]


def _refuse_unfit_shapes(model: Model, name: str, sites: list[Latent]) -> None:
    """Raise Unfit where the joint density can't be formed; nothing is compiled."""
    import jax
    import jax.numpy as jnp
    from numpyro.handlers import seed
    from numpyro.infer.util import log_density

    def joint(values: Any) -> Any:
        seeded = seed(model.program, jax.random.PRNGKey(0))
        return log_density(seeded, (), model.data, values)[0]

    try:
        jax.eval_shape(joint, {site.name: jnp.zeros(site.shape) for site in sites})
    except Exception as error:
        traceback.print_exc()
        raise Unfit(
            f"{_where(error, name)}: {_said(error)}\n  the joint density of "
            f"{name.rpartition(':')[2]!r} can't be formed on its data: {_shapes(model)}\n"
            "  expected: distributions whose shapes fit what they are observed to be"
        ) from error


def _shapes(model: Model) -> str:
    shown = [f"{name} {list(np.shape(array))}" for name, array in model.data.items()]
    return ", ".join(shown) or "(none)"


def _said(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"


def _where(error: BaseException, name: str) -> str:
    """The place in the user's own file that an error comes from: ``mine.py, line 7``."""
    path = name.rpartition(":")[0]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == path]
    if own:
        inside = f" in {own[-1].name}" if own[-1].name != "<module>" else ""
        return f"{os.path.basename(path)}, line {own[-1].lineno}{inside}"
    return os.path.basename(path) or name


# -- its answer ------------------------------------------------------------------------------------


def _own_answer(model: Model) -> dict[str, Any]:
    exact = model.exact()
    if exact is None:
        return {}
    arrays = _moments(exact)
    if exact.quantile is not None:
        arrays.update(probs=PROBS, quantiles=exact.quantile(PROBS))
    if exact.draw is not None:
        sites = exact.draw(np.random.default_rng(SEED), 2**16)
        arrays["draws"] = _columns(exact.names, sites)
    return arrays


def _moments(exact: Exact) -> dict[str, Any]:
    given = {"mean_se": exact.mean_se, "sd_se": exact.sd_se, "log_evidence": exact.log_evidence}
    return {
        "source": np.array(exact.source),
        "names": np.array(exact.names),
        "mean": exact.mean,
        "covariance": exact.covariance,
        **{name: np.asarray(value) for name, value in given.items() if value is not None},
    }


def _columns(names: tuple[str, ...], sites: dict[str, Any]) -> np.ndarray:
    """Components called ``names`` of sites [draw, *event] -> [draw, component]."""
    found = {}
    for site, values in sites.items():
        event = values.shape[1:]
        for name, index in zip(component_names(site, event), np.ndindex(*event)):  # noqa: B905
            found[name] = values[(slice(None), *index)]
    return np.stack([found[name] for name in names], axis=1)


def _by_quadrature(model: Model, sites: list[Latent]) -> dict[str, Any]:
    """The arrays of an answer; raises NoAnswer where there is none to be had this way."""
    if any(site.discrete for site in sites):
        raise NoAnswer("quadrature is for continuous parameters, and one is discrete")
    if sum(math.prod(site.shape) for site in sites) > 12:  # a simplex of 3 has 2 free ones
        raise NoAnswer("quadrature is for one or two parameters")
    density, seeds = density_of(model, sites)
    rng = np.random.default_rng(SEED)
    found = integrate(density, seeds, SECONDS, rng)
    names = [name for site in sites for name in component_names(site.name, site.shape)]
    proper = not any(site.improper for site in sites)
    return {
        "source": np.array("quadrature"),
        "names": np.array(names),
        "mean": found.mean,
        "covariance": found.covariance,
        "mean_se": found.mean_error,
        "sd_se": found.sd_error,
        **({"log_evidence": found.log_z, "log_evidence_se": found.log_z_error} if proper else {}),
        "probs": PROBS,
        "quantiles": _quantiles(found),
        "draws": found.draws,
    }


def _quantiles(found: Integral) -> np.ndarray:
    """Quantiles [prob, component] from the nodes: half of a node's mass lies below it."""
    columns = []
    for x in found.values.T:
        places, which = np.unique(x, return_inverse=True)
        mass = np.bincount(which, found.weights)
        columns.append(np.interp(PROBS, np.cumsum(mass) - mass / 2, places))
    return np.stack(columns, axis=1)
