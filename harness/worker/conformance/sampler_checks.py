"""Checks that every sampler must pass: its runs on programs whose posterior is known."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from samplerbench.errors import one_line
from samplerbench.harness.worker.conformance import (
    CheckFailed,
    CheckFunction,
    CheckSkipped,
    check_dataclass,
    programs,
    require,
)
from samplerbench.harness.worker.conformance.sampler_case import (
    BUDGET,
    TINY,
    SamplerCase,
    summarise_runs,
)
from samplerbench.models.base import Exact
from samplerbench.samplers.base import Declined, Draws, Prepared

#: 3 comparisons of 16 numbers: together a false alarm below one in a million
ALARM = 1e-6 / (3 * 16)
FEW_RUNS = 8  # on other data, where these are right


def has_a_name(case: SamplerCase) -> str:
    """The name can be typed, and there is a line about it."""
    sampler = case.sampler
    require(sampler.name.isidentifier(), f"{sampler.name!r} is no word that can be typed")
    require(sampler.summary.strip(), "summary is empty")
    require("\n" not in sampler.summary, "summary is more than one line")
    return sampler.summary


def imports_nothing(case: SamplerCase) -> str:
    """Listing it imports no sampling library: these belong inside ``prepare``."""
    listed = ", ".join(case.imported_libraries)
    require(not listed, f"importing its module imports {listed}; import it inside prepare")
    return "listing it imports no sampling library"


def settings_can_be_set(case: SamplerCase) -> str:
    """Settings are a frozen dataclass with defaults that the command line can set."""
    return check_dataclass(case.sampler.settings, "settings")


def prepares(case: SamplerCase) -> str:
    """``prepare`` gives a Prepared."""
    prepared = case.prepared
    require(
        isinstance(prepared, Prepared),
        f"prepare gives a {type(prepared).__name__}, not a Prepared",
    )
    return "plain and compiled" if prepared.compile else "plain only"


def gives_draws(case: SamplerCase) -> str:
    """A plain run gives each latent site as [chain, draw, *event], finite, as many as asked for."""
    return _check_shapes(case.first_run)


def _check_shapes(draws: Draws) -> str:
    require(isinstance(draws, Draws), f"a run gives a {type(draws).__name__}, not Draws")
    lead = None if draws.log_weights is None else draws.log_weights.shape
    for site, event in programs.SHAPES.items():
        require(site in draws.sites, f"site {site!r} is missing; given: {', '.join(draws.sites)}")
        values = draws.sites[site]
        require(isinstance(values, np.ndarray), f"{site!r} is a {type(values).__name__}")
        wanted = (lead or (BUDGET.chains, BUDGET.draws)) + event
        text = f"{site!r} has shape {values.shape}; expected: {wanted}, [chain, draw, *event]"
        require(values.shape == wanted, text)
        require(np.isfinite(values).all(), f"{site!r} holds values that are not finite")
    require((draws.sites["positive"] > 0).all(), "'positive' holds values that are not positive")
    return f"{len(programs.SHAPES)} sites, [chain, draw] = {list(lead or (2, 250))}"


def weights_fit(case: SamplerCase) -> str:
    """Log weights, where given, can be used; the evidence, where given, is right."""
    draws = case.first_run
    if draws.log_weights is None and draws.log_z is None:
        raise CheckSkipped("neither weights nor evidence")
    if draws.log_weights is not None:
        w = draws.log_weights
        require(w.ndim == 2, f"log_weights has shape {w.shape}; expected: [chain, draw]")
        require(not np.isnan(w).any() and np.max(w) < np.inf, "log_weights holds NaN or +inf")
        require(np.isfinite(w).any(), "every weight is zero")
    return "weights fit" if draws.log_z is None else _check_evidence(case)


def _check_evidence(case: SamplerCase) -> str:
    values = np.array([draws.log_z for draws in case.replicates], float)
    errors = [draws.log_z_err for draws in case.replicates]
    is_claimed = any(error is not None for error in errors)
    claimed = np.array(errors if is_claimed else np.zeros(len(values)), float)
    require(np.isfinite(values).all(), "log_z is not finite")
    require(not is_claimed or bool((claimed > 0).all()), "a run's log_z_err is not above 0")
    exact = _require_exact(case).log_evidence or 0.0
    # 5.5 standard errors of the mean: one in 10^7, from what is claimed or seen, the larger
    error = max(np.sqrt((claimed**2).mean()), values.std(ddof=1)) / np.sqrt(len(values))
    off = values.mean() - exact
    text = f"mean log_z is off by {off:.3f} with a standard error of {error:.3f}"
    text += "" if is_claimed else "; no error is claimed"
    require(abs(off) < 5.5 * error, text)
    return text


def same_seed_same_draws(case: SamplerCase) -> str:
    """A seed gives the same draws again, another seed others, in either mode."""
    require(_are_same(case.first_run, case.run_plain(0)), "plain: one seed gave two results")
    require(not _are_same(case.first_run, case.plain_runs[1]), "plain: two seeds gave one result")
    if case.prepared.compile:
        again = case.run_compiled(case.compiled, 1000)
        require(_are_same(again, case.compiled_runs[0]), "compiled: one seed gave two results")
        require(not _are_same(again, case.compiled_runs[1]), "compiled: two seeds gave one result")
    return "seeds decide"


def _are_same(a: Draws, b: Draws) -> bool:
    return all(np.array_equal(a.sites[name], b.sites[name]) for name in programs.SHAPES)


def declines(case: SamplerCase) -> str:
    """What it can't do it declines with a reason in ``prepare``; what it does not, it does."""
    outcomes = []
    for words, model in programs.make_hard().items():
        try:
            prepared = case.sampler.prepare(model, TINY, case.settings)
        except Declined as reason:
            require(str(reason).strip(), f"{words}: declined without a reason")
            outcomes.append(f"{words}: declined")
            continue
        except Exception as error:
            raise CheckFailed(
                f"{words}: prepare raises {one_line(error)}; expected: Declined"
            ) from error
        draws = case.capture(functools.partial(prepared.plain, 0))
        finite = all(np.isfinite(x).all() for x in draws.sites.values())
        require(draws.sites and finite, f"{words}: not declined, and its draws are not finite")
        outcomes.append(f"{words}: done")
    return "; ".join(outcomes)


def compiled_agrees(case: SamplerCase) -> str:
    """Compiled runs have the shapes of plain ones, and agree with them in distribution."""
    _check_shapes(case.run_compiled(case.compiled, 1000))
    return _compare_runs(case.plain_runs, case.compiled_runs)


def batch_agrees(case: SamplerCase) -> str:
    """A batch gives a run for each seed, as single runs would in distribution."""
    batch = case.compiled.batch
    if batch is None:
        raise CheckSkipped("the compiled mode has no batch")
    seeds = [1000 + r for r in range(len(case.compiled_runs))]
    runs = case.capture(lambda: batch(seeds))
    require(len(runs) == len(seeds), f"{len(seeds)} seeds gave {len(runs)} runs")
    _check_shapes(runs[-1])
    return _compare_runs(runs, case.compiled_runs)


def _compare_runs(some: Sequence[Draws], others: Sequence[Draws]) -> str:
    """Two-sample Kolmogorov-Smirnov, its exact p-value, of means and sds over replicates."""
    from scipy import stats  # inside: only NumPy is there at the top

    columns = zip(summarise_runs(some).T, summarise_runs(others).T)  # noqa: B905 (Python 3.10)
    # np.min: where a run is not finite p is NaN, which fails
    least = np.min([stats.ks_2samp(a, b, method="exact").pvalue for a, b in columns])
    text = f"{len(some)} and {len(others)} runs, least p {least:.2g} of 16"
    require(least > ALARM, f"they differ: {text}")
    return text


def takes_other_data(case: SamplerCase) -> str:
    """``with_data`` compiles nothing anew and samples given the data that it gets."""
    bind = case.compiled_for_data.with_data
    if bind is None:
        raise CheckSkipped("the compiled mode can't be bound to other data")
    data = case.model.data
    again = case.run_compiled(bind(data), 1000)
    close = [np.allclose(again.sites[n], case.compiled_runs[0].sites[n]) for n in programs.SHAPES]
    require(all(close), "bound to the same data, one seed gave another result")
    other = {"y": -data["y"]}  # moves the scalar by 2.3 of its sds, and no farther from the prior
    moved, exact = bind(other), programs.make_exact(other)
    replicates = [case.run_compiled(moved, 2000 + r) for r in range(FEW_RUNS)]
    try:
        return _check_accuracy(replicates, exact)
    except CheckFailed:  # as the median of few runs may, of a sampler whose error is near the limit
        more = range(FEW_RUNS, len(case.compiled_runs))
        replicates += [case.run_compiled(moved, 2000 + r) for r in more]
        return _check_accuracy(replicates, exact)


def is_accurate(case: SamplerCase) -> str:
    """On this easy program most runs are right: by half an sd in the mean, twofold in the sd."""
    return _check_accuracy(case.replicates, _require_exact(case))


def _check_accuracy(replicates: Sequence[Draws], exact: Exact) -> str:
    """Medians over runs: a run worth 20 independent draws errs in the mean by 0.2 sd."""
    moments = summarise_runs(replicates)
    off = np.median(np.abs(moments[:, :8] - exact.mean) / exact.sd, axis=0)
    ratio = np.median(moments[:, 8:] / exact.sd, axis=0)
    text = f"median error up to {off.max():.2f} sd, sds {ratio.min():.2f} to {ratio.max():.2f}"
    require(off.max() < 0.5, f"lost: {text}")
    require(0.5 < ratio.min() and ratio.max() < 2, f"wrong spread: {text}")
    return text


def _require_exact(case: SamplerCase) -> Exact:
    exact = case.model.exact()
    assert exact is not None  # the easy program has one
    return exact


def prints_nothing(case: SamplerCase) -> str:
    """Nothing goes to standard output, which is for results."""
    text = case.output[0].splitlines()[0][:200] if case.output else ""
    require(not case.output, f"it prints: {text!r}")
    return "standard output stays empty"


CHECKS: list[CheckFunction] = [
    has_a_name,
    imports_nothing,
    settings_can_be_set,
    prepares,
    gives_draws,
    weights_fit,
    same_seed_same_draws,
    declines,
    compiled_agrees,
    batch_agrees,
    takes_other_data,
    is_accurate,
    prints_nothing,
]
