"""Whose arrays a program takes its data in: NumPy's, or those of JAX only."""

from __future__ import annotations

import contextlib

from samplerbench.harness.records import Trial
from samplerbench.models.base import Model
from samplerbench.models.loading.data_files import JAX_ENDING, make_jax_arrays
from samplerbench.samplers.support.latent_sites import find_latents


def fit_data(model: Model, trial: Trial) -> Model:
    """The model with data of a table as arrays of JAX, where it can be traced on no others.

    A program reads them at a traced index, as that of a plate or a loop; most also take NumPy's,
    and some, which find sizes in them, only those.
    """
    if not trial.data_file or trial.data_file.endswith(JAX_ENDING):
        return model
    with contextlib.suppress(Exception):
        find_latents(model)
        return model
    of_jax = model.with_data(make_jax_arrays(model.data))
    with contextlib.suppress(Exception):
        find_latents(of_jax)
        return of_jax
    return model
