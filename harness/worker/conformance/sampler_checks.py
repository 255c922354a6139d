"""What every sampler must do, as checks of its runs."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from samplerbench.harness.worker.conformance import (
    Failed,
    Made,
    Skipped,
    programs,
    record,
    require,
    said,
)
from samplerbench.harness.worker.conformance.sampler_case import (
    BUDGET,
    TINY,
    Runs,
    summaries,
)
from samplerbench.models.base import Exact
from samplerbench.samplers.base import Declined, Draws, Prepared

#: 3 comparisons of 16 numbers: together a false alarm below one in a million
ALARM = 1e-6 / (3 * 16)


def named(runs: Runs) -> str:
    """The name can be typed, and there is a line about it."""
    sampler = runs.sampler
    require(sampler.name.isidentifier(), f"{sampler.name!r} is no word that can be typed")
    require(sampler.summary.strip(), "summary is empty")
    require("\n" not in sampler.summary, "summary is more than one line")
    return sampler.summary


def imports_nothing(runs: Runs) -> str:
    """Listing it imports no sampling library: these belong inside ``prepare``."""
    listed = ", ".join(runs.imported)
    require(not listed, f"importing its module imports {listed}; import it inside prepare")
    return "listing it imports no sampling library"


def settings(runs: Runs) -> str:
    """Settings are a frozen dataclass with defaults that the command line can set."""
    return record(runs.sampler.settings, "settings")


def prepares(runs: Runs) -> str:
    """``prepare`` gives a Prepared."""
    got = runs.prepared
    require(isinstance(got, Prepared), f"prepare gives a {type(got).__name__}, not a Prepared")
    return "plain and compiled" if got.compile else "plain only"


def gives_draws(runs: Runs) -> str:
    """A plain run gives each latent site as [chain, draw, *event], finite, as many as asked for."""
    return _shaped(runs.first)


def _shaped(draws: Draws) -> str:
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


def weights_fit(runs: Runs) -> str:
    """Log weights and the evidence, where it gives them, can be used and agree with the answer."""
    draws = runs.first
    if draws.log_weights is None and draws.log_z is None:
        raise Skipped("neither weights nor evidence")
    if draws.log_weights is not None:
        w = draws.log_weights
        require(w.ndim == 2, f"log_weights has shape {w.shape}; expected: [chain, draw]")
        require(not np.isnan(w).any() and np.max(w) < np.inf, "log_weights holds NaN or +inf")
        require(np.isfinite(w).any(), "every weight is zero")
    return "weights fit" if draws.log_z is None else _evidence(runs)


def _evidence(runs: Runs) -> str:
    values = np.array([draws.log_z for draws in runs.many], float)
    claimed = np.array([draws.log_z_err for draws in runs.many], float)
    require(np.isfinite(values).all(), "log_z is not finite")
    require((claimed > 0).all(), "log_z comes without log_z_err, its standard error")
    answer = _answer(runs).log_evidence or 0.0
    # 5.5 standard errors of the mean: one in 10^7, from what is claimed or seen, the larger
    error = max(np.sqrt((claimed**2).mean()), values.std(ddof=1)) / np.sqrt(len(values))
    off = values.mean() - answer
    text = f"mean log_z is off by {off:.3f} with a standard error of {error:.3f}"
    require(abs(off) < 5.5 * error, text)
    return text


def same_seed_same_draws(runs: Runs) -> str:
    """A seed gives the same draws again, another seed others, in either mode."""
    require(_same(runs.first, runs.plain(0)), "plain: one seed gave two results")
    require(not _same(runs.first, runs.plains[1]), "plain: two seeds gave one result")
    if runs.prepared.compile:
        again = runs.one(runs.compiled, 1000)
        require(_same(again, runs.after_another[0]), "compiled: one seed gave two results")
        require(not _same(again, runs.after_another[1]), "compiled: two seeds gave one result")
    return "seeds decide"


def _same(a: Draws, b: Draws) -> bool:
    return all(np.array_equal(a.sites[name], b.sites[name]) for name in programs.SHAPES)


def declines(runs: Runs) -> str:
    """What it can't do it declines with a reason in ``prepare``; what it does not, it does."""
    heard = []
    for words, model in programs.hard().items():
        try:
            prepared = runs.sampler.prepare(model, TINY, runs.settings)
        except Declined as reason:
            require(str(reason).strip(), f"{words}: declined without a reason")
            heard.append(f"{words}: declined")
            continue
        except Exception as error:
            raise Failed(f"{words}: prepare raises {said(error)}; expected: Declined") from error
        draws = runs.quietly(functools.partial(prepared.plain, 0))
        finite = all(np.isfinite(x).all() for x in draws.sites.values())
        require(draws.sites and finite, f"{words}: not declined, and its draws are not finite")
        heard.append(f"{words}: done")
    return "; ".join(heard)


def compiled_agrees(runs: Runs) -> str:
    """Compiled runs have the shapes of plain ones, and agree with them in distribution."""
    _shaped(runs.one(runs.compiled, 1000))
    return _alike(runs.plains, runs.after_another)


def batch_agrees(runs: Runs) -> str:
    """A batch gives a run for each seed, as single runs would in distribution."""
    batch = runs.compiled.batch
    if batch is None:
        raise Skipped("the compiled mode has no batch")
    seeds = [1000 + r for r in range(len(runs.after_another))]
    got = runs.quietly(lambda: batch(seeds))
    require(len(got) == len(seeds), f"{len(seeds)} seeds gave {len(got)} runs")
    _shaped(got[-1])
    return _alike(got, runs.after_another)


def _alike(some: Sequence[Draws], others: Sequence[Draws]) -> str:
    """Two-sample Kolmogorov-Smirnov, its exact p-value, of means and sds over replicates."""
    from scipy import stats  # inside: only NumPy is there at the top

    columns = zip(summaries(some).T, summaries(others).T)  # noqa: B905 (Python 3.10)
    least = min(stats.ks_2samp(a, b, method="exact").pvalue for a, b in columns)
    text = f"{len(some)} and {len(others)} runs, least p {least:.2g} of 16"
    require(least > ALARM, f"they differ: {text}")
    return text


def takes_other_data(runs: Runs) -> str:
    """``with_data`` compiles nothing anew and answers for the data that it is given."""
    bind = runs.compiled.with_data
    if bind is None:
        raise Skipped("the compiled mode can't be bound to other data")
    data = runs.model.data
    again = runs.one(bind(data), 1000)
    close = [np.allclose(again.sites[n], runs.after_another[0].sites[n]) for n in programs.SHAPES]
    require(all(close), "bound to the same data, one seed gave another result")
    other = {"y": data["y"] + 6.0}  # moves the scalar by 4, which is 7 of its sds
    moved = bind(other)
    found = [runs.one(moved, 2000 + r) for r in range(8)]
    return _near(found, programs.exact(other))


def accurate(runs: Runs) -> str:
    """On this easy program most runs are right: by half an sd in the mean, twofold in the sd."""
    return _near(runs.many, _answer(runs))


def _near(replicates: Sequence[Draws], exact: Exact) -> str:
    """Medians over runs: a run worth 20 independent draws errs in the mean by 0.2 sd."""
    found = summaries(replicates)
    off = np.median(np.abs(found[:, :8] - exact.mean) / exact.sd, axis=0)
    ratio = np.median(found[:, 8:] / exact.sd, axis=0)
    text = f"median error up to {off.max():.2f} sd, sds {ratio.min():.2f} to {ratio.max():.2f}"
    require(off.max() < 0.5, f"lost: {text}")
    require(0.5 < ratio.min() and ratio.max() < 2, f"wrong spread: {text}")
    return text


def _answer(runs: Runs) -> Exact:
    found = runs.model.exact()
    assert found is not None  # the easy program has one
    return found


def prints_nothing(runs: Runs) -> str:
    """Nothing goes to standard output, which is for results."""
    text = runs.printed[0].splitlines()[0][:200] if runs.printed else ""
    require(not runs.printed, f"it prints: {text!r}")
    return "standard output stays empty"


CHECKS: list[Made] = [
    named,
    imports_nothing,
    settings,
    prepares,
    gives_draws,
    weights_fit,
    same_seed_same_draws,
    declines,
    compiled_agrees,
    batch_agrees,
    takes_other_data,
    accurate,
    prints_nothing,
]
