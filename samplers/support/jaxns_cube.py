"""A NumPyro program on the unit cube, as every generation of jaxns samples it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Union

from samplerbench.models.base import Model
from samplerbench.samplers.support.data_arguments import DataSplit
from samplerbench.samplers.support.latent_sites import Latent, is_latent, read_latent, read_sites
from samplerbench.samplers.support.log_density import count_nan_as_zero, make_log_density
from samplerbench.samplers.support.prior_transform import make_prior_transform


@dataclass(frozen=True)
class Programs:
    """A sampler compiled: one seed's run, and what is compiled ahead of many."""

    run: Callable[[int, Any], dict[str, Any]]  # seed, data -> jaxns's results
    prime: Callable[[Sequence[int], Any], None]  # compile what these seeds need


class TransformCube:
    """The cube by this package's own prior transform, which knows more priors than NumPyro.

    ``data`` are the arguments among its data throughout; the constants of ``split`` join them.
    """

    def __init__(self, model: Model, split: DataSplit, sites: list[Latent]) -> None:
        self.sites, self.split = sites, split
        self.prior, self.density = make_prior_transform(model), make_log_density(model)

    def jaxns_model(self, data: Any) -> Any:
        """jaxns's model with one prior, uniform on the cube; a likelihood of NaN counts as 0."""
        import jax.numpy as jnp
        import tensorflow_probability.substrates.jax as tfp
        from jaxns import Model as JaxnsModel
        from jaxns import Prior

        merged = self.split.merge(data)

        def prior_model() -> Any:
            zeros = jnp.zeros(self.prior.dim)
            cube = yield Prior(tfp.distributions.Uniform(zeros, zeros + 1), name="cube")
            return cube

        def log_likelihood(cube: Any) -> Any:
            sites = self.prior.transform(cube, merged)
            return count_nan_as_zero(self.density.log_likelihood(sites, merged))

        return JaxnsModel(prior_model, log_likelihood)

    def constrain(self, bases: Any, data: Any) -> Any:
        """Points of the cube [n, dim] -> latent and deterministic sites [n, ...]."""
        import jax

        merged = self.split.merge(data)
        return jax.vmap(lambda cube: self.prior.transform(cube, merged))(bases["cube"])


class NumPyroCube:
    """The cube that NumPyro's ``NestedSampler`` hands to jaxns, likewise."""

    def __init__(self, model: Model, split: DataSplit, sites: list[Latent]) -> None:
        from numpyro.contrib.nested_sampling import UniformReparam
        from numpyro.handlers import reparam

        self.sites, self.split = sites, split
        self.enumerated_from = find_enumeration_dim(model)
        self.program = reparam(
            model.program, config={site.name: UniformReparam() for site in sites}
        )

    def jaxns_model(self, data: Any) -> Any:
        """jaxns's model of the likelihood given ``data``, which may be traced."""
        import jax.numpy as jnp
        import tensorflow_probability.substrates.jax as tfp
        from jaxns import Model as JaxnsModel
        from jaxns import Prior

        program, log_density = self._density()
        bases = [f"{site.name}_base" for site in self.sites]

        def prior_model() -> Any:
            params = []
            for site, base in zip(self.sites, bases):  # noqa: B905 (strict= needs Python 3.10)
                flat = tfp.distributions.Uniform(jnp.zeros(site.shape), jnp.ones(site.shape))
                params.append((yield Prior(flat, name=base)))
            return tuple(params)

        def log_likelihood(*params: Any) -> Any:
            bound = dict(zip(bases, params))  # noqa: B905
            # base sites are masked, so the joint density of the cube program is the likelihood
            return log_density(program, (), self.split.merge(data), bound)[0]

        return JaxnsModel(prior_model, log_likelihood)

    def _density(self) -> tuple[Any, Any]:
        """The program and NumPyro's function of its log density, which sums discrete sites out."""
        from numpyro.infer.util import log_density

        if self.enumerated_from is None:
            return self.program, log_density
        from numpyro.contrib import funsor

        return funsor.enum(self.program, self.enumerated_from), funsor.log_density

    def constrain(self, bases: Any, data: Any) -> Any:
        """Base draws [n, ...] -> latent and deterministic sites [n, ...]."""
        import jax
        from numpyro.handlers import seed, substitute, trace

        def one(base: dict[str, Any]) -> dict[str, Any]:
            fixed = substitute(seed(self.program, jax.random.PRNGKey(0)), base)
            records = trace(fixed).get_trace(**self.split.merge(data)).items()
            return {name: s["value"] for name, s in records if s["type"] == "deterministic"}

        return jax.vmap(one)(bases)


#: a NumPyro program on the unit cube, where jaxns samples
Cube = Union[TransformCube, NumPyroCube]


def find_enumeration_dim(model: Model) -> int | None:
    """The first dimension left of all plates, for enumeration; None without enumerated sites."""
    dims = [0]
    marked: list[bool] = []

    def read(records: Any) -> None:
        for name, site in records.items():
            if site["type"] == "sample":
                dims.extend(frame.dim for frame in site["cond_indep_stack"] if frame.dim)
                marked.append(is_latent(site) and read_latent(name, site).enumerated)

    read_sites(model, read)
    return min(dims) - 1 if any(marked) else None


def make_key(seed: int) -> Any:
    """The key that NumPyro's wrapper gives jaxns for ``PRNGKey(seed)``: the first of its split."""
    import jax

    return jax.random.split(jax.random.PRNGKey(seed))[0]
