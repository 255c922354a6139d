"""Does a sampler or a model keep its contract? Checks in a process of their own, and as tests.

For the tests of a plug-in, with pytest:

    from samplerbench.conformance import SamplerConformance

    class TestMine(SamplerConformance):
        name = "mine"  # as in the command line, "mine:step=0.1" included
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness import launcher
from samplerbench.harness.campaign import plan
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.harness.worker.conformance import Check
from samplerbench.harness.worker.conformance.model_checks import CHECKS as OF_MODELS
from samplerbench.harness.worker.conformance.sampler_checks import CHECKS as OF_SAMPLERS
from samplerbench.models.base import models
from samplerbench.samplers.base import samplers

TIMEOUT_S = 900.0
IDLE = "exact_iid"  # the sampler of a process that looks at a model

Telling = Callable[[str], None]


def of_sampler(
    name: str,
    env: str = "current",
    timeout: float = TIMEOUT_S,
    telling: Telling = lambda name: None,
) -> list[Check]:
    """The checks of a sampler, ``name`` as in the command line, run in environment ``env``.

    ``telling`` hears the name of each check that begins. Raises UsageError for what is not known
    or can't be loaded, EnvironmentFailed.
    """
    sampler, settings = plan.parse_sampler(name)
    trial = _trial(sampler=sampler, settings=settings, sampler_digest=samplers.digest(sampler))
    return _checked(trial, env, timeout, telling)


def of_model(
    name: str,
    env: str = "current",
    timeout: float = TIMEOUT_S,
    telling: Telling = lambda name: None,
) -> list[Check]:
    """The checks of a model, registered or ``path/to/file.py:name``; likewise, in 64 bits."""
    model, options, digest = plan.parse_model(name)
    trial = _trial(model=model, model_options=options, model_digest=digest, precision=64)
    return _checked(trial, env, timeout, telling)


def of(name: str, env: str, telling: Telling) -> list[tuple[str, list[Check]]]:
    """The checks of whatever is called so, under "sampler" or "model". Raises UsageError."""
    bare = name.partition(":")[0]
    kinds = {
        "sampler": (of_sampler, _has(samplers, bare)),
        "model": (of_model, bare.endswith(".py") or _has(models, bare)),
    }
    done = [(kind, run(name, env, telling=telling)) for kind, (run, has) in kinds.items() if has]
    if not done:
        raise unknown_name(
            "sampler or model", bare, [*samplers.names(), *models.names(), *_brought()]
        )
    return done


def _brought() -> list[str]:
    return [plugin.name for registry in (samplers, models) for plugin in registry.plugins()]


def _has(registry: Any, name: str) -> bool:
    return name in registry.names() or registry.plugin(name) is not None


def _trial(**fields: Any) -> Trial:
    """What a checking process is told; chains 2, as the checks of samplers run."""
    given: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(Trial)}
    given.update(model="", model_options={}, model_digest="", sampler=IDLE, settings={})
    given.update(environment="", environment_digest="", device="cpu", precision=32)
    given.update(chains=2, warmup=200, draws=250, seed=0, replicates=1)
    return Trial(**{**given, **fields})


def _checked(trial: Trial, env: str, timeout: float, telling: Telling) -> list[Check]:
    python = environments.resolve(env).python
    trial = dataclasses.replace(trial, environment=env)
    with tempfile.TemporaryDirectory(prefix="samplerbench-") as folder:
        scratch = Path(folder) / "scratch"
        result = launcher.launch(
            trial, python, scratch, timeout, watching=telling, task="conformance.entry"
        )
        if result.status == "failed":
            raise UsageError(result.reason)
        if result.status != "ok":
            return [Check("runs", False, f"{result.status}: {result.reason}")]
        with np.load(scratch / "draws.npz", allow_pickle=False) as arrays:
            return [Check(**check) for check in json.loads(str(arrays["facts"]))]


class _Conformance:
    """Test methods of one subject; all its checks run once, before the first."""

    name: ClassVar[str] = ""  # what is to be checked, as in the command line
    env: ClassVar[str] = "current"  # where: as --env
    timeout: ClassVar[float] = TIMEOUT_S  # seconds for all checks together
    _run: ClassVar[Callable[..., list[Check]]]
    _done: ClassVar[dict[str, Check]]

    @classmethod
    def setup_class(cls) -> None:
        """Run the checks; pytest calls this once for each class."""
        if not cls.name:
            raise UsageError(f"{cls.__name__} names nothing\n  expected: name = 'mine' in it")
        cls._done = {check.name: check for check in cls._run(cls.name, cls.env, cls.timeout)}

    def _verdict(self, name: str) -> None:
        import pytest  # inside: the command needs no pytest

        check = self._done.get(name) or self._done["runs"]
        if check.passed is None:
            pytest.skip(check.said)
        assert check.passed, check.said


def _test(check: Any) -> Callable[[_Conformance], None]:
    def test(self: _Conformance) -> None:
        self._verdict(check.__name__)

    test.__name__, test.__doc__ = f"test_{check.__name__}", check.__doc__
    return test


class SamplerConformance(_Conformance):
    """Tests of a sampler: subclass it as ``class TestMine`` and give ``name``."""

    _run = staticmethod(of_sampler)


class ModelConformance(_Conformance):
    """Tests of a model: subclass it as ``class TestMine`` and give ``name``."""

    _run = staticmethod(of_model)


for _kind, _checks in ((SamplerConformance, OF_SAMPLERS), (ModelConformance, OF_MODELS)):
    for _check in _checks:
        setattr(_kind, f"test_{_check.__name__}", _test(_check))
