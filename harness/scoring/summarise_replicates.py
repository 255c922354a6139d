"""Replicates summarised: their estimates, claimed errors and shares of the draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.scoring.draw_shares import (
    compute_exact_shares,
    find_cells,
    mark_below,
    mark_inside,
    measure_spacing,
    place_cuts,
)
from samplerbench.harness.scoring.far_draws import measure_far_share
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics import ess_rhat, joint, wasserstein
from samplerbench.harness.statistics import mode_occupancy as modes
from samplerbench.harness.statistics.common_noise import find_common_noise
from samplerbench.harness.statistics.pairs import KURTOSIS
from samplerbench.harness.statistics.shared_draws import find_shared_draws
from samplerbench.harness.statistics.weighted import normalise_weights, weighted_moments
from samplerbench.models.base import Exact

Array = np.ndarray

SOME, SEED = 2000, 20261127  # exact draws that show how often draws are equal by chance
# A single draw that far off, in sds times the root of their number, moves a mean by as many of its
# standard errors, and with the others' noise by five; so rare, in runs, such a draw is to be.
JUMP, RARE = 4.0, 1e-5
# chance that a chain of independent exact draws is constant, from which on one shows nothing
MAY_REST = 1e-6
FEWEST = 4.0  # independent draws that are scored
TAME = 1.05  # rms z of independent draws up to which the mean's errors pass for normal


def add_joint(
    summary: ReplicateSummary, x: Array, exact: Exact, log_w: Array | None, ess: Array | None
) -> ReplicateSummary:
    """``summary`` of draws ``x`` with the joint posterior beside the parameters."""
    directions = joint.find_directions(exact, single=x.dtype != np.float64)
    if directions is None:
        return summary
    along = summarise(directions.project(x), directions.exact, log_w, ess, derived=True)
    energy = directions.measure_energy(x, log_w)
    exact_half = summary.half_exact
    with np.errstate(invalid="ignore", divide="ignore"):
        spread_ess = exact_half * (1 - exact_half) / np.square(summary.half_se)
    pairs = directions.pairs.measure(x, log_w, spread_ess) if directions.pairs else None
    curves = directions.curves.measure(x, log_w) if directions.curves else None
    found = directions.combinations.measure(x, log_w) if directions.combinations else None
    joined = summary.join(along)
    return replace(joined, energy=energy, pairs=pairs, curves=curves, combinations=found)


def summarise(
    x: Array,
    exact: Exact,
    log_w: Array | None = None,
    ess: Array | None = None,
    log_z: Array | None = None,
    log_z_err: Array | None = None,
    claims: ess_rhat.Claims | None = None,
    derived: bool = False,
) -> ReplicateSummary:
    """Summary of ``x[replicate, chain, draw, component]``.

    Weighted draws (``log_w[replicate, chain, draw]``) claim the sampler's own ``ess[replicate]``;
    equal-weight draws claim what ``ess_rhat.claims`` says (passed in where it is already there).
    log Z is used where ``exact`` knows it. ``derived``: of draws that were looked at already.
    """
    # of moments alone no share of the draws is known
    cuts, has_atom = place_cuts(exact)
    shares = dict(compute_exact_shares(exact))
    may_rest = shares.pop("most_alike") ** x.shape[2] > MAY_REST
    spacing = measure_spacing(x, np.vstack([cuts, exact.mean]), exact.sd, has_atom)
    cells = find_cells(spacing[:-1], exact.sd, has_atom)
    if log_w is None:
        columns = _equal(x, cuts, cells, claims or ess_rhat.claims(x, ranks=False))
    else:
        columns = _weighted(x, cuts, cells, log_w, ess)
    columns.update(_claim_shares(columns, shares, may_rest, x[0, ..., 0].size))
    if exact.quantile is None:
        unknown = ("below_median", "below_se", "half", "half_se", "ninety", "most")
        columns.update({name: np.full_like(columns["est"], np.nan) for name in unknown})
    distance = wasserstein.w1(x, exact, log_w)
    compared = exact.log_evidence is not None and log_z is not None
    claimed = compared and log_z_err is not None
    return ReplicateSummary(
        names=exact.names,
        mean=exact.mean,
        sd=exact.sd,
        **columns,
        w1=np.where(columns["finite"], distance, np.nan),
        **_independent_scores(exact, columns["sd_hat"], columns["se"], may_rest),
        log_z=np.asarray(log_z, dtype=np.float64) if compared else None,
        log_z_err=np.asarray(log_z_err, dtype=np.float64) if claimed else None,
        log_z_true=exact.log_evidence if compared else None,
        modes=modes.measure_occupancy(x, exact, log_w, ess, _least_ess(columns)),
        mean_se=0.0 if exact.mean_se is None else exact.mean_se,
        sd_se=0.0 if exact.sd_se is None else exact.sd_se,
        single_source=exact.single_source,
        error_unknown=exact.error_unknown,
        spacing=spacing[-1] / exact.sd,
        **shares,
        may_rest=may_rest,
        long_run=exact.long_run,
        weighted=log_w is not None,
        far=None if derived else measure_far_share(x, exact, log_w),
        **({} if derived else _find_relations(x, exact, shares["is_tied"], columns, log_w)),
    )


def _find_relations(
    x: Array, exact: Exact, is_tied: Array, columns: dict[str, Any], log_w: Array | None
) -> dict[str, Any]:
    """What replicates have in common, of continuous parameters and of chains that move.

    Weighted draws stand in no order of time that two runs could share.
    """
    apart = np.flatnonzero(~is_tied)[:2]
    usable = np.flatnonzero((columns["finite"] & columns["moves"]).all(axis=1))
    if not len(apart) or len(usable) < 2 or x.dtype.kind != "f":
        return {}
    some = x[..., apart][usable]
    found: dict[str, tuple[int, int, float] | None] = {}
    if log_w is None:
        found["common_noise"] = find_common_noise(some)
    if exact.draw is not None:
        sites = exact.draw(np.random.default_rng(SEED), SOME)
        bank = component_draws(sites, exact.names, lead=1)[:, apart]
        found["shared_draws"] = find_shared_draws(some.reshape(len(some), -1, len(apart)), bank)
    return {
        name: pair and (int(usable[pair[0]]), int(usable[pair[1]]), pair[2])
        for name, pair in found.items()
    }


def _claim_shares(
    columns: dict[str, Any], exact: dict[str, Any], may_rest: Array, size: int
) -> dict[str, Array]:
    """Claimed errors of shares: what the ESS that a replicate claims for one makes of the exact.

    Of rare counts the shares of the draws themselves are too noisy to make errors of. Of those that
    a chain can well miss every one of the ``size`` draws counts.
    """
    errors = {}
    for name in ("below", "half"):
        ess, share = columns.pop(f"{name}_ess"), exact[f"{name}_exact"]
        ess = np.where(np.isnan(ess) & may_rest & columns["finite"], size, ess)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors[f"{name}_se"] = np.sqrt(share * (1 - share) / ess)
    return errors


def _equal(x: Array, cuts: Array, cells: Array, claims: ess_rhat.Claims) -> dict[str, Any]:
    ends, widths = cuts[:, :, None, None], cells[:, :, None, None]

    def indicators(part: Array) -> Array:  # both at once: a pass over the draws costs as much
        below = mark_below(part, ends[6], widths[6])
        return np.concatenate([below, mark_inside(part, ends[4:6], widths[4:6])], axis=1)

    def count_inside(part: Array) -> Array:
        inside = [mark_inside(part, ends[i : i + 2], widths[i : i + 2]) for i in (2, 0)]
        return np.stack([each.mean(axis=(2, 3)) for each in inside])

    shares, _, sizes = ess_rhat.series_mean(x, indicators)
    (below, half), (below_ess, half_ess) = (np.hsplit(each, 2) for each in (shares, sizes))
    ninety, most = np.concatenate([*map(count_inside, ess_rhat.each_chunk(x))], axis=1)
    return {
        "est": claims.mean,
        "se": claims.mcse_mean,
        "sd_hat": claims.sd,
        "below_median": below,
        "below_ess": below_ess,
        "half": half,
        "half_ess": half_ess,
        "ninety": ninety,
        "most": most,
        "finite": claims.finite,
        "moves": claims.moves,
    }


def _weighted(
    x: Array, cuts: Array, cells: Array, log_w: Array, ess: Array | None
) -> dict[str, Any]:
    if ess is None:
        raise ValueError(
            "weighted draws come without an ESS; pass the sampler's own, `ess[replicate]`"
        )
    mean, sd = weighted_moments(x, log_w)
    w = normalise_weights(log_w)
    flat = x.reshape(len(x), -1, x.shape[-1])
    ess = np.asarray(ess, dtype=np.float64)[:, None]

    def share(inside: Array) -> Array:
        return np.einsum("rn,rnc->rc", w, inside.astype(np.float64))

    def share_inside(first: int) -> Array:
        return share(mark_inside(flat, cuts[first : first + 2], cells[first : first + 2]))

    half, below = share_inside(4), share(mark_below(flat, cuts[6], cells[6]))
    return {
        "est": mean,
        "se": sd / np.sqrt(ess),
        "sd_hat": sd,
        "below_median": below,
        "below_ess": ess + 0 * below,
        "half": half,
        "half_ess": ess + 0 * half,
        "ninety": share_inside(2),
        "most": share_inside(0),
        "finite": np.isfinite(mean),
        "moves": sd > 0,
    }


def _least_ess(columns: dict[str, Array]) -> Array:
    """The least ESS that each replicate claims for a mean, [replicate]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.square(columns["sd_hat"] / columns["se"]).min(axis=1)


def _independent_scores(exact: Exact, sd_hat: Array, se: Array, may_rest: Array) -> dict[str, Any]:
    """What independent draws score, as many as the median replicate claims of each component.

    Of one that claims none, as many as of all together. To the nearest power of two: few sizes in
    all, of which the largest costs as much as the rest.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ess = np.square(sd_hat / se)
    claimed = [column[np.isfinite(column)] for column in (*ess.T, ess.ravel())]
    *own, overall = (np.median(column) if column.size else np.nan for column in claimed)
    typical = np.nan_to_num(np.where(np.isnan(own), overall, own), nan=FEWEST)
    sizes = 2 ** np.rint(np.log2(np.clip(typical, FEWEST, 10_000))).astype(int)
    scores = {size: _score_independent(exact, int(size), may_rest) for size in set(sizes)}
    each = {name: [scores[size][name] for size in sizes] for name in scores[sizes[0]]}
    return {name: np.diagonal(values).copy() for name, values in each.items()}


def _score_independent(exact: Exact, draws: int, may_rest: Array) -> dict[str, Array]:
    """The distance that so many independent draws score, and what of them has normal errors."""
    ideal = wasserstein.score_independent_draws(exact, draws)
    # Less two standard errors of an rms, 1 / sqrt(2 n) each, so that chance rules no mean out.
    surely = 1 - 2 / np.sqrt(2 * ideal.replications)
    has_light_tails = (ideal.kurtosis <= KURTOSIS * ideal.draws) & _rarely_jumps(exact, ideal.draws)
    calibration = np.maximum(ideal.calibration, ideal.typical)
    return {
        "w1_iid": ideal.w1,
        "mean_tame": has_light_tails & (surely * calibration <= TAME) & ~may_rest,
        "sd_tame": surely * ideal.second <= TAME,
    }


def _rarely_jumps(exact: Exact, draws: int) -> Array:
    """[component] bool: hardly ever does one of so many draws alone move the mean too far.

    Where the exact quantiles tell it: samples of tails like t with 3 degrees of freedom do not.
    """
    if exact.quantile is None:
        return np.ones(exact.sd.shape, dtype=bool)
    share = RARE / (2 * draws)
    farthest = np.abs(exact.quantile(np.array([share, 1 - share])) - exact.mean).max(axis=0)
    return farthest <= JUMP * np.sqrt(draws) * exact.sd
