"""The latent sites of a NumPyro program, read without running or compiling anything."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from samplerbench.errors import unknown_name
from samplerbench.models.base import Model
from samplerbench.samplers.base import Declined
from samplerbench.samplers.support.improper_priors import (
    find_base,
    is_abstract,
    is_improper,
    is_scaled,
    list_masks,
)

T = TypeVar("T")

ALL = "all"  # in place of the names of all deterministic sites
SET_KEY = "is_set"  # of a record: whether a handler of the program gives a latent site its value
MASK_KEY = "masked_by"  # of a record: masks of a prior that is traced on abstract ones


@dataclass(frozen=True)
class Latent:
    """One latent site of a program."""

    name: str
    shape: tuple[int, ...]
    discrete: bool
    improper: bool  # its prior does not integrate to 1: also by a mask, or a power of its density
    enumerated: bool = False  # discrete, and marked to be summed out by NumPyro
    enumerable: bool = False  # not marked: NumPyro's gradient-based kernels sum it out all the same
    stands_for: str = ""  # the site that a reparametrisation computes from this auxiliary one
    scaled: bool = False  # numpyro.handlers.scale raises the density of its prior to a power


def find_latents(model: Model) -> list[Latent]:
    """The latent sites of ``model`` in program order; nothing is compiled."""

    def read(records: Any) -> list[Latent]:
        return [read_latent(name, site) for name, site in records.items() if is_latent(site)]

    return read_sites(model, read)


def read_sites(model: Model, read: Callable[[dict[str, Any]], T]) -> T:
    """What ``read`` makes of NumPyro's records of the sites of ``model``, as ``trace_sites`` gives.

    The program is traced on abstract values (``jax.eval_shape``), so nothing is compiled and
    the clocks of the run that follows see a process that has compiled nothing.
    """
    import jax

    results: list[T] = []

    def trace() -> None:
        sites = trace_sites(model, model.data)
        _compute_masks(model, sites)
        results.append(read(sites))

    jax.eval_shape(trace)
    return results[0]


def _compute_masks(model: Model, sites: dict[str, Any]) -> None:
    """Note the masks of latent sites, from a run of the program where they are abstract."""
    import jax

    latents = [each for each in sites.values() if is_latent(each) and not is_in_control_flow(each)]
    if any(is_abstract(mask) for site in latents for mask in list_masks(site["fn"])):
        with jax.ensure_compile_time_eval():
            computed = trace_sites(model, model.data)
        for site in latents:
            site[MASK_KEY] = list_masks(computed[site["name"]]["fn"])


def find_parameters(model: Model, deterministic: Collection[str] = ()) -> list[Latent]:
    """The sites that draws are judged by, which are the same whatever sampler runs.

    Those that the program's author wrote: in place of a reparametrisation's auxiliary site the one
    that it stands for, in place of what ``obs_mask`` makes of a partly observed site that site, and
    none that NumPyro sums out. Beside them the ``deterministic`` sites that are named, or ALL of
    them; raises UsageError for a name that is none.
    """

    def read(records: Any) -> list[Latent]:
        parameters: list[Latent] = []
        computed = {site["stands_for"] for site in records.values()}
        computed |= _pick_deterministic(model, records, deterministic)
        partly = _find_partly_observed(records)
        computed |= {*partly.values()}
        for name, site in records.items():
            if name in computed:
                shape = np.shape(site["value"])  # of a plain number, too
                parameters.append(Latent(name, shape, discrete=False, improper=False))
            elif is_latent(site) and not site["stands_for"] and name not in partly:
                parameters.append(read_latent(name, site))
        return parameters

    return [site for site in read_sites(model, read) if not (site.enumerated or site.enumerable)]


def list_unjudged(model: Model, parameters: Collection[Latent]) -> list[str]:
    """Names of the deterministic sites that are not among the ``parameters`` of ``model``."""
    judged = {site.name for site in parameters}
    return [site.name for site in find_parameters(model, (ALL,)) if site.name not in judged]


def _find_partly_observed(records: Mapping[str, Any]) -> dict[str, str]:
    """NumPyro's auxiliary site -> the site with ``obs_mask`` that it stands for.

    The auxiliary site has a value for what was observed, too, and no density there, so that it
    wanders without bound; the site itself holds the observed values, which are fixed.
    """
    return {
        f"{name}_unobserved": name
        for name, site in records.items()
        if site["type"] == "deterministic"
        and is_latent(records.get(f"{name}_unobserved", site))
        and is_observed(records.get(f"{name}_observed", site))
    }


def _pick_deterministic(model: Model, records: Any, wanted: Collection[str]) -> set[str]:
    """Those deterministic sites among ``records`` that are ``wanted``."""
    known = {name for name, site in records.items() if site["type"] == "deterministic"}
    for name in wanted:
        if name not in (*known, ALL):
            raise unknown_name(f"site among the deterministic ones of {model.name!r}", name, known)
    return known if ALL in wanted else known & {*wanted}


def trace_sites(model: Model, data: Any, key: Any = None) -> dict[str, Any]:
    """NumPyro's record of each site, from one run of the program on ``data``.

    In that of a reparametrisation's auxiliary site ``stands_for`` is the site that it computes, in
    all others "".

    Sites are drawn from their priors with ``key``, None for a fixed one; one whose prior is
    improper takes a value in its support. For use inside ``jax.eval_shape``, where nothing is
    computed. Raises Declined for what no sampler of a posterior takes.
    """
    import jax
    from numpyro.handlers import seed, substitute, trace
    from numpyro.infer import init_to_feasible

    def choose(site: Any) -> Any:
        """A value for what can't be drawn; None leaves the site to its distribution."""
        _refuse_unsampled(model, site)
        site["stands_for"] = _find_reparametrised()
        site[SET_KEY] = is_latent(site) and site["value"] is not None
        improper = site["type"] == "sample" and is_improper(site["fn"])
        return init_to_feasible(site) if improper else None

    key = jax.random.PRNGKey(0) if key is None else key
    seeded = substitute(seed(model.program, key), substitute_fn=choose)
    sites: dict[str, Any] = trace(seeded).get_trace(**data)
    for site in sites.values():
        owner = sites.get(site.get("stands_for", ""), {})
        site["stands_for"] = owner["name"] if owner.get("type") == "deterministic" else ""
    return sites


def find_params(model: Model) -> list[str]:
    """Names of the sites that the program declares by ``numpyro.param``; nothing is computed."""
    return read_sites(
        model, lambda sites: [name for name, site in sites.items() if site["type"] == "param"]
    )


def _refuse_unsampled(model: Model, site: Any) -> None:
    """Raise Declined for a plate that takes a part of the data anew, and for a latent Delta.

    NumPyro says so when its NUTS starts, or fails at what the program does with the site.
    """
    from numpyro.distributions import Delta

    if site["type"] == "plate" and site["args"][1] not in (None, site["args"][0]):
        raise Declined(
            f"plate {site['name']!r} of {model.name!r} takes {site['args'][1]} of {site['args'][0]}"
            " at random (subsample_size), and every run here is on all data: leave it out, or give"
            " the program an argument for it that a kernel of one's own sets, as of HMCECS"
        )
    if is_latent(site) and isinstance(find_base(site["fn"]), Delta):
        raise Declined(
            f"site {site['name']!r} of {model.name!r} is a Delta, a value that no sampler moves:"
            " write numpyro.deterministic, or the value itself"
        )


def _find_reparametrised() -> str:
    """The site that NumPyro's ``reparam`` handler is at work on, the outermost; "" for none.

    Its records don't say, and names don't either: a program may have an ``x_base`` of its own.
    The handler asks for an auxiliary site within the call that it got for the site itself.
    """
    from numpyro.handlers import reparam

    found = ""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is reparam.process_message.__code__:
            found = frame.f_locals["msg"]["name"]
        frame = frame.f_back
    return found


def read_latent(name: str, site: Any) -> Latent:
    """A latent site from NumPyro's record of it."""
    prior = site["fn"]
    discrete = bool(prior.is_discrete)
    mark = site["infer"].get("enumerate")
    marked = discrete and mark == "parallel"
    enumerable = discrete and mark is None and bool(prior.has_enumerate_support)
    # not the shape of the distribution: a site may be given with sample_shape=. And no attribute of
    # the value, which a handler such as `substitute` may have made a plain number.
    shape, owner = np.shape(site["value"]), site["stands_for"]
    scaled = is_scaled(site)
    improper = scaled or is_improper(prior, site.get(MASK_KEY, ()))
    return Latent(name, shape, discrete, improper, marked, enumerable, owner, scaled)


def is_latent(site: Any) -> bool:
    """Whether NumPyro's record of a site is of one that is sampled, not observed."""
    return bool(site["type"] == "sample" and not site["is_observed"])


def is_observed(site: Any) -> bool:
    """Whether NumPyro's record of a site is of observed data or of a factor of the density."""
    return bool(site["type"] == "sample" and site["is_observed"])


def is_in_control_flow(site: Any) -> bool:
    """Whether NumPyro's record of a site is of one within its ``scan`` or ``cond``."""
    return bool(site.get("_control_flow_done"))  # NumPyro 0.8 to 0.22


def split_vector(vector: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """A vector [dim] cut into arrays by site name, in the order of ``shapes``."""
    parts, first = {}, 0
    for name, shape in shapes.items():
        parts[name] = vector[first : first + math.prod(shape)].reshape(shape)
        first += math.prod(shape)
    return parts


def name_distribution(prior: Any) -> str:
    """The class of a distribution, without the wrappers of plates and masks."""
    while type(prior).__name__ in ("ExpandedDistribution", "Independent", "MaskedDistribution"):
        prior = prior.base_dist
    return type(prior).__name__


def make_unmapped_error(
    model: Model, site: str, why: str, takers: str = "numpyro_nuts"
) -> Declined:
    """The refusal of a site whose prior is no transform of the unit cube's uniform numbers.

    ``takers``: samplers that can do without such a transform.
    """
    return Declined(
        f"site {site!r} of {model.name!r} can't be mapped from the unit cube: {why}; {takers} "
        "samples such a site, or write it as a transform of Normal or Uniform sites"
    )


def require_continuous(
    model: Model, sampler: str, enumerates: bool = False, enumerates_unmarked: bool = False
) -> list[Latent]:
    """The latent sites that are sampled; raises Declined for none and for a discrete one.

    ``enumerates``: the sampler leaves discrete sites that are marked so to NumPyro's enumeration,
    and ``enumerates_unmarked``: beside continuous ones those without a mark, too.
    """
    sites = find_latents(model)
    has_continuous = not all(site.discrete for site in sites)
    if enumerates:
        unmarked = enumerates_unmarked and has_continuous
        left_out = [site for site in sites if site.enumerated or (unmarked and site.enumerable)]
        _require_funsor(model, [site.name for site in left_out])
        sites = [site for site in sites if site not in left_out]
    if not sites:
        raise Declined(f"model {model.name!r} has no latent site; {sampler} needs at least one")
    discrete = [site for site in sites if site.discrete]
    if discrete:
        # where nothing else is left to sample, NumPyro's kernels decline as well
        summed = has_continuous and (discrete[0].enumerated or discrete[0].enumerable)
        able = "numpyro_nuts sums it out; or " if summed else ""
        raise Declined(
            f"site {discrete[0].name!r} of {model.name!r} is discrete; {sampler} is run on"
            f" continuous parameters only ({able}sum the discrete ones out in the program, and"
            " leave those that only predict to numpyro.infer.Predictive)"
        )
    return sites


def _require_funsor(model: Model, enumerated: Sequence[str]) -> None:
    """Raise Declined where sites are to be enumerated without the library that does it."""
    if enumerated and find_spec("funsor") is None:
        raise Declined(
            f"site {enumerated[0]!r} of {model.name!r} is to be enumerated, which needs funsor:"
            " NumPyro sums discrete sites out with it (install funsor, or use an environment that"
            " has it)"
        )


def require_proper(model: Model, sampler: str, enumerates: bool = False) -> list[Latent]:
    """The same sites; raises Declined also where a prior does not integrate to 1."""
    sites = require_continuous(model, sampler, enumerates)
    for site in sites:
        if site.scaled:
            raise Declined(
                f"the prior of {site.name!r} is raised to a power (numpyro.handlers.scale), and"
                f" {sampler} needs priors that integrate to one: scale the observed sites alone"
                " (numpyro_nuts takes it as it is)"
            )
        if site.improper and site.stands_for:
            raise Declined(
                f"site {site.stands_for!r} of {model.name!r} is reparametrised by the auxiliary "
                f"site {site.name!r}, which has a density but no prior to draw from; {sampler} "
                "needs one (numpyro_nuts does not; or leave the reparametrisation out)"
            )
        if site.improper:
            raise Declined(
                f"the prior of {site.name!r} is improper; {sampler} needs priors that"
                " integrate to one (give it bounds; numpyro_nuts takes it as it is)"
            )
    return sites


def require_two(model: Model, dim: int, why: str) -> None:
    """Raise Declined for a single parameter; ``why`` says what needs two."""
    if dim == 1:
        raise Declined(f"model {model.name!r} has one parameter; {why}")
