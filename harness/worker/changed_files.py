"""Files of a trial that are no more what the campaign was planned with."""

from __future__ import annotations

from samplerbench.errors import SamplerbenchError
from samplerbench.harness.records import Trial
from samplerbench.models.base import models
from samplerbench.models.loading import script
from samplerbench.models.loading.model_names import find_file
from samplerbench.models.posteriordb.folder import is_posterior
from samplerbench.models.posteriordb.load import digest_posterior
from samplerbench.samplers.base import samplers


def describe_change(trial: Trial) -> str:
    """Which of the model's and the sampler's files has changed or is gone; "" for none."""
    for name, planned, read in (
        (trial.model, trial.model_digest, _digest_model),
        (trial.sampler, trial.sampler_digest, samplers.digest),
    ):
        try:
            found = read(name) if planned else ""
        except (OSError, SamplerbenchError) as error:
            return f"{name} can't be read as it could when the campaign began: {error}"
        if found != planned:
            return (
                f"{name} has changed since the campaign began (it was {planned[:8]}, it is "
                f"{found[:8]}): run what it is now with another --out"
            )
    return ""


def _digest_model(name: str) -> str:
    """The digest of a model as a plan takes it; of a function it stands in the name."""
    if is_posterior(name):
        return digest_posterior(name)
    file = find_file(name)
    return script.digest_file(file) if file else models.digest(name)
