"""Ground truth from a file: reference draws, or their moments with standard errors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.harness.ground_truth.draws_columns import (
    count_from_zero,
    file_error,
    names_weights,
    put_chains_first,
)
from samplerbench.harness.ground_truth.model_sites import (
    MOMENTS,
    Names,
    Shapes,
    arrange_by_chain,
    holds_moments,
    list_held_sites,
    require_sites,
    use_model_names,
)
from samplerbench.harness.ground_truth.reference_formats import choose_reader, read_sites
from samplerbench.harness.ground_truth.varying_components import stack_varying
from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.ordered_draws import make_drawer, make_quantile
from samplerbench.models.base import Exact, Sites
from samplerbench.user_files import full_path, read_limited

Array = np.ndarray


def check_reference(name: str, names: Names = None) -> tuple[str, str]:
    """Refuse a file that can't be a reference -> (full path, digest). Raises UsageError.

    The digest is of the file's bytes, and of ``names`` where there are any.
    """
    path = full_path(name)
    choose_reader(path)
    try:
        content = read_limited(path) + (repr(sorted(names.items())).encode() if names else b"")
    except OSError as error:
        raise file_error(path, error.strerror or str(error)) from error
    return str(path), hashlib.sha256(content).hexdigest()[:16]


def read_reference(path: Path, shapes: Shapes | None = None, names: Names = None) -> Exact:
    """The ground truth in ``path``; components are named from 0, as "theta[0]".

    ``shapes`` of a model's latent sites: these and no others, in this order, are its components.
    ``names``: what the file calls those of them that it calls otherwise. Standard errors of draws
    are their MCSE (Vehtari et al. 2021, as ArviZ computes them). Raises UsageError for a file that
    can't be read and for one that does not fit.
    """
    columns = read_sites(path)
    names = count_from_zero(path, columns, names or {})
    held = put_chains_first(columns)
    if shapes is not None:
        _refuse_weights(
            path, {n: a for n, a in held.items() if n not in {*shapes, *names.values()}}
        )
    arrays = use_model_names(path, held, names, shapes)
    if holds_moments(arrays):
        return _truth_from_moments(path, arrays, shapes)
    sites = arrange_by_chain(path, arrays, shapes)
    return truth_from_draws(sites, f"reference draws ({path.name})", str(path))


def _refuse_weights(path: Path, arrays: Mapping[str, Array]) -> None:
    """Raise UsageError for draws with unlike weights, which would be left out."""
    for name, array in arrays.items():
        if names_weights(name) and (array != array.flat[0]).any():
            reason = f"it has {name!r}, and draws of a reference count alike: resample them"
            raise file_error(path, reason)


def truth_from_draws(sites: Sites, source: str, where: str) -> Exact:
    """The ground truth that draws ``sites``, [chain, draw, *event] each, stand for.

    Components that are fixed, as those above the diagonal of a Cholesky factor, are no part of it.
    Raises UsageError for draws that are not finite, or constant as a whole.
    """
    names, x = stack_varying(sites)
    finite = np.isfinite(x).all(axis=(0, 1))
    if not finite.all():
        name = names[int(np.argmin(finite))]
        raise file_error(where, f"draws of {name!r} are not all finite")
    claims = ess_rhat.claims(x[None], ranks=False)
    centre = x.mean(axis=(0, 1))[:, None, None]
    second, second_se, _ = ess_rhat.series_mean(x[None], lambda part: np.square(part - centre))
    usable = np.isfinite(claims.mcse_mean[0]) & np.isfinite(second_se[0])
    if not usable.all():
        name = names[int(np.argmin(usable))]
        reason = f"draws of {name!r} are constant, or fewer than 4 a chain"
        raise file_error(where, reason)
    flat = x.reshape(-1, len(names))
    return Exact(
        names,
        mean=flat.mean(axis=0),
        covariance=np.atleast_2d(np.cov(flat, rowvar=False)),
        quantile=make_quantile(flat),
        draw=make_drawer(names, flat),
        source=source,
        mean_se=claims.mcse_mean[0],
        sd_se=second_se[0] / (2 * np.sqrt(second[0])),  # d sd = d sd^2 / (2 sd)
    )


def _truth_from_moments(path: Path, arrays: Mapping[str, Array], shapes: Shapes | None) -> Exact:
    sites = list_held_sites(arrays)
    if shapes is not None:
        sites = list(require_sites(path, sites, shapes))
    columns: dict[str, list[Array]] = {ending: [] for ending in MOMENTS}
    names: list[str] = []
    for site in sites:
        shape = shapes[site] if shapes is not None else arrays[f"{site}_mean"].shape
        names += component_names(site, shape)
        for ending in MOMENTS:
            array = _read_moment(
                path, arrays, site + ending, shape, needed=not ending.endswith("se")
            )
            columns[ending].append(array)
    mean, sd, mean_se, sd_se = (np.concatenate(columns[ending]) for ending in MOMENTS)
    if not (np.isfinite(mean).all() and ((sd > 0) & np.isfinite(sd)).all()):
        raise file_error(path, "a mean is not finite, or an sd not above 0 and finite")
    errors = np.concatenate([mean_se, sd_se])
    if not ((errors >= 0) & np.isfinite(errors)).all():
        raise file_error(
            path, "a standard error is below 0 or not finite; leave out an unknown one"
        )
    return Exact(
        tuple(names),
        mean,
        covariance=np.diag(np.square(sd)),
        quantile=None,
        draw=None,
        source=f"reference moments ({path.name})",
        mean_se=mean_se,
        sd_se=sd_se,
        error_unknown=not all(f"{site}{end}" in arrays for site in sites for end in MOMENTS),
    )


def _read_moment(
    path: Path, arrays: Mapping[str, Any], name: str, shape: tuple[int, ...], needed: bool
) -> Array:
    """One moment of a site, flat; a standard error that is not given is 0."""
    if needed and name not in arrays:
        raise file_error(path, f"there is no array {name!r}")
    array = np.asarray(arrays.get(name, np.zeros(shape)), np.float64)
    if array.shape != shape:
        reason = f"{name!r} has shape {array.shape}; this model's is {shape}"
        raise file_error(path, reason)
    return array.reshape(-1)
