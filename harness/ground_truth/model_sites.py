"""Arrays of a file under the names and in the shapes of a model's sites."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.components import component_names, site_positions
from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.ground_truth.draws_columns import file_error
from samplerbench.models.base import Sites

Array = np.ndarray
Shapes = Mapping[str, tuple[int, ...]]  # latent site -> shape
Names = Mapping[str, str] | None  # site -> what the file calls it, where that is another name

MOMENTS = ("_mean", "_sd", "_mean_se", "_sd_se")


def fit_sites(
    path: Path,
    arrays: Mapping[str, Array],
    shapes: Shapes | None,
    names: Names,
    example: str = "",
) -> Sites:
    """``arrays`` of draws under the model's names, [chain, draw, *event] each, and no others.

    ``shapes`` and ``names`` as in ``reference_files.read_reference``; ``example``: names that may
    fit, for the UsageError that is raised for what does not.
    """
    renamed = use_model_names(path, arrays, names or {}, shapes)
    return arrange_by_chain(path, renamed, shapes, example)


def suggest_places(arrays: Mapping[str, Array], shapes: Shapes) -> str:
    """Names for all components, as of the array [..., parameter] of dynesty; "" for no such one."""
    components = [name for site, event in shapes.items() for name in component_names(site, event)]
    fit = [name for name, x in arrays.items() if x.ndim > 1 and x.shape[-1] == len(components)]
    fit = ["samples"] if "samples" in fit else fit  # dynesty's, beside those on the unit cube
    if len(fit) != 1 or fit[0] in shapes:
        return ""
    return ",".join(f"{name}={fit[0]}[{i}]" for i, name in enumerate(components))


def holds_moments(arrays: Mapping[str, Array]) -> bool:
    """Whether arrays are means and sds of sites, and not draws of them."""
    return any(n.endswith("_mean") and f"{n[: -len('_mean')]}_sd" in arrays for n in arrays)


def use_model_names(
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
            raise unknown_name(f"site of {str(path)!r}", other, list_held_sites(arrays))
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


def list_held_sites(arrays: Mapping[str, Array]) -> list[str]:
    """The sites in a file, of draws or of moments."""
    if not holds_moments(arrays):
        return list(arrays)
    return [name[: -len("_mean")] for name in arrays if name.endswith("_mean")]


def arrange_by_chain(
    path: Path, arrays: Mapping[str, Array], shapes: Shapes | None, example: str = ""
) -> Sites:
    """Each site as [chain, draw, *event], those of the model alone where it is given."""
    if shapes is None:
        lead = _count_leading_axes(path, list(arrays.values()))
        return {name: array if lead == 2 else array[None] for name, array in arrays.items()}
    sites = {}
    for site, shape in require_sites(path, list(arrays), shapes, example).items():
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


def require_sites(path: Path, names: list[str], shapes: Shapes, example: str = "") -> Shapes:
    """``shapes``; raises UsageError where a site of theirs is not among ``names``.

    ``example`` of names that may fit is shown where none of them is, and none looks alike.
    """
    lacking = [site for site in shapes if site not in names]
    if not lacking:
        return shapes
    spare = [name for name in sorted(names) if name not in shapes]
    wanted = lacking[0]
    near = [name for name in spare if name.casefold() == wanted.casefold()]
    near = near or difflib.get_close_matches(wanted, spare, n=1, cutoff=0.5)
    parts = [name for name in spare if re.match(re.escape(wanted) + r"\W*_?\d", name)]
    parts.sort(key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])
    is_guess = example and len(lacking) == len(shapes) and not (near or parts)
    hint, example = "", example if is_guess else f"{wanted}={near[0] if near else 'NAME'}"
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
