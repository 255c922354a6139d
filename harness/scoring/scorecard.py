"""What the scores of one trial are collected in: columns, reasons, numbers of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from samplerbench.harness.statistics.estimates import Estimate

NO_ANSWER = "no exact answer"


class Scored:
    """Collects columns, reasons and per-parameter numbers of one trial."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.columns: dict[str, Any] = {}
        self.missing: dict[str, str] = {}
        self.parameters: dict[str, dict[str, Any]] = {name: {} for name in names}

    def put(self, name: str, estimate: Estimate) -> None:
        """One estimate with its interval, or the reason why there is none."""
        values = (estimate.value, estimate.lo, estimate.hi)
        self.columns.update(zip((name, f"{name}_lo", f"{name}_hi"), values, strict=True))
        if estimate.value is None:
            self.missing[name] = estimate.reason

    def number(self, name: str, value: float | None, reason: str) -> None:
        """One number, or the reason why there is none."""
        self.columns[name] = value
        if value is None:
            self.missing[name] = reason

    def worst(self, name: str, estimates: Sequence[Estimate], pick: int) -> None:
        """Every parameter's estimate; the column takes that of parameter ``pick``."""
        for parameter, estimate in zip(self.names, estimates, strict=True):
            self.parameters[parameter][name] = [estimate.value, estimate.lo, estimate.hi]
        self.put(name, estimates[pick])

    def record(self) -> dict[str, Any]:
        """What the store keeps."""
        return {"columns": self.columns, "missing": self.missing, "parameters": self.parameters}
