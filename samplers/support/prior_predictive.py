"""Parameters and data drawn from a model's own prior, for simulation-based calibration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samplerbench.models.base import Model, Sites
from samplerbench.samplers.base import Declined
from samplerbench.samplers.support.data_arguments import split_data
from samplerbench.samplers.support.improper_priors import is_scaled
from samplerbench.samplers.support.latent_sites import find_latents, is_observed, trace_sites
from samplerbench.samplers.support.site_handlers import adapt_sites

Simulate = Callable[[np.random.Generator], tuple[Sites, Sites]]


def make_simulator(model: Model) -> Simulate:
    """``simulate(rng) -> (parameters, data)``: the model's own, or its NumPyro program run forward.

    Raises Declined where no observed site of the program takes its value from the data, where these
    have any other part in the program, for an improper prior, and for a density raised to a power.
    """
    return model.simulate or _run_program_forward(model)


def _run_program_forward(model: Model) -> Simulate:
    import jax
    from numpyro.handlers import seed, trace

    model, _ = adapt_sites(model, rename=False)
    sources = _find_sources(model)
    if improper := [site.name for site in find_latents(model) if site.improper]:
        raise Declined(
            f"{model.name!r} can't be drawn from its prior: that of {improper[0]!r} is improper"
        )
    checked: list[bool] = []  # in the first call

    def simulate(rng: np.random.Generator) -> tuple[Sites, Sites]:
        key = jax.random.PRNGKey(int(rng.integers(2**31)))
        free = _unobserve(model.program)
        try:
            sites = trace(seed(free, key)).get_trace(**model.data)
        except NotImplementedError as error:  # what an improper prior says to being sampled
            raise Declined(f"{model.name!r} can't be drawn from its prior: {error}") from error
        drawn = {n: np.asarray(s["value"]) for n, s in sites.items() if s["type"] == "sample"}
        data = {source: drawn.pop(site) for site, source in sources.items()}
        _check_shapes(model, data)
        if not checked:
            _refuse_other_uses(model, sites, data, key)
            checked.append(True)
        return drawn, {**model.data, **data}

    return simulate


def _find_sources(model: Model) -> dict[str, str]:
    """Observed site -> the data that it is observed to be, found by identity while tracing."""
    import jax

    sources: dict[str, str] = {}

    def read(data: Any) -> None:
        for name, site in trace_sites(model, data).items():
            if not is_observed(site):
                continue
            if is_scaled(site):
                raise Declined(
                    f"the density of site {name!r} of {model.name!r} is raised to a power "
                    "(numpyro.handlers.scale), so data drawn from its distribution are not those"
                    " that the posterior is of: leave the power out to calibrate"
                )
            same = [key for key, value in data.items() if value is site["value"]]
            if not same:
                raise Declined(
                    f"site {name!r} of {model.name!r} is not observed to be one of the program's "
                    "arguments, so new data can't be put in its place: hand its data over as one, "
                    "by the dict 'data' of its file or by --data, not as a default"
                )
            if same[0] in sources.values():
                raise Declined(
                    f"two sites of {model.name!r}, {name!r} among them, are observed to be "
                    f"{same[0]!r}: no data drawn from the prior are the values of both"
                )
            sources[name] = same[0]

    arguments = dict(split_data(model).arguments)
    jax.eval_shape(lambda values: read({**model.data, **values}), arguments)
    if not sources:
        raise Declined(f"model {model.name!r} observes nothing; there are no data to simulate")
    return sources


def _unobserve(program: Callable[..., Any]) -> Any:
    from numpyro.primitives import Messenger

    class Unobserve(Messenger):
        """Draws observed sites anew. NumPyro 0.13 has no handler of its own for this."""

        def process_message(self, msg: dict[str, Any]) -> None:
            if msg["type"] == "sample" and msg["is_observed"]:
                msg["is_observed"] = False
                msg["fn"] = _expand(msg["fn"], np.shape(msg["value"]))
                msg["value"] = None

    return Unobserve(program)


def _expand(distribution: Any, shape: tuple[int, ...]) -> Any:
    """``distribution`` drawn to ``shape``: a density without a plate holds for all of an array."""
    batch = shape[: len(shape) - len(distribution.event_shape)]
    own = distribution.batch_shape
    is_wider = len(own) <= len(batch) and np.broadcast_shapes(own, batch) == batch
    return distribution.expand(batch) if is_wider and own != batch else distribution


def _check_shapes(model: Model, drawn: Sites) -> None:
    """Raise Declined for data that are not of the shape of the model's own."""
    for name, values in drawn.items():
        own = np.shape(model.data[name])
        if values.shape != own:
            raise Declined(
                f"data {name!r} of {model.name!r} drawn from its prior have shape {values.shape}\n"
                f"  expected: the shape of its own data, {own}, since all are sampled alike\n"
                f"  observe an array in a plate of its size, as `with numpyro.plate('data', n)`"
            )


def _refuse_other_uses(model: Model, sites: Any, data: Sites, key: Any) -> None:
    """Raise Declined where ``data``, once in place of the model's own, change a distribution.

    ``sites`` were drawn given the model's own data: that of an autoregression's next value, or a
    prior as wide as the data, is then another one than a sampler is given.
    """
    from numpyro.handlers import seed, substitute, trace

    values = {name: s["value"] for name, s in sites.items() if s["type"] == "sample"}
    given = substitute(seed(model.program, key), values)
    for name, now in trace(given).get_trace(**{**model.data, **data}).items():
        if now["type"] != "sample":
            continue
        before, after = (
            np.sum(np.asarray(s["fn"].log_prob(s["value"]), np.float64)) for s in (sites[name], now)
        )
        if not np.isclose(before, after, rtol=1e-4, atol=1e-4, equal_nan=True):
            raise Declined(
                f"the distribution of site {name!r} of {model.name!r} depends on data that are "
                f"observed ({', '.join(map(repr, data))}), which are to be drawn from the prior\n"
                "  expected: data that are observed, and used for nothing else; what a prior takes"
                " of them, as a width, is handed over beside them"
            )
