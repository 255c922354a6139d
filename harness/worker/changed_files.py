"""Files of a trial that are no more what the campaign was planned with."""

from __future__ import annotations

from samplerbench.errors import SamplerbenchError
from samplerbench.harness.records import Trial
from samplerbench.models.loading.model_names import digest_model
from samplerbench.samplers.base import samplers


def describe_change(trial: Trial) -> str:
    """Which of the model's and the sampler's files has changed or is gone; "" for none."""
    for name, planned, read in (
        (trial.model, trial.model_digest, digest_model),
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
