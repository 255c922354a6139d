"""What a sampler is: its settings, and how it prepares runs on a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from samplerbench.models.base import Model, Sites
from samplerbench.registry import Registry


class Declined(Exception):
    """Raised by ``prepare`` for a model that the sampler cannot do; the text is the reason."""


@dataclass(frozen=True)
class Budget:
    """What a run may spend. Nested sampling, which sets its own number of draws, ignores it."""

    chains: int = 1
    warmup: int = 500  # adaptation iterations a chain, not kept
    draws: int = 5000  # kept iterations a chain
    superchains: int = 0  # groups of chains that start at one point each; 0: each chain at its own


@dataclass(frozen=True)
class Draws:
    """The result of one run with one seed."""

    sites: dict[str, np.ndarray]  # site -> [chain, draw, *event]
    log_weights: np.ndarray | None = None  # [chain, draw], natural, up to a constant; None: equal
    # effective draws as the sampler itself claims, only beside ``log_weights``; None: Kish's
    ess: float | None = None
    log_z: float | None = None  # natural log of the evidence, against the normalised prior
    log_z_err: float | None = None  # its claimed standard error
    log_z_err_simulated: float | None = None  # a second claim, as the spread of simulated runs
    gradients: int | None = None  # gradient evaluations, warm-up included where the sampler tells
    tuning_gradients: int | None = None  # those among them that warm-up or tuning took
    likelihoods: int | None = None  # log-density evaluations without gradient, likewise
    divergences: int | None = None
    accept_prob: float | None = None  # mean over kept draws
    termination: str | None = None  # why nested sampling stopped, in words
    stats: dict[str, np.ndarray] = field(default_factory=dict)  # per draw, [chain, draw]
    cut_short: bool | None = None  # whether it met a limit before its own reason to stop
    # of the ensembles of all chains together: in a chain one walker's path follows the other's
    walkers: int | None = None


@dataclass(frozen=True)
class Compiled:
    """The same algorithm compiled ahead of time; a new seed compiles nothing."""

    sample: Callable[[Any], Any]  # warm-up's state, or the seed where there is no warm-up -> raw
    collect: Callable[[Any], Draws]  # raw -> Draws in NumPy
    warmup: Callable[[int], Any] | None = None  # seed -> state
    batch: Callable[[Sequence[int]], list[Draws]] | None = None  # many seeds in one program
    # bound to other data; compiles nothing, but for data among ``fixed_data``
    with_data: Callable[[Sites], Compiled] | None = None
    prime: Callable[[Sequence[int]], None] | None = None  # compile what these seeds will need
    batch_from: int = 2  # how many seeds make the batch faster than one after the other
    # data that are constants in what is compiled -> why; ``with_data`` compiles anew for others
    fixed_data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A sampler on a model. ``plain(seed)`` is the library's own public call; objects are kept."""

    plain: Callable[[int], Draws]
    compile: Callable[[], Compiled] | None = None  # None: only the plain mode exists
    # the same with data as arguments, where the program bears them, for its ``with_data``; None:
    # what ``compile`` gives serves for this, too
    compile_for_data: Callable[[], Compiled] | None = None
    claims: str = ""  # that are audited beside the sampler's, by what was set


@dataclass(frozen=True)
class Sampler:
    """A registered sampler. ``prepare(model, budget, settings)`` may raise Declined."""

    name: str
    settings: type  # frozen dataclass, defaults as the library ships them
    prepare: Callable[[Model, Budget, Any], Prepared]
    summary: str  # one line for `samplerbench list samplers`
    needs: tuple[str, ...] = ()  # libraries to import, in this order, before the clocks of a run
    # distributions whose installed versions are recorded beside a result, its library's first;
    # those of NumPy, SciPy, JAX and NumPyro always are
    distributions: tuple[str, ...] = ()
    # samplers that share library, start and adaptation, and so their blind spots; "": it is alone
    family: str = ""
    # which claims are audited, where they are not the draws' own (autocorrelation ESS), such as
    # "ESS: Kish's, of the weights; log Z error: ..."
    claims: str = ""
    environment: str = ""  # the environment (--env) that it needs by default; "": no preference
    # (settings, chains) -> devices that the processor must pass for, since XLA counts them once,
    # when JAX starts; None: one
    host_devices: Callable[[Any, int], int] | None = None
    control: bool = False  # it knows the answer: a yardstick, never a rival
    short_name: str = ""  # heads its column in tables of stacks; "": its name
    # on each stack of a matrix whose file names no samplers; 0, or an environment of its own: the
    # matrix leaves it out
    stack_replicates: int = 8
    # what a matrix calls the import of the last of ``needs``; "": that module's name with "imports"
    import_stage: str = ""
    # seconds of a first run, compiling included, and of a further one, on the straight line with
    # 5000 draws: for guesses of the time left where nothing is known yet
    typical_s: tuple[float, float] = (5.0, 0.03)
    link: str = ""  # where it is documented, for `samplerbench list NAME`


samplers: Registry[Sampler] = Registry(
    "sampler",
    ("samplerbench.samplers",),
    Sampler,
    file_reader="samplerbench.samplers.loading.sampler_file",
)


def add(sampler: Sampler) -> Sampler:
    """Register ``sampler`` under its name: the file's stem, but for ``controls``."""
    return samplers.add(sampler.name, sampler)


def list_backends() -> list[str]:
    """The libraries of samplers beside JAX and NumPyro: the first distribution of each."""
    every = [samplers.get(name).distributions for name in samplers.names()]
    return list(dict.fromkeys(names[0] for names in every if names))


def move_to_device(other: Sites, data: Sites) -> Any:
    """``other`` on the device with the types of ``data``, for which programs were compiled."""
    import jax

    return jax.device_put({name: np.asarray(other[name], data[name].dtype) for name in data})
