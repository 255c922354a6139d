"""The campaigns that the judge is judged by: exact draws, draws with one flaw, flaws at the margin.

The size of every flaw stands here, beside its name. Those of ``FLAWED`` lie
outside the margins of a verdict, those of ``EDGE`` at them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special
from scipy.signal import lfilter

from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.weighted import kish_ess
from samplerbench.models.base import Exact
from tests.support.summaries import summarise_whole
from tests.support.synthetic import (
    LOG_Z,
    LOG_Z_ERR,
    Case,
    ar1,
    far_from_zero,
    gaussian,
    iid,
    lognormal,
    rare_counts,
    standard,
    two_modes,
)

Array = np.ndarray
Draw = Callable[[Case, Exact, np.random.Generator], Array]
Change = Callable[[ReplicateSummary], ReplicateSummary]
SIZES = (1, 2, 10, 50)  # parameters


@dataclass(frozen=True)
class Kind:
    """How the draws of a campaign are made, and what is changed in what they claim."""

    flaw: str  # what is wrong, with its size; "": nothing
    draw: Draw = iid
    change: Change = lambda summary: summary
    sizes: tuple[int, ...] = (1, 2, 10)
    answer: Callable[[int], Exact] = gaussian
    is_weighted: bool = False
    ess_factor: float = 1.0  # that weighted draws claim, over what they are worth
    draws: int = 1000  # a replicate

    def make(self, replicates: int, size: int, rng: np.random.Generator) -> ReplicateSummary:
        """Summary of one campaign, with the directions of the joint posterior as in any trial."""
        case, exact = Case(replicates, self.draws, size), _answer(self.answer, size)
        x = self.draw(case, exact, rng)
        more = self._weigh(x, rng) if self.is_weighted else {}
        error = LOG_Z_ERR * np.exp(0.1 * rng.standard_normal(replicates))
        log_z = LOG_Z + LOG_Z_ERR * rng.standard_normal(replicates)
        return self.change(summarise_whole(x, exact, log_z=log_z, log_z_err=error, **more))

    def _weigh(self, x: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Log-normal weights independent of the draws: Kish's ESS, a tenth of them, is right."""
        log_w = 1.5 * rng.standard_normal(x.shape[:3])
        log_w[:, :, -x.shape[2] // 10 :] = -np.inf
        return {"log_w": log_w, "ess": self.ess_factor * kish_ess(log_w)}


@functools.cache  # campaigns share what is derived from an answer
def _answer(make: Callable[[int], Exact], size: int) -> Exact:
    return make(size)


def _move(by: float, one: bool = False) -> Draw:
    """Draws off by so many sds, all parameters or the last."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        return iid(case, exact, rng) + by * exact.sd * _which(case, one)

    return draw


def _stretch(factor: float, one: bool = False) -> Draw:
    """Draws that many times too wide, all parameters or the last."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        factors = np.where(_which(case, one), factor, 1.0)
        return exact.mean + factors * (iid(case, exact, rng) - exact.mean)

    return draw


def _which(case: Case, one: bool) -> Array:
    return np.arange(case.size) == case.size - 1 if one else np.ones(case.size, dtype=bool)


def _reshape(of: Callable[[Array], Array]) -> Draw:
    """Standardised draws put through ``of``, each parameter for itself."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        return exact.mean + exact.sd * of((iid(case, exact, rng) - exact.mean) / exact.sd)

    return draw


def _skewed(z: Array, b: float = 0.0845) -> Array:
    """Skewness 6 a^2 b + 8 b^3 = 0.5 at mean 0 and variance a^2 + 2 b^2 = 1."""
    return np.sqrt(1 - 2 * b**2) * z + b * (np.square(z) - 1)


def _uniform(z: Array) -> Array:
    return np.sqrt(12.0) * (special.ndtr(z) - 0.5)


def _cut(case: Case, exact: Exact, rng: np.random.Generator, at: float = 2.5) -> Array:
    """Draws beyond so many sds made anew, each parameter for itself; the sd is 0.955 of the exact.

    Of one parameter, or of several that do not depend on one another.
    """
    x = (iid(case, exact, rng) - exact.mean) / exact.sd
    while (beyond := np.abs(x) > at).any():
        x[beyond] = rng.standard_normal(int(beyond.sum()))
    return exact.mean + exact.sd * x


def _scatter_far(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """One draw in a thousand of each parameter 5 sd away, to either side; the sd is 1.012."""
    x = iid(case, exact, rng)
    far = exact.mean + 5 * exact.sd * rng.choice([-1.0, 1.0], x.shape)
    return np.where(rng.uniform(size=x.shape) < 1e-3, far, x)


def _heavy(case: Case, exact: Exact, rng: np.random.Generator, freedom: int = 10) -> Array:
    x = iid(case, exact, rng) - exact.mean
    squares = rng.chisquare(freedom, size=(*x.shape[:3], 1)) / (freedom - 2)
    return exact.mean + x / np.sqrt(squares)


def _in_some(share: float, of: Callable[[Array, Exact], Array], chains: int = 1) -> Draw:
    """``of(x, exact)`` in the first chain of so many of the replicates."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        x = iid(case, exact, rng, chains)
        lost = rng.uniform(size=case.replicates) < share
        x[lost, 0] = of(x[lost, 0], exact)
        return x

    return draw


def _elsewhere(moving: float) -> Callable[[Array, Exact], Array]:
    return lambda x, exact: exact.mean + 3 * exact.sd + moving * (x - exact.mean)


def _drift(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    decay = 3 * np.exp(-20 * np.arange(case.draws) / case.draws)
    return iid(case, exact, rng) + decay[:, None] * exact.sd


def _period(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    phase = rng.uniform(0, 2 * np.pi, size=(case.replicates, 1, 1, 1))
    wave = np.sin(phase + 2 * np.pi * np.arange(case.draws)[:, None] / 50)
    return iid(case, exact, rng) + wave * exact.sd


def _repeat(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    quarter = iid(replace(case, draws=case.draws // 4), exact, rng)
    return np.tile(quarter, (1, 1, 4, 1))


def _interleave(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    noise = (iid(case, exact, rng) - exact.mean) * np.sqrt(1 - 0.9**2)
    noise[:, :, :10] /= np.sqrt(1 - 0.9**2)
    return exact.mean + lfilter([1.0], [1.0, *[0.0] * 9, -0.9], noise, axis=2)


def _one_mode(same: bool) -> Draw:
    """One of two modes, always the same or either by chance; of ``two_modes``."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        x = iid(case, exact, rng)
        side = np.ones(case.replicates) if same else rng.choice([-1, 1], case.replicates)
        x[..., 0] = side[:, None, None] * np.abs(x[..., 0])
        return x

    return draw


def shuffle(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Draws of each parameter in an order of their own: right marginals, no correlation."""
    return rng.permuted(iid(case, exact, rng), axis=2)


def turn(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Every other parameter mirrored about its mean: Gaussian marginals stay, correlations turn."""
    sign = np.where(np.arange(case.size) % 2, -1.0, 1.0)
    return exact.mean + sign * (iid(case, exact, rng) - exact.mean)


def correlate_two(rho: float) -> Draw:
    """The first two parameters with a correlation of their own, of ``standard`` ones."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        x = iid(case, exact, rng)
        x[..., 1] = rho * x[..., 0] + np.sqrt(1 - rho**2) * x[..., 1]
        return x

    return draw


def add_in_common(rho: float) -> Draw:
    """Each two of ``standard`` parameters with a correlation of ``rho``: their sum is too wide."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        x = iid(case, exact, rng)
        common = rng.standard_normal((*x.shape[:3], 1))
        return np.sqrt(1 - rho) * x + np.sqrt(rho) * common

    return draw


def curved(size: int, curvature: float = 1.0) -> Exact:
    """``standard`` normals, but that the second follows the square of the first, not correlated."""
    plain = standard(size)
    z = special.ndtri((np.arange(1000) + 0.5) / 1000)
    second = np.sort(np.add.outer(0.5 * z, curvature * (np.square(z) - 1)).ravel())

    def draw(rng: np.random.Generator, n: int) -> dict[str, Array]:
        x = rng.standard_normal((n, size))
        x[:, 1] = 0.5 * x[:, 1] + curvature * (np.square(x[:, 0]) - 1)
        return {"p": x}

    def quantile(p: Array) -> Array:
        q = np.repeat(special.ndtri(np.asarray(p))[..., None], size, axis=-1)
        q[..., 1] = np.quantile(second, p)
        return q

    covariance = np.eye(size)
    covariance[1, 1] = 0.25 + 2 * curvature**2
    return Exact(plain.names, plain.mean, covariance, quantile, draw, LOG_Z)


def straighten(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Draws of ``curved`` whose first parameter has nothing to do with the others."""
    x = iid(case, exact, rng)
    x[..., 0] = rng.standard_normal(x.shape[:3])
    return x


def _correlate_by_turns(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """A correlation of 0.3 in every other run and of -0.3 in the rest: none on average."""
    x = correlate_two(0.3)(case, exact, rng)
    x[::2, ..., 1] *= -1
    return x


def _skew_by_turns(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """A skewness of 0.5 in every other run and of -0.5 in the rest: none on average."""
    x = _reshape(_skewed)(case, exact, rng)
    x[::2] = 2 * exact.mean - x[::2]
    return x


def _round(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    return np.round(iid(case, exact, rng) / (0.05 * exact.sd)) * 0.05 * exact.sd


def tie_signs(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Signs of two parameters equal where their product is small, else opposite; ``standard`` ones.

    Each parameter, the correlation and the distance from the mean stay right: 1.2545 is where the
    product's halves have one mean.
    """
    x = iid(case, exact, rng)
    side = np.where(np.abs(x[..., 0] * x[..., 1]) < 1.2545, 1.0, -1.0)
    x[..., 1] = np.sign(x[..., 0]) * side * np.abs(x[..., 1])
    return x


def _share_seeds(seeds: int) -> Draw:
    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        few = iid(replace(case, replicates=seeds), exact, rng)
        return few[np.arange(case.replicates) % seeds]

    return draw


def _jitter(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Runs of 64 seeds by chance, that differ by a thousandth of an sd where the seed is one."""
    few = iid(replace(case, replicates=64), exact, rng)[rng.integers(64, size=case.replicates)]
    return few + 1e-3 * exact.sd * rng.standard_normal(few.shape)


def _share_noise(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """Half of the variance of each draw is that of the same draw of one other run."""
    half = replace(case, replicates=-(-case.replicates // 2))
    both = np.tile(iid(half, exact, rng), (2, 1, 1, 1))[rng.permutation(case.replicates)]
    own = iid(case, exact, rng)
    return exact.mean + np.sqrt(0.5) * (own - exact.mean + both - exact.mean)


def _mirror(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    x = iid(case, exact, rng)
    x[1::2] = 2 * exact.mean - x[::2]
    return x


def _share_chains(apart: int) -> Draw:
    """Four chains, of which three are those of an earlier run: seeds of chains counted up."""

    def draw(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
        quarter = replace(case, draws=case.draws // 4, replicates=case.replicates + 3 * apart)
        chains = iid(quarter, exact, rng)[:, 0]
        return np.stack([chains[apart * i :][: case.replicates] for i in range(4)], axis=1)

    return draw


def _overlap(case: Case, exact: Exact, rng: np.random.Generator) -> Array:
    """One long run cut into pieces, each of which begins in the middle of the one before."""
    half = case.draws // 2
    run = iid(Case(1, half * (case.replicates + 1), case.size), exact, rng)[0, 0]
    starts = half * np.arange(case.replicates)
    return np.stack([run[start : start + 2 * half] for start in starts])[:, None]


def _scatter_claims(e: ReplicateSummary) -> ReplicateSummary:
    """Claims that have nothing to do with errors, log-normal of sigma 1, of the right rms z."""
    z = np.random.default_rng(len(e.est)).standard_normal((len(e.est), 1))
    return replace(e, se=e.se * np.exp(1 + z))


def _claim(factor: float, one: bool = False) -> Change:
    """Claimed errors so many times too small, all of them or those of one parameter's mean."""

    def change(e: ReplicateSummary) -> ReplicateSummary:
        if not one:
            return replace(
                e, se=e.se / factor, below_se=e.below_se / factor, half_se=e.half_se / factor
            )
        return replace(e, se=e.se / np.where(np.arange(len(e.names)) == 0, factor, 1.0))

    return change


def _change_log_z(by: float = 0.0, claim: float = 1.0) -> Change:
    return lambda e: replace(e, log_z=e.log_z + by * LOG_Z_ERR, log_z_err=e.log_z_err / claim)


def _hide(share: float, **what: float) -> Change:
    """Fields of the summary replaced in that share of the replicates."""

    def change(e: ReplicateSummary) -> ReplicateSummary:
        some = _some(e, share)
        fields = {name: getattr(e, name).copy() for name in what}
        for name, value in what.items():
            fields[name][some] = value
        return replace(e, **fields)

    return change


def _some(e: ReplicateSummary, share: float) -> Array:
    """[replicate] bool: that share of them."""
    return np.random.default_rng(len(e.est)).uniform(size=len(e.est)) < share


def _nan(x: Array, exact: Exact) -> Array:
    return np.full_like(x, np.nan)


EXACT = {
    "independent draws": Kind("", sizes=SIZES),
    "4 chains": Kind("", lambda *args: iid(*args, chains=4), sizes=(2, 10)),
    "AR(1) 0.5": Kind("", functools.partial(ar1, rho=0.5), sizes=(2, 10)),
    "AR(1) 0.9": Kind("", functools.partial(ar1, rho=0.9), sizes=(2, 10)),
    "AR(1) -0.5": Kind("", functools.partial(ar1, rho=-0.5), sizes=(2, 10)),
    "weighted": Kind("", is_weighted=True, sizes=(1, 2, 10)),
    "log-normal": Kind("", answer=lognormal, sizes=(2, 10)),
    "two modes": Kind("", answer=two_modes, sizes=(2, 10)),
    "a curve": Kind("", answer=curved, sizes=(2, 10)),
    "rare counts": Kind("", lambda *args: iid(*args, chains=4), sizes=(1, 2), answer=rare_counts),
    "32 bits": Kind(
        "", lambda *args: iid(*args).astype(np.float32), sizes=(1, 2), answer=far_from_zero
    ),
    "20 numbers to an sd": Kind("", _round, sizes=(1, 2)),
}

FLAWED = {
    "claims": Kind("errors 1.5 times those claimed", change=_claim(1.5), sizes=SIZES),
    "one claim": Kind(
        "errors of one mean 1.5 times those claimed", change=_claim(1.5, True), sizes=(2, 10, 50)
    ),
    "random claims": Kind(
        "claims scattered by a factor of 2.7 about some of the right rms", change=_scatter_claims
    ),
    "weighted ess": Kind("ESS of weighted draws claimed twice", is_weighted=True, ess_factor=2.0),
    "log z": Kind("log Z off by one claimed error", change=_change_log_z(1.0)),
    "log z error": Kind("errors of log Z twice those claimed", change=_change_log_z(0.0, 2.0)),
    "log z far off": Kind(
        "log Z off by 7 claimed errors in 2 % of runs",
        change=lambda e: replace(e, log_z=np.where(_some(e, 0.02), e.log_z + 2.45, e.log_z)),
    ),
    "log z missing": Kind("no log Z in 10 % of runs", change=_hide(0.1, log_z=-np.inf)),
    "no claim": Kind("10 % of runs claim an error of zero", change=_hide(0.1, se=0.0)),
    "rare": Kind("2 % of runs 3 sd away", _in_some(0.02, _elsewhere(1.0)), sizes=SIZES),
    "stuck elsewhere": Kind(
        "10 % of runs 3 sd away, a tenth as wide", _in_some(0.1, _elsewhere(0.1))
    ),
    "one chain": Kind(
        "10 % of runs: 1 chain of 4 stuck 3 sd away", _in_some(0.1, _elsewhere(0.1), 4)
    ),
    "constant": Kind("10 % of runs never move", _in_some(0.1, lambda x, exact: x[:, :1] + 0 * x)),
    "never ends": Kind("10 % of runs never end", _in_some(0.1, _nan), sizes=SIZES),
    "bias": Kind("means off by 0.1 sd", _move(0.1), sizes=SIZES),
    "one bias": Kind("one mean off by 0.1 sd", _move(0.1, True), sizes=(2, 10, 50)),
    "wide": Kind("1.2 times too wide", _stretch(1.2), sizes=SIZES),
    "narrow": Kind("1.2 times too narrow", _stretch(1 / 1.2)),
    "one wide": Kind("one parameter 1.2 times too wide", _stretch(1.2, True), sizes=(2, 10, 50)),
    "one side": Kind(
        "half of the runs on one side of the mean",
        _in_some(0.5, lambda x, exact: exact.mean + np.abs(x - exact.mean)),
    ),
    "one mode": Kind("one of two modes missing", _one_mode(True), answer=two_modes),
    "either mode": Kind("either of two modes missing", _one_mode(False), answer=two_modes),
    "skewness": Kind("skewness 0.5 at right mean and sd", _reshape(_skewed)),
    "skewness by turns": Kind("skewness 0.5, or -0.5, by turns", _skew_by_turns),
    "kurtosis": Kind("t with 10 degrees of freedom, right sd", _heavy),
    "light tails": Kind("uniform of right sd", _reshape(_uniform)),
    "cut tails": Kind("tails cut at 2.5 sd", _cut, sizes=(1, 2, 10), answer=standard),
    "far draws": Kind(
        "one draw in a thousand 5 sd away", _scatter_far, sizes=(1, 2, 10), answer=standard
    ),
    "drift": Kind("starts 3 sd away, decays over a twentieth of the run", _drift),
    "period": Kind("a wave of 1 sd, 50 draws long", _period),
    "repeats": Kind("the first quarter of the run four times", _repeat),
    "interleaved": Kind("10 chains of AR(1) 0.9 taken in turn, as one", _interleave),
    "weights wide": Kind("weighted draws 1.2 times too wide", _stretch(1.2), is_weighted=True),
    "weights bias": Kind("weighted draws off by 0.1 sd", _move(0.1), is_weighted=True),
    "correlations lost": Kind("correlations zeroed", shuffle, sizes=(2, 10, 50)),
    "correlations turned": Kind("correlations turned round", turn, sizes=(2, 10, 50)),
    "correlation invented": Kind(
        "two independent parameters with a correlation of 0.3",
        correlate_two(0.3),
        sizes=(2, 10, 50),
        answer=standard,
    ),
    "correlation by turns": Kind(
        "two independent parameters with a correlation of 0.3, or of -0.3, by turns",
        _correlate_by_turns,
        sizes=(2, 10, 50),
        answer=standard,
    ),
    "sum": Kind(
        "correlations of 0.08 between any two independent parameters",
        add_in_common(0.08),
        sizes=(10, 50),
        answer=standard,
    ),
    "curve lost": Kind(
        "a parameter that follows another's square independent of it",
        straighten,
        sizes=(2, 10, 50),
        answer=curved,
    ),
    "signs tied": Kind(
        "signs of two parameters tied, all margins right", tie_signs, sizes=(2,), answer=standard
    ),
    "mirrored": Kind("every other run a mirror image", _mirror),
    "shared chains": Kind("3 of 4 chains are those of the run before", _share_chains(1)),
    "chains far apart": Kind("3 of 4 chains are those of the run 40 before", _share_chains(40)),
    "overlap": Kind("half of the draws are those of the run before", _overlap),
    "four seeds": Kind("four distinct runs only", _share_seeds(4)),
    "one seed": Kind("one distinct run only", _share_seeds(1)),
    "seeds with noise": Kind("64 distinct runs only, each draw with noise of 0.001 sd", _jitter),
    "shared numbers": Kind("runs that share half of their noise with another", _share_noise),
}

#: at the edge of what is tolerated: by chance, not more often than 1 %, is one honest or accused
EDGE = {
    "claims, honest": Kind(
        "errors of one mean 1.35 times those claimed", change=_claim(1.35, True)
    ),
    "claims, accused": Kind(
        "errors of one mean 1.15 times those claimed", change=_claim(1.15, True)
    ),
    "bias": Kind("one mean off by 0.05 sd, 100 draws", _move(0.05, True), draws=100),
    "sd": Kind("one parameter 1.06 times too wide, 100 draws", _stretch(1.06, True), draws=100),
    "log z": Kind("log Z off by half a claimed error", change=_change_log_z(0.5)),
    "log z error": Kind("errors of log Z 1.35 times those claimed", change=_change_log_z(0, 1.35)),
    "disasters": Kind("2 % of runs 1 sd away", _in_some(0.02, lambda x, exact: x + exact.sd)),
    "never ends": Kind("1 % of runs never end", _in_some(0.01, _nan)),
}

for name, kind in EDGE.items():  # more parameters blur no edge: each is at its own
    EDGE[name] = replace(kind, sizes=(1, 2))

TABLES = {"exact": EXACT, "flawed": FLAWED, "edge": EDGE}
