"""What tests of models share: a model with its answer, its draws in columns, its own density."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.models import base


def build_with_answer(name, **options):
    """The model and its exact answer."""
    model = base.build(name, options)
    return model, model.exact()


def column(sites, name):
    """The draws of the component called ``name``, [draw]."""
    site, _, index = name.partition("[")
    return sites[site][:, int(index[:-1])] if index else sites[site]


def columns(sites, names):
    """The draws of the components called ``names``, [draw, component]."""
    return np.stack([column(sites, name) for name in names], axis=1)


def log_joint(model, sites, bits=64):
    """The program's log density of parameters and data at ``sites``, each [point, *event]."""
    jax = pytest.importorskip("jax")
    from numpyro.infer.util import log_density

    # jax 0.4 has it in jax.experimental, jax 0.10 in jax only
    x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64

    def density(parameters, data):
        return log_density(model.program, (), data, parameters)[0]

    with x64(bits == 64):
        values = jax.jit(jax.vmap(density, (0, None)))(sites, model.data)  # data traced
        return np.asarray(values, dtype=np.float64)


def evaluate_sites(model, parameters):
    """All sites of the program, deterministic ones too, at one point."""
    pytest.importorskip("jax")
    from numpyro import handlers

    program = handlers.substitute(handlers.seed(model.program, 0), parameters)
    trace = handlers.trace(program).get_trace(**model.data)
    return {name: site["value"] for name, site in trace.items()}
