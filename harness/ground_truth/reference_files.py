"""Ground truth from a file: reference draws, or their moments with standard errors."""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import component_names, site_positions
from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.ground_truth.draws_columns import (
    count_from_zero,
    file_error,
    names_weights,
    put_chains_first,
)
from samplerbench.harness.ground_truth.reference_formats import choose_reader, read_sites
from samplerbench.harness.ground_truth.varying_components import stack_varying
from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.ordered_draws import make_drawer, make_quantile
from samplerbench.models.base import Exact, Sites
from samplerbench.user_files import full_path, read_limited

Array = np.ndarray
Shapes = Mapping[str, tuple[int, ...]]  # latent site -> shape

Names = Mapping[str, str] | None  # site -> what the file calls it, where that is another name

MOMENTS = ("_mean", "_sd", "_mean_se", "_sd_se")


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
    arrays = _rename(path, held, names, shapes)
    if _holds_moments(arrays):
        return _truth_from_moments(path, arrays, shapes)
    sites = _sites_by_chain(path, arrays, shapes)
    return truth_from_draws(sites, f"reference draws ({path.name})", str(path))


def _refuse_weights(path: Path, arrays: Mapping[str, Array]) -> None:
    """Raise UsageError for draws with unlike weights, which would be left out."""
    for name, array in arrays.items():
        if names_weights(name) and (array != array.flat[0]).any():
            reason = f"it has {name!r}, and draws of a reference count alike: resample them"
            raise file_error(path, reason)


def fit_sites(
    path: Path, arrays: Mapping[str, Array], shapes: Shapes | None, names: Names
) -> Sites:
    """``arrays`` of draws under the model's names, [chain, draw, *event] each, and no others.

    ``shapes`` and ``names`` as in ``read_reference``. Raises UsageError for what does not fit.
    """
    return _sites_by_chain(path, _rename(path, arrays, names or {}, shapes), shapes)


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


# -- fitting to a model ----------------------------------------------------------------------------


def _holds_moments(arrays: Mapping[str, Array]) -> bool:
    return any(n.endswith("_mean") and f"{n[: -len('_mean')]}_sd" in arrays for n in arrays)


def _rename(
    path: Path, arrays: Mapping[str, Array], names: Mapping[str, str], shapes: Shapes | None
) -> dict[str, Array]:
    """``arrays`` under the model's names, moments too; names are of sites or of components."""
    components, endings = site_positions(shapes or {}), ("", *MOMENTS)
    others = list(names.values())
    if twice := [name for name in names if others.count(names[name]) > 1]:
        raise UsageError(
            f"{' and '.join(map(repr, twice))} are both said to be {names[twice[0]]!r}\n"
            "  expected: a name of its own for each parameter"
        )
    for name, other in names.items():
        if shapes is not None and name not in shapes and name not in components:
            first = f"\n  the model's name comes first: {other}={name}" if other in shapes else ""
            raise UsageError(f"{unknown_name('parameter', name, shapes)}{first}")
        if all(_find_named(arrays, other, end) is None for end in endings):
            raise unknown_name(f"site of {str(path)!r}", other, _held_sites(arrays))
    used = {other + end for other in names.values() for end in endings}
    renamed = {name: array for name, array in arrays.items() if name not in used}
    for end in endings:
        found = {name: _find_named(arrays, other, end) for name, other in names.items()}
        present = {name: array for name, array in found.items() if array is not None}
        parts = {n: a for n, a in present.items() if shapes is not None and n not in shapes}
        whole = {name: array for name, array in present.items() if name not in parts}
        whole.update(_stack_parts(path, parts, shapes or {}))
        renamed.update({name + end: array for name, array in whole.items()})
    return renamed


def _find_named(arrays: Mapping[str, Array], name: str, end: str = "") -> Array | None:
    """What a file calls ``name``, or ``end`` of its moments: an array, or as "b[0]" a part of one.

    None where there is none.
    """
    if name + end in arrays:
        return arrays[name + end]
    match = re.fullmatch(r"(.+)\[(\d+(?:,\d+)*)\]", name)
    if match is None or match[1] + end not in arrays:
        return None
    index: tuple[Any, ...] = (..., *map(int, match[2].split(",")))
    try:
        return arrays[match[1] + end][index]
    except IndexError:
        return None


def _stack_parts(path: Path, parts: Mapping[str, Array], shapes: Shapes) -> dict[str, Array]:
    """Whole sites from all components of each: arrays alike in shape, the leading axes."""
    positions = site_positions(shapes)
    stacked = {}
    for site in dict.fromkeys(positions[name][0] for name in parts):
        names = component_names(site, shapes[site])
        lacking = [name for name in names if name not in parts]
        if lacking or len({parts[name].shape for name in names}) > 1:
            why = f"no name is given for {lacking[0]!r}" if lacking else "their shapes differ"
            raise file_error(path, f"components of {site!r} can't be put together: {why}")
        whole = np.stack([parts[name] for name in names], axis=-1)
        stacked[site] = whole.reshape(whole.shape[:-1] + tuple(shapes[site]))
    return stacked


def _held_sites(arrays: Mapping[str, Array]) -> list[str]:
    """The sites in a file, of draws or of moments."""
    if not _holds_moments(arrays):
        return list(arrays)
    return [name[: -len("_mean")] for name in arrays if name.endswith("_mean")]


def _sites_by_chain(path: Path, arrays: Mapping[str, Array], shapes: Shapes | None) -> Sites:
    """Each site as [chain, draw, *event], those of the model alone where it is given."""
    if shapes is None:
        lead = _count_leading_axes(path, list(arrays.values()))
        return {name: array if lead == 2 else array[None] for name, array in arrays.items()}
    sites = {}
    for site, shape in _check_sites(path, list(arrays), shapes).items():
        array = arrays[site]
        lead = array.ndim - len(shape)
        if lead not in (1, 2) or array.shape[lead:] != shape or not array.size:
            axes = "".join(f", {n}" for n in shape)
            raise file_error(
                path,
                f"site {site!r} has shape {array.shape}; this model's is [draw{axes}] or "
                f"[chain, draw{axes}]",
            )
        sites[site] = array if lead == 2 else array[None]
    if len({array.shape[:2] for array in sites.values()}) > 1:
        sizes = ", ".join(f"{name} {array.shape[:2]}" for name, array in sites.items())
        raise UsageError(
            f"{str(path)!r} can't be used: sites have unlike numbers of chains and draws: {sizes}\n"
            "  expected: as many of each, since one draw has a value of every site"
        )
    return sites


def _count_leading_axes(path: Path, arrays: list[Array]) -> int:
    """How many axes lead, 2 for [chain, draw]: from arrays alone, where no model says."""
    if not all(array.size for array in arrays):
        raise file_error(path, "it holds an array without a value")
    for lead in (2, 1):
        sizes = {array.shape[:lead] for array in arrays if array.ndim >= lead}
        if len(sizes) == 1 and all(array.ndim >= lead for array in arrays):
            return lead
    raise file_error(path, "its arrays share no number of draws")


def _check_sites(path: Path, names: list[str], shapes: Shapes) -> Shapes:
    lacking = [site for site in shapes if site not in names]
    if not lacking:
        return shapes
    spare = [name for name in sorted(names) if name not in shapes]
    wanted = lacking[0]
    near = [name for name in spare if name.casefold() == wanted.casefold()]
    near = near or difflib.get_close_matches(wanted, spare, n=1, cutoff=0.5)
    parts = [name for name in spare if re.match(re.escape(wanted) + r"\W*_?\d", name)]
    parts.sort(key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])
    hint, example = "", f"{wanted}={near[0] if near else 'NAME'}"
    if parts and len(parts) == math.prod(shapes[wanted]):
        example = ",".join(map("=".join, zip(component_names(wanted, shapes[wanted]), parts)))
    elif near:
        hint = f"; did you mean {near[0]!r}?"
    raise UsageError(
        f"{str(path)!r} can't be used: it lacks {', '.join(map(repr, lacking))} of this "
        f"model's parameters {', '.join(shapes)}; it holds "
        f"{', '.join(sorted(names)) or '(nothing)'}{hint}\n  expected: all of them; what it calls "
        f"otherwise by --names, as --names {example}"
    )


def _truth_from_moments(path: Path, arrays: Mapping[str, Array], shapes: Shapes | None) -> Exact:
    sites = _held_sites(arrays)
    if shapes is not None:
        sites = list(_check_sites(path, sites, shapes))
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
