"""Checks that a sampler or a model fulfils its interface, run in a process of their own.

For the tests of a plug-in, with pytest:

    from samplerbench.conformance import SamplerConformance

    class TestMine(SamplerConformance):
        name = "mine"  # as in the command line, "mine:step=0.1" included
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness import launcher
from samplerbench.harness.campaign.expand import DEFAULT_ENVIRONMENT, own_environment
from samplerbench.harness.campaign.specifiers import parse_model, parse_sampler
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.harness.worker.conformance import Check
from samplerbench.harness.worker.conformance.model_checks import CHECKS as MODEL_CHECKS
from samplerbench.harness.worker.conformance.sampler_checks import CHECKS as SAMPLER_CHECKS
from samplerbench.harness.worker_files import read_facts
from samplerbench.models.base import models
from samplerbench.samplers.base import samplers
from samplerbench.samplers.loading import sampler_file
from samplerbench.user_files import split_file

TIMEOUT_S = 900.0
IDLE_SAMPLER = "exact_iid"  # of a process that checks a model

Listener = Callable[[str], None]  # hears the name of each check that begins


def check_sampler(
    name: str,
    env: str = "current",
    timeout: float = TIMEOUT_S,
    listener: Listener = lambda name: None,
) -> list[Check]:
    """The checks of a sampler, ``name`` as in the command line, run in environment ``env``.

    Raises UsageError for what is not known or can't be loaded, EnvironmentFailed.
    """
    sampler, settings = parse_sampler(name)
    trial = _trial(sampler=sampler, settings=settings, sampler_digest=samplers.digest(sampler))
    return _run_checks(trial, env, timeout, listener)


def check_model(
    name: str,
    env: str = "current",
    timeout: float = TIMEOUT_S,
    listener: Listener = lambda name: None,
) -> list[Check]:
    """The checks of a model, registered or ``path/to/file.py:name``, in 64 bits; likewise."""
    model, options, digest = parse_model(name)
    trial = _trial(model=model, model_options=options, model_digest=digest, precision=64)
    return _run_checks(trial, env, timeout, listener)


def check(name: str, env: str | None, listener: Listener) -> list[tuple[str, str, list[Check]]]:
    """The checks of whatever has this name: "sampler" or "model", the environment, the checks.

    ``env``: None is the sampler's own environment, or the default one. Raises UsageError.
    """
    file, rest = split_file(name)
    bare = file or rest.partition(":")[0]
    outcomes: list[tuple[str, str, list[Check]]] = []
    if sampler_file.is_sampler(name) if file else bare in samplers.all_names():
        stack = env or (DEFAULT_ENVIRONMENT if file else own_environment(bare))
        outcomes.append(("sampler", stack, check_sampler(name, stack, listener=listener)))
    if (file and not outcomes) or bare in models.all_names():
        stack = env or DEFAULT_ENVIRONMENT
        outcomes.append(("model", stack, check_model(name, stack, listener=listener)))
    if not outcomes:
        known = [*samplers.all_names(), *models.all_names()]
        raise unknown_name("sampler or model", bare, known)
    return outcomes


def _trial(**fields: Any) -> Trial:
    """The trial that tells a process what to check; 2 chains, as the checks of samplers run."""
    values: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(Trial)}
    values.update(model="", model_options={}, model_digest="", sampler=IDLE_SAMPLER, settings={})
    values.update(environment="", environment_digest="", device="cpu", precision=32)
    values.update(chains=2, warmup=200, draws=250, seed=0, replicates=1)
    return Trial(**{**values, **fields})


def _run_checks(trial: Trial, env: str, timeout: float, listener: Listener) -> list[Check]:
    python = environments.resolve(env).python
    trial = dataclasses.replace(trial, environment=env)
    with tempfile.TemporaryDirectory(prefix="samplerbench-") as folder:
        scratch = Path(folder) / "scratch"
        result = launcher.launch(
            trial, python, scratch, timeout, watching=listener, task="conformance.entry"
        )
        if result.status == "failed":
            raise UsageError(result.reason)
        if result.status != "ok":
            return [Check("runs", False, f"{result.status}: {result.reason}")]
        return [Check(**fields) for fields in read_facts(scratch)]


class _Conformance:
    """Test methods for one sampler or model; all its checks run once, before the first."""

    name: ClassVar[str] = ""  # what is to be checked, as in the command line
    env: ClassVar[str] = "current"  # where: as --env
    timeout: ClassVar[float] = TIMEOUT_S  # seconds for all checks together
    _run: ClassVar[Callable[..., list[Check]]]
    _checks: ClassVar[dict[str, Check]]

    @classmethod
    def setup_class(cls) -> None:
        """Run the checks; pytest calls this once for each class."""
        if not cls.name:
            raise UsageError(f"{cls.__name__} names nothing\n  expected: name = 'mine' in it")
        checks = cls._run(cls.name, cls.env, cls.timeout)
        cls._checks = {one.name: one for one in checks}

    def _assert(self, name: str) -> None:
        import pytest  # inside: the command needs no pytest

        check = self._checks.get(name) or self._checks["runs"]
        if check.passed is None:
            pytest.skip(check.text)
        assert check.passed, check.text


def _test(check: Any) -> Callable[[_Conformance], None]:
    def test(self: _Conformance) -> None:
        self._assert(check.__name__)

    test.__name__, test.__doc__ = f"test_{check.__name__}", check.__doc__
    return test


class SamplerConformance(_Conformance):
    """Tests of a sampler: subclass it as ``class TestMine`` and give ``name``."""

    _run = staticmethod(check_sampler)


class ModelConformance(_Conformance):
    """Tests of a model: subclass it as ``class TestMine`` and give ``name``."""

    _run = staticmethod(check_model)


for _kind, _checks in ((SamplerConformance, SAMPLER_CHECKS), (ModelConformance, MODEL_CHECKS)):
    for _check in _checks:
        setattr(_kind, f"test_{_check.__name__}", _test(_check))
