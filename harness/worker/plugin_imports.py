"""Plug-ins in a worker: where they are imported from, their versions, what they lack."""

from __future__ import annotations

from importlib import metadata

from samplerbench import plugins
from samplerbench.harness.records import Job
from samplerbench.models.base import models
from samplerbench.samplers.base import samplers


def offer_plugins(job: Job) -> None:
    """Let the registries find the job's plug-ins, and no others."""
    plugins.make_importable(job.plugins)
    for registry in (models, samplers):
        registry.set_plugins(job.plugins)


def explain_missing_import(job: Job, error: BaseException) -> str:
    """Why the trial can't be done where its plug-in's libraries are not installed; else ""."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ModuleNotFoundError):
        cause = cause.__cause__
    if cause is None or not job.plugins:
        return ""
    who = " or ".join(plugin.source for plugin in job.plugins)
    return (
        f"{who} needs {cause.name!r}, which environment {job.trial.environment!r} lacks; "
        "expected: --env current, or a file of pins that holds it"
    )


def read_versions(job: Job) -> dict[str, str]:
    """Distribution -> version of each plug-in, as found here, else as found by the coordinator."""
    return {plugin.distribution: _read_version(plugin) for plugin in job.plugins}


def _read_version(plugin: plugins.Plugin) -> str:
    try:
        return metadata.version(plugin.distribution)
    except metadata.PackageNotFoundError:
        return plugin.version
