"""Kernels of NumPyro's that take another one in place of the program, made of the program."""

import functools

from numpyro.infer import HMCECS, NUTS, DiscreteHMCGibbs


def gibbs(program, modified=True):
    """Discrete sites by Gibbs steps, the others by NUTS."""
    return DiscreteHMCGibbs(NUTS(program), modified=modified)


def subsample(program, size=100, num_blocks=10):
    """NUTS on a part of the data at a time."""
    return HMCECS(NUTS(functools.partial(program, size=size)), num_blocks=num_blocks)
