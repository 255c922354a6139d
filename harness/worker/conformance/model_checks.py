"""Checks that every model must pass: its program against its exact posterior, and its listing."""

from __future__ import annotations

import math

import numpy as np

from samplerbench.components import component_draws, component_names, site_positions
from samplerbench.harness.worker.conformance import (
    CheckFailed,
    CheckFunction,
    CheckSkipped,
    check_dataclass,
    density,
    require,
)
from samplerbench.harness.worker.conformance.model_case import DRAWS, SEED, ModelCase
from samplerbench.models.base import Array, Exact, Sites

SIMULATIONS = 64
#: standard errors that one number may be off by: 6 is passed twice in 10^9
MOST_ERRORS = 6.0
PROBS = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])


def has_a_name(case: ModelCase) -> str:
    """The model carries its registered name, and there is a line about it."""
    if case.family is None:
        raise CheckSkipped("a model in a file is not registered")
    require(case.name.isidentifier(), f"{case.name!r} is no word that can be typed")
    text = f"its Model is called {case.model.name!r}; expected: {case.name!r}"
    require(case.model.name == case.name, text)
    require(case.family.summary.strip(), "summary is empty")
    return case.family.summary


def imports_nothing(case: ModelCase) -> str:
    """Listing it imports no sampling library: NumPyro belongs inside the program."""
    if case.family is None:
        raise CheckSkipped("a model in a file is not listed")
    listed = ", ".join(case.imported_libraries)
    require(not listed, f"importing its module imports {listed}; import it inside the program")
    return "listing it imports no sampling library"


def options_can_be_set(case: ModelCase) -> str:
    """Options are a frozen dataclass with defaults that the command line can set."""
    if case.family is None:
        raise CheckSkipped("a model in a file has no options")
    return check_dataclass(case.family.options, "options")


def program_runs(case: ModelCase) -> str:
    """The program can be traced on the data and has something to sample."""
    require(case.latent, "the program has no latent site")
    return ", ".join(f"{name} {list(shape)}" for name, shape in case.latent.items())


def names_fit(case: ModelCase) -> str:
    """The exact posterior's components are components of the program's sites, each once."""
    names = case.exact.names
    known = {c for site, (_, shape) in case.sites.items() for c in component_names(site, shape)}
    strange = [name for name in names if name not in known]
    require(not strange, f"no component of the program is called {strange[:3]}")
    require(len(set(names)) == len(names), "a component is named twice")
    if set(case.sites) == set(case.latent):
        missing = sorted(known - set(names))
        require(not missing, f"the exact answer leaves out {missing[:3]}")
    return f"{len(names)} components"


def moments_fit(case: ModelCase) -> str:
    """Mean and covariance have the components' shape; the covariance is positive definite."""
    exact, count = case.exact, len(case.exact.names)
    require(exact.mean.shape == (count,), f"mean has shape {exact.mean.shape}, not ({count},)")
    shape = exact.covariance.shape
    require(shape == (count, count), f"covariance has shape {shape}, not ({count}, {count})")
    for name in ("mean", "covariance"):
        array = getattr(exact, name)
        require(array.dtype == np.float64, f"{name} is {array.dtype}, not float64")
        require(np.isfinite(array).all(), f"{name} is not finite")
    require((np.diag(exact.covariance) > 0).all(), "a variance is not positive")
    correlation = exact.covariance / np.outer(exact.sd, exact.sd)
    require(np.allclose(correlation, correlation.T, atol=1e-10), "covariance is not symmetric")
    least = float(np.linalg.eigvalsh(correlation).min())
    require(least > 0, f"covariance is not positive definite: least eigenvalue {least:.2g}")
    return f"least eigenvalue of the correlation {least:.2g}"


def draws_fit_moments(case: ModelCase) -> str:
    """Exact draws have the mean and the covariance that are claimed."""
    exact, x = case.exact, case.columns
    require(len(x) == DRAWS and np.isfinite(x).all(), "draws are not finite, or too few")
    root = math.sqrt(len(x))
    mean_error = np.hypot(exact.sd / root, 0.0 if exact.mean_se is None else exact.mean_se)
    off = np.abs(x.mean(axis=0) - exact.mean) / mean_error
    require(off.max() < MOST_ERRORS, f"{_name_worst(exact, off)}: mean off by {off.max():.1f} se")
    worst = 0.0
    sd_se = np.zeros(len(exact.sd)) if exact.sd_se is None else exact.sd_se
    for i, away in enumerate((x - exact.mean).T):  # one row of the covariance at a time
        products = away[:, None] * (x - exact.mean)
        claimed = np.abs(exact.covariance[i]) * (sd_se[i] / exact.sd[i] + sd_se / exact.sd)
        error = np.hypot(products.std(axis=0) / root, claimed)
        worst = max(worst, (np.abs(products.mean(axis=0) - exact.covariance[i]) / error).max())
    require(worst < MOST_ERRORS, f"covariance off by {worst:.1f} standard errors")
    return f"mean within {off.max():.1f}, covariance within {worst:.1f} standard errors"


def _name_worst(exact: Exact, off: Array) -> str:
    return exact.names[int(off.argmax())]


def quantiles_fit(case: ModelCase) -> str:
    """Quantiles rise, and as many exact draws lie below each as its probability says."""
    exact = case.exact
    if exact.quantile is None:
        raise CheckSkipped("the exact answer gives no quantiles")
    q = exact.quantile(PROBS)
    wanted = (len(PROBS), len(exact.names))
    require(q.shape == wanted, f"quantiles have shape {q.shape}, not {wanted}")
    require((np.diff(q, axis=0) > 0).all(), "quantiles do not rise")
    below = (case.columns[:, None, :] <= q).mean(axis=0)
    error = np.sqrt(PROBS * (1 - PROBS) / DRAWS)[:, None]
    off = np.abs(below - PROBS[:, None]) / error  # binomial, with 655 expected at the least
    worst = off.max(axis=0)
    require(worst.max() < MOST_ERRORS, f"{_name_worst(exact, worst)}: off by {worst.max():.1f} se")
    return f"counts below within {worst.max():.1f} standard errors"


def density_fits(case: ModelCase) -> str:
    """The program's density is that of the exact draws, up to a factor: Stein's identities."""
    off = np.abs(density.compute_stein_z(case.density_at_draws))
    require(np.isfinite(off).all(), "the log density is not finite at an exact draw")
    text = f"Stein's identities within {off.max():.1f} standard errors, {len(off)} of them"
    require(off.max() < MOST_ERRORS, text)
    return text


def evidence_fits(case: ModelCase) -> str:
    """The evidence is what bridge sampling makes of the program and the exact draws."""
    wanted = case.exact.log_evidence
    if wanted is None:
        raise CheckSkipped("the exact answer gives no evidence")
    mode_of = case.exact.mode_of
    modes = None if mode_of is None else mode_of(case.columns[: len(case.density_at_draws.free)])
    log_z, error = density.estimate_evidence(
        case.density_at_draws, modes, np.random.default_rng(SEED)
    )
    text = f"bridge sampling gives {log_z:.4f} +- {error:.4f}, the exact one is {wanted:.4f}"
    if not error < 0.1:  # a normal is too unlike this posterior to tell
        raise CheckSkipped(f"bridge sampling is too inexact here: {text}")
    require(abs(log_z - wanted) < MOST_ERRORS * error, text)
    return text


def modes_fit(case: ModelCase) -> str:
    """Exact draws visit the modes as often as their weights say."""
    exact = case.exact
    if exact.mode_of is None or exact.mode_weights is None:
        raise CheckSkipped("the model has one mode, or modes that are not told apart")
    shares = exact.mode_weights
    seen = np.bincount(exact.mode_of(case.columns), minlength=len(shares)) / DRAWS
    off = np.abs(seen - shares) / np.sqrt(shares * (1 - shares) / DRAWS)
    require(abs(shares.sum() - 1) < 1e-9, f"mode weights sum to {shares.sum()}")
    require(off.max() < MOST_ERRORS, f"mode {off.argmax()}: off by {off.max():.1f} standard errors")
    return f"{len(shares)} modes within {off.max():.1f} standard errors"


def simulates(case: ModelCase) -> str:
    """Simulated data are like the data, and truths lie in their posteriors as they should.

    A truth from the prior is one more draw of the posterior of the data that it made, so it lies
    below the median with probability 1/2. Cook, Gelman and Rubin (2006), J. Comput. Graph. Stat.
    15:675.
    """
    model = case.model
    if model.simulate is None:
        raise CheckSkipped("the model has no simulate")
    rng = np.random.default_rng(SEED)
    pairs = [model.simulate(rng) for _ in range(SIMULATIONS)]
    for truth, data in pairs[:1]:
        strange = [name for name in truth if name not in case.sites]
        require(not strange, f"simulated parameters {strange} are no sites of the program")
        require(data.keys() == model.data.keys(), f"simulated data hold {sorted(data)}")
        same = all(np.shape(data[k]) == np.shape(v) for k, v in model.data.items())
        require(same, "simulated data have other shapes than the data")
    if model.exact_given is None or case.exact.quantile is None:
        return "data like the data; no quantiles to rank the truths by"
    return _rank_truths(case, pairs)


def _rank_truths(case: ModelCase, pairs: list[tuple[Sites, Sites]]) -> str:
    from scipy import stats  # inside: only NumPy is there at the top

    drawn = site_positions({site: np.shape(x) for site, x in pairs[0][0].items()})
    names = [name for name in case.exact.names if name in drawn]
    places = [case.exact.names.index(name) for name in names]
    low = np.zeros(len(names), int)
    for truth, data in pairs:
        exact = case.model.with_data(data).exact()
        if exact is None or exact.quantile is None:
            raise CheckFailed("with_data(simulated data) has no exact answer")
        medians = exact.quantile(np.array([0.5]))[0, places]
        low += component_draws(truth, names, 0) < medians
    least = min(stats.binomtest(int(k), SIMULATIONS, 0.5).pvalue for k in low)
    text = f"truths below the median {low.min()} to {low.max()} times in {SIMULATIONS}"
    require(least > 1e-8, text)
    return text


def pictures_fit(case: ModelCase) -> str:
    """``truth`` names sites, and ``curve`` gives a line for each draw."""
    model = case.model
    strange = [name for name in model.truth if name not in case.sites]
    require(not strange, f"truth names {strange}, which are no sites of the program")
    if model.curve is None:
        raise CheckSkipped("the model has no curve")
    x = np.asarray(model.data["x"])
    some = {name: values[:3] for name, values in case.draws.items()}
    shape = np.shape(model.curve(x, some))
    require(shape == (3, len(x)), f"curve gives shape {shape}; expected: (3, {len(x)})")
    return "a line for each draw"


CHECKS: list[CheckFunction] = [
    has_a_name,
    imports_nothing,
    options_can_be_set,
    program_runs,
    names_fit,
    moments_fit,
    draws_fit_moments,
    quantiles_fit,
    density_fits,
    evidence_fits,
    modes_fit,
    simulates,
    pictures_fit,
]
