"""The map of an open box on the whole space, centred and scaled by the modes of a density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
REACH = 3.0  # half of the mapped box holds this many sds either way, times 2/3


@dataclass(frozen=True)
class Chart:
    """u = centre + root t, t = 3 s / (1 - s^2), which maps (-1, 1)^d on the whole space."""

    centre: Array  # [d]
    root: Array  # [d, d]

    def map_points(self, s: Array) -> tuple[Array, Array]:
        """u and log |du/ds| at ``s[n, d]``."""
        rest = (1 - s) * (1 + s)
        with np.errstate(divide="ignore", invalid="ignore"):  # the border itself has no mass
            u = self.centre + REACH * (s / rest) @ self.root.T
            slope = np.log(REACH * (1 + np.square(s)) / np.square(rest)).sum(axis=1)
        return u, slope + np.log(np.abs(np.linalg.det(self.root)))

    def invert_points(self, u: Array) -> Array:
        """s at ``u[n, d]``."""
        t = np.linalg.solve(self.root, (u - self.centre).T).T / REACH
        return 2 * t / (1 + np.sqrt(1 + 4 * np.square(t)))


def make_chart(modes: Array, heights: Array, spreads: Array) -> Chart:
    """Centre and width of all modes together, each by its curvature (Laplace's approximation).

    ``modes`` [mode, d], their log densities ``heights`` [mode], covariances [mode, d, d].
    """
    mass = np.exp(heights - heights.max()) * np.sqrt(np.linalg.det(spreads))
    share = mass / mass.sum()
    centre = share @ modes
    off = modes - centre
    whole = np.einsum("m,mij->ij", share, spreads + off[:, :, None] * off[:, None, :])
    return Chart(centre, np.linalg.cholesky(whole))
