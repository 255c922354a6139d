"""Columns of draws, a row a draw, as arrays by site; and the error for a file that has none."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError

Array = np.ndarray
Place = tuple[int, ...]  # indices of a component
CHAINS = ("chain", ".chain", "chain__")  # as ArviZ, R's posterior and CmdStanPy number chains
#: and the draws of each; the last two as Julia's MCMCChains and R's coda do; all in lower case
ORDER = ("draw", ".iteration", ".draw", "iter__", "draw__", "iteration", "iter")
#: weights of each draw; the last two as dynesty and nautilus call them
WEIGHTS = ("log_weight", "log_weights", "weight", "weights", "logwt", "log_w")
#: what others call weights, in lower case: not taken for them, and not left out unsaid
LIKE_WEIGHTS = re.compile(
    r"wts?|(ln|log)_?wt?s?|((ln|log|norm|((ln|log)_?)?(importance|sample|posterior))_?)?weights?"
    r"|mult|multiplicity|(psis_)?lw|((ln|log)_?)?(iw|importance_ratios?)"
)
#: and log Z or its error
LIKE_LOG_Z = re.compile(r"(ln|log)_?(z|evidence|marginal_?likelihood)(_?(err|error|std|sd|se))?")

KINDS = (
    "expected: .npz (arrays by site), .csv (a column a component), .nc (ArviZ) or .json[.zip] "
    "(posteriordb)"
)


class Columns(dict[str, Array]):
    """Arrays by site from columns of components: [draw, ...], or [chain, draw, ...] by number.

    Names in the file count the places of components from ``first``.
    """

    def __init__(self, sites: Mapping[str, Array], first: int, has_chains: bool) -> None:
        super().__init__(sites)
        self.first, self.has_chains = first, has_chains


def put_chains_first(arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """``arrays`` with an axis of one chain where they are of columns that have none.

    That axis tells the draws of a vector from chains of a scalar.
    """
    if not isinstance(arrays, Columns) or arrays.has_chains:
        return arrays
    return {name: array[None] for name, array in arrays.items()}


def count_from_zero(
    path: object, arrays: Mapping[str, Array], names: Mapping[str, str]
) -> dict[str, str]:
    """``names`` of which those that a file has for components, "b[1]" or "b.1", count from 0.

    Raises UsageError for a place before the first.
    """
    if not isinstance(arrays, Columns):
        return dict(names)
    return {name: _count_place(path, arrays, other) for name, other in names.items()}


def _count_place(path: object, arrays: Columns, name: str) -> str:
    match = re.fullmatch(r"(.+?)\s*(?:\[([\d,\s]+)\]|((?:\.\d+)+)\.?)", name)
    if name in arrays or match is None or match[1] not in arrays:
        return name
    places = [int(digits) - arrays.first for digits in re.findall(r"\d+", match[2] or match[3])]
    if min(places, default=0) < 0:
        first = ",".join(["1"] * len(places))
        raise UsageError(
            f"{name!r} is not in {str(path)!r}, whose indices count from 1\n"
            f"  expected: names as in the file, as {match[1]}[{first}]"
        )
    return f"{match[1]}[{','.join(map(str, places))}]"


def file_error(path: object, reason: str, expected: str = "") -> UsageError:
    """The error for a file of draws or moments that can't be used; a kind of file is expected."""
    wanted = f"expected: {expected}" if expected else KINDS
    return UsageError(f"{str(path)!r} can't be used: {reason}\n  {wanted}")


def lost_file_error(path: object, error: FileNotFoundError) -> UsageError:
    """The error for a file that is not there."""
    pattern = "; a pattern is filled in by the shell, without quotes, or by Python's glob.glob"
    expected = "a file that is there" + pattern * bool(re.search(r"[*?\[]", str(path)))
    return file_error(path, explain(error), expected)


def explain(error: BaseException) -> str:
    """The text of a reader's error, without words of the reader's own where it has some."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in UTF-8: byte 0x{error.object[error.start]:02x}"
    text = str(error).strip().removeprefix("Error tokenizing data. C error: ")  # of pandas
    return getattr(error, "strerror", None) or text or type(error).__name__


def names_weights(name: str) -> bool:
    """Whether a column or an array so called holds weights of the draws, read as such or not."""
    return name in WEIGHTS or LIKE_WEIGHTS.fullmatch(name.lower()) is not None


def is_statistic(name: str) -> bool:
    """Whether an array is the sampler's own, and no site."""
    return name.endswith("__")


def arrange_columns(path: Path, columns: Mapping[str, Array]) -> Columns:
    """Arrays by site from the columns of a table, a row a draw; by chain where these have numbers.

    Indices count from 1 where none is 0. Raises UsageError.
    """
    chain = next((columns[n] for n in columns if n.lower() in CHAINS), None)
    order = min((n for n in columns if n.lower() in ORDER), key=_rank_order, default=None)
    numbers = {n: v for n, v in columns.items() if n == order}
    columns = {n: v for n, v in columns.items() if n.lower() not in (*CHAINS, *ORDER)}
    if not columns or not len(next(iter(columns.values()))):
        raise file_error(path, "it holds no draws")
    count = len(next(iter(columns.values())))
    parts = [np.arange(count)]
    if chain is not None:
        if np.isnan(chain).any():
            raise file_error(path, "a draw has no number of its chain")
        parts = [np.flatnonzero(chain == number) for number in np.unique(chain)]
        check_lengths(path, [len(part) for part in parts])
    for name, values in numbers.items():
        parts = [_sort_draws(path, name, values, part) for part in parts]
    has_chains = chain is not None or order is not None
    if has_chains:
        columns = {n: np.stack([v[part] for part in parts]) for n, v in columns.items()}
    if any(is_statistic(name) for name in columns):  # of Stan: theta.1.2
        columns = {re.sub(r"((?:\.\d+)+)$", _bracket, name): v for name, v in columns.items()}
    # R makes theta.1.2. of theta[1,2]
    columns = {re.sub(r"((?:\.\d+)+)\.$", _bracket, name): v for name, v in columns.items()}
    zero = any(re.search(r"\[(.*,)?\s*0\s*(,.*)?\]$", name) for name in columns)
    first = 0 if zero else 1
    return Columns(stack_sites(path, columns, first), first, has_chains)


def _rank_order(name: str) -> int:
    return ORDER.index(name.lower())


def _sort_draws(path: Path, name: str, numbers: Array, part: Array) -> Array:
    """The rows ``part`` of one chain, in the order that their numbers give."""
    values, counts = np.unique(numbers[part], return_counts=True)
    if (counts > 1).any():
        number = f"{values[counts > 1][0]:g}"
        reason = f"column {name!r} has {number} twice in one chain; a column 'chain' numbers chains"
        raise file_error(path, reason)
    return part[np.argsort(numbers[part])]


def _bracket(match: re.Match[str]) -> str:
    return f"[{match[1][1:].replace('.', ',')}]"


def check_lengths(path: Path, lengths: list[int]) -> None:
    """Raise UsageError unless all chains have as many draws."""
    if len(set(lengths)) > 1:
        raise file_error(path, f"chains of {', '.join(map(str, lengths))} draws; equal ones fit")


def stack_sites(path: Path, columns: Mapping[str, Array], first: int) -> dict[str, Array]:
    """Arrays [..., *event] from columns of components, whose indices count from ``first``."""
    components: dict[str, dict[Place, Array]] = {}
    for name, values in columns.items():
        match = re.fullmatch(r"\s*(.+?)\s*(?:\[(\d{1,18}(?:\s*,\s*\d{1,18})*)\])?\s*", name)
        site, index = match.groups() if match else (name, None)
        place = tuple(int(i) - first for i in index.split(",")) if index else ()
        components.setdefault(site, {})[place] = values
    sites = {}
    for site, by_place in components.items():
        if len({len(place) for place in by_place}) > 1:
            raise file_error(path, f"components of {site!r} have unlike numbers of indices")
        places = sorted(by_place)
        shape = tuple(max(indices) + 1 for indices in zip(*places, strict=True))
        if (lacking := _find_lacking(places, shape)) is not None:
            index = ",".join(str(i + first) for i in lacking)
            raise file_error(path, f"{site}[{index}] is not there; indices count from {first}")
        whole = np.stack([by_place[place] for place in places], axis=-1)
        sites[site] = whole.reshape(*whole.shape[:-1], *shape)
    return sites


def _find_lacking(places: Sequence[Place], shape: Place) -> Place | None:
    """The first place of an array of this shape that is not among the sorted ``places``.

    The shape is what a file claims: its places are never counted up.
    """
    expected = [0] * len(shape)
    for place in places:
        if place != tuple(expected):
            return tuple(expected)
        for axis in reversed(range(len(shape))):
            expected[axis] = (expected[axis] + 1) % shape[axis]
            if expected[axis]:
                break
    return None if len(places) == math.prod(shape) else tuple(expected)
