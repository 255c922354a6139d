"""A request to ``sampler_benchmark``, checked: what can be refused is refused here."""

from __future__ import annotations

import sys
import warnings as python_warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.plan_options import check_options
from samplerbench.harness.campaign.specifiers import parse_model, parse_sampler
from samplerbench.harness.records import Trial
from samplerbench.models.base import Model
from samplerbench.models.loading import model_names
from samplerbench.models.loading.program import make_model
from samplerbench.options import fill
from samplerbench.samplers.base import Budget, Sampler, samplers
from samplerbench.samplers.loading.library_imports import import_libraries
from samplerbench.samplers.loading.sampler_file import run_sampler_file

MODELS = (
    "a registered name as 'linear:n_points=100', 'path/to/file.py:name',\n"
    "    a samplerbench.models.base.Model, or a NumPyro program with its data: (program, data) or"
    " program, data=data"
)

OF_ENVIRONMENT = {"env", "with_packages", "device", "precision"}  # options of a campaign alone
WHERE_IT_RUNS = "it runs in the Python that runs pytest; samplerbench.run() has environments"


@dataclass(frozen=True)
class Request:
    """One sampler on one model, with its budget."""

    model: Model
    sampler: Sampler
    settings: Any  # the sampler's own dataclass
    trial: Trial
    rounds: int | None  # runs that are timed; None: as many as fill the time
    warnings: tuple[str, ...] = ()  # what was unusual before anything was run

    @property
    def budget(self) -> Budget:
        """Chains, warm-up and draws of one run."""
        return Budget(self.trial.chains, self.trial.warmup, self.trial.draws)


def make_request(
    model: Any,
    sampler: str | Sampler,
    replicates: int | None,
    rounds: int | None,
    data: Mapping[str, Any] | None,
    budget: Mapping[str, Any],
) -> Request:
    """Everything checked and the sampler's library imported. Raises UsageError."""
    known = ("chains", "draws", "seed", "warmup")
    for name in budget:
        if name not in known:
            others = ("data", "replicates", "rounds", "sampler")
            error = unknown_name("argument of sampler_benchmark", name, (*known, *others))
            raise UsageError(f"{error}\n  {WHERE_IT_RUNS}") if name in OF_ENVIRONMENT else error
    counts = {**budget, **({} if replicates is None else {"replicates": replicates})}
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise UsageError(f"rounds={rounds!r}\n  expected: a whole number from 1 on")
    plan = Plan(**check_options(counts, "sampler_benchmark()"))
    chosen, chosen_settings = _sampler(sampler)
    built, name, options, digest = _model(model, data)
    warnings = _import_libraries(chosen)
    trial = Trial(
        model=name,
        model_options=options,
        model_digest=digest,
        sampler=chosen.name,
        settings=chosen_settings,
        environment="current",
        environment_digest="",
        device="cpu",
        precision=read_precision(),
        chains=plan.chains,
        warmup=plan.warmup,
        draws=plan.draws,
        seed=plan.seed,
        replicates=plan.replicates,
    )
    return Request(
        built, chosen, fill(chosen.settings, chosen_settings, chosen.name), trial, rounds, warnings
    )


def _sampler(sampler: str | Sampler) -> tuple[Sampler, dict[str, Any]]:
    if isinstance(sampler, Sampler):
        return sampler, {}
    if not isinstance(sampler, str):
        raise UsageError(
            f"sampler={sampler!r} is a {type(sampler).__name__}\n"
            "  expected: a registered name as 'numpyro_hmc:trajectory_length=1.5', "
            "'path/to/file.py:NAME',\n    or a samplerbench.samplers.base.Sampler"
        )
    name, settings = parse_sampler(sampler)
    if samplers.is_file(name):
        run_sampler_file(name)  # before the libraries, as in a worker: it may switch JAX to 64 bits
    return samplers.get(name), settings


def _model(model: Any, data: Mapping[str, Any] | None) -> tuple[Model, str, dict[str, Any], str]:
    """The model, its name, the options that differ from its defaults, the digest of its file."""
    if isinstance(model, tuple) and len(model) == 2 and data is None:
        model, data = model
        if not callable(model) or not isinstance(data, Mapping):
            raise UsageError(f"model=({model!r}, {data!r})\n  expected: {MODELS}")
    if isinstance(model, (str, Model)):
        if data is not None:
            raise UsageError(f"the model {model!r} has data of its own; data= is not needed")
        if isinstance(model, Model):
            return model, model.name, {}, ""
        name, options, digest = parse_model(model)[:3]
        return model_names.load_model(name, options), model if digest else name, options, digest
    if not callable(model):
        raise UsageError(f"model={model!r} is a {type(model).__name__}\n  expected: {MODELS}")
    name = getattr(model, "__name__", "program")
    return make_model(model, data or {}, name), name, {}, ""


def _import_libraries(sampler: Sampler) -> tuple[str, ...]:
    """Import what the sampler needs; a warning where that changes what follows."""
    before = read_precision() if "jax" in sys.modules else None
    with python_warnings.catch_warnings():
        # what libraries say at their import is no test's failure
        python_warnings.simplefilter("ignore")
        import_libraries(sampler.needs)
    if before in (None, read_precision()):
        return ()
    return (f"importing {', '.join(sampler.needs)} switched JAX to {read_precision()}-bit",)


def read_precision() -> int:
    """Bits of a float in this process: JAX's, where it has been imported."""
    jax = sys.modules.get("jax")  # not imported here: only where the sampler needs it
    return 64 if jax is not None and jax.config.jax_enable_x64 else 32
