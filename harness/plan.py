"""What is to be run: options in, trials out; everything that can be refused is refused here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from harness.records import Trial
from harness.stacks import environments
from models import files
from models.registry import UnknownName, fill, unknown
from samplers.base import samplers

GATES = ("honest", "overcautious", "overconfident", "biased", "broken")
#: the main job: the tutorial's samplers as shipped, HMC with a sane trajectory, and the control
DEFAULT_SAMPLERS = (
    "numpyro_nuts",
    "numpyro_hmc",
    "numpyro_hmc:trajectory_length=1.5",
    "numpyro_sa",
    "jaxns_nested",
    "exact_iid",
)
DEVICES = ("cpu", "gpu")
LARGEST_SEED = 2**31 - 1  # what fits a 32-bit key whatever the precision


@dataclass(frozen=True)
class Plan:
    """A campaign as asked for. Lists are axes: their product is run, paired by replicate."""

    model: Sequence[str] = ("linear",)
    sampler: Sequence[str] = DEFAULT_SAMPLERS
    replicates: int = 32
    chains: int = 1
    warmup: int = 500
    draws: int = 5000
    seed: int = 0  # replicate r of every sampler runs with seed + r
    env: Sequence[str] = ("pinned",)
    device: Sequence[str] = ("cpu",)
    precision: Sequence[int] = (32,)
    timeout: float = 600.0  # seconds a trial
    jobs: int = 1  # trials at once; timings want 1
    calibrate: str = ""  # "prior": simulation-based calibration
    gate: Sequence[str] = ()  # "honest", or "sampler=verdict" for that one: what rows must be

    def __post_init__(self) -> None:
        for name in ("replicates", "chains", "warmup", "draws", "jobs"):
            _at_least_one(name, getattr(self, name))
        if not self.timeout > 0:
            raise UnknownName(f"timeout={self.timeout:g} s\n  expected: more than 0")
        if not 0 <= self.seed <= LARGEST_SEED - self.replicates:
            raise UnknownName(
                f"seed={self.seed}\n  expected: 0 to 2**31 - 1 less the number of replicates"
            )
        _among("device", self.device, DEVICES)
        _among("precision", self.precision, (32, 64))
        _among("calibrate", [self.calibrate], ("", "prior"))
        _among("gate", [rule.rpartition("=")[2] for rule in self.gate], GATES)
        for name in ("model", "sampler", "env", "device", "precision"):
            if not getattr(self, name):
                raise UnknownName(f"no {name} is named\n  expected: at least one")


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise UnknownName(f"{name}={value}\n  expected: a whole number from 1 on")


def _among(name: str, values: Sequence[Any], allowed: Sequence[Any]) -> None:
    for value in values:
        if value not in allowed:
            known = [str(item) for item in allowed]
            raise unknown(name, str(value), known)


def trials(plan: Plan) -> list[Trial]:
    """Every trial of ``plan``, in the order of rows; raises UnknownName before any work."""
    found: dict[str, Trial] = {}
    chosen = [parse_sampler(text) for text in plan.sampler]
    places = [environments.identify(name) for name in plan.env]
    for model, options, digest in [parse_model(text) for text in plan.model]:
        for place in places:
            for device in plan.device:
                for precision in plan.precision:
                    for sampler, settings in chosen:
                        trial = Trial(
                            model=model,
                            model_options=options,
                            model_digest=digest,
                            sampler=sampler,
                            settings=settings,
                            environment=place.name,
                            environment_digest=place.digest,
                            device=device,
                            precision=precision,
                            chains=plan.chains,
                            warmup=plan.warmup,
                            draws=plan.draws,
                            seed=plan.seed,
                            replicates=plan.replicates,
                            calibrate=plan.calibrate,
                        )
                        found[trial.id] = trial
    return list(found.values())


def parse_sampler(text: str) -> tuple[str, dict[str, Any]]:
    """``name:key=value,key=value`` -> (name, settings that differ from the defaults)."""
    name, _, rest = text.partition(":")
    sampler = samplers.get(name)
    given = _pairs(rest, text)
    return name, _differing(fill(sampler.settings, given, name), given)


def parse_model(text: str) -> tuple[str, dict[str, Any], str]:
    """``name:key=value`` or ``path/to/file.py:name`` -> (name, options that differ, digest)."""
    if files.is_file(text):
        name, digest = files.check(text, {})
        return name, {}, digest
    from models.base import models

    name, _, rest = text.partition(":")
    given = _pairs(rest, text)
    filled = fill(models.get(name).options, given, name)
    return name, _differing(filled, given), ""


def _differing(filled: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``given`` as typed, less those that only repeat a default."""
    defaults = {f.name: f.default for f in dataclasses.fields(filled)}
    values = {name: getattr(filled, name) for name in given}
    return {name: value for name, value in sorted(values.items()) if value != defaults[name]}


def _pairs(text: str, whole: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            raise UnknownName(f"{part!r} in {whole!r} sets nothing\n  expected: name:setting=value")
        pairs[key.strip()] = value.strip()
    return pairs


def from_file(path: Path) -> dict[str, Any]:
    """The options in a campaign file: TOML whose keys are those of Plan. Raises UnknownName."""
    try:
        with open(path, "rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise UnknownName(
            f"can't read the campaign file {str(path)!r}: {error.strerror}\n"
            "  expected: a TOML file; its keys are the options of `samplerbench run`"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnknownName(f"{str(path)!r} is not TOML: {error}") from error
    return checked_options(given, str(path))


def checked_options(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``given`` with every name and type checked against Plan; single values become lists."""
    fields = {f.name: f for f in dataclasses.fields(Plan)}
    options: dict[str, Any] = {}
    for name, value in given.items():
        if name == "gate" and isinstance(value, Mapping):  # a table in a campaign file
            value = [f"{sampler}={word}" for sampler, word in value.items()]
        if name not in fields:
            raise unknown(f"option in {where}", name, fields)
        options[name] = _typed(name, value, fields[name].default, where)
    return options


def _typed(name: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        expected = "a word"
    elif isinstance(default, tuple):
        items = [value] if isinstance(value, (str, int)) else value
        kind = type(default[0]) if default else str
        if isinstance(items, (list, tuple)) and all(type(item) is kind for item in items):
            return tuple(items)
        expected = f"a list of {'numbers' if kind is int else 'words'}"
    else:
        kinds = (int, float) if isinstance(default, float) else (int,)
        if type(value) in kinds:
            return type(default)(value)
        expected = "a number" if isinstance(default, float) else "a whole number"
    raise UnknownName(f"{name} = {value!r} in {where}\n  expected: {expected}")


def default_folder(planned: Sequence[Trial]) -> Path:
    """Where a campaign goes when no folder is named: the same plan finds the same folder again."""
    digest = hashlib.sha256(json.dumps(sorted(t.id for t in planned)).encode()).hexdigest()[:8]
    names = {Path(t.model.rpartition(":")[0] or t.model).stem for t in planned}
    return Path("samplerbench-runs") / f"{'-'.join(sorted(names))[:40]}-{digest}"
