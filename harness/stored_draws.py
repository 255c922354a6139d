"""Reading stored draws back; the other side of ``drawsfile``, without anything of the samplers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.judge.yardstick import component_draws


class DrawsFile:
    """One group of a stored file, read array by array so that memory stays bounded."""

    def __init__(self, path: Path, group: str = "replicates") -> None:
        self._arrays = np.load(path, allow_pickle=False)
        self._group = group

    def __enter__(self) -> DrawsFile:
        return self

    def __exit__(self, *_: Any) -> None:
        self._arrays.close()

    def _named(self, kind: str) -> list[str]:
        prefix = f"{self._group}/{kind}/"
        return [key[len(prefix) :] for key in self._arrays.files if key.startswith(prefix)]

    def sites(self) -> dict[str, np.ndarray]:
        """Site -> [replicate, chain, draw, *event]."""
        return {n: self._arrays[f"{self._group}/site/{n}"] for n in self._named("site")}

    def stats(self) -> dict[str, np.ndarray]:
        """Per-draw statistics -> [replicate, chain, draw]."""
        return {n: self._arrays[f"{self._group}/stat/{n}"] for n in self._named("stat")}

    def truths(self) -> dict[str, np.ndarray]:
        """Parameters that made each replicate's data, site -> [replicate, *event]; {} as a rule."""
        prefix = "truth/site/"
        names = [key for key in self._arrays.files if key.startswith(prefix)]
        return {key[len(prefix) :]: self._arrays[key] for key in names}

    def get(self, name: str) -> Any:
        """``log_weights`` [replicate, chain, draw], a number [replicate], ...; or None."""
        key = f"{self._group}/{name}"
        return self._arrays[key] if key in self._arrays.files else None

    def components(self, names: tuple[str, ...]) -> np.ndarray:
        """Scalars called ``names`` ("m", "L[0,1]") -> [replicate, chain, draw, component].

        Raises KeyError where the draws hold no such site.
        """
        return component_draws(self.sites(), names, lead=3)


def component_names(sites: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Scalar components of stored sites, in order: "m", "beta[0]", "L[0,1]"."""
    names = []
    for site, array in sites.items():
        event = array.shape[3:]
        for index in np.ndindex(*event):
            names.append(f"{site}[{','.join(map(str, index))}]" if event else site)
    return tuple(names)
