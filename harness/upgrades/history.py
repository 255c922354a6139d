"""How verdict, calibration and seconds of each sampler moved over campaigns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samplerbench.harness.scoring.ci_gate import describe_differences
from samplerbench.harness.upgrades.baseline_gate import (
    KEY,
    Finding,
    choose_more,
    compare_rows,
    identify_row,
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Release:
    """One campaign of a history."""

    name: str
    end_time: float | None  # seconds since the epoch, of its last result
    rows: Sequence[Row]

    @property
    def date(self) -> str:
        """The day of its last result; "" where there is none."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.end_time)) if self.end_time else ""


@dataclass(frozen=True)
class Point:
    """One row of a campaign, held against the one before it in the same series."""

    release: Release
    row: Row
    findings: tuple[Finding, ...]  # none for the first
    versions: str  # that differ from the ones before, as "jax 0.4.25 (was 0.4.23)"

    @property
    def changes(self) -> list[str]:
        """What is shown to be better or worse, in words."""
        shown = [each for each in self.findings if each.sign]
        return [f"{'worse' if each.sign > 0 else 'better'}: {each.text}" for each in shown]


@dataclass(frozen=True)
class Line:
    """One sampler on one model and budget over the campaigns that have it."""

    sampler: str
    model: str
    points: tuple[Point, ...]
    environment: str = ""  # where a campaign has the sampler in several
    budget: str = ""  # as "draws 100", where there are lines of several

    @property
    def place(self) -> str:
        """Where it ran: what tells lines of one sampler apart."""
        place = f"{self.model} on {self.environment}" if self.environment else self.model
        return ", ".join(filter(None, [place, self.budget]))


def trace_lines(releases: Sequence[Release], slower: float, unlike: bool) -> list[Line]:
    """Each sampler's points in the order of ``releases``.

    Where a campaign has a sampler in several environments, each of them is a line of its own.
    """
    more = choose_more(*(release.rows for release in releases))
    found: dict[tuple[Any, ...], list[tuple[Release, Row]]] = {}
    for release in releases:
        for row in release.rows:
            found.setdefault(identify_row(row, *more), []).append((release, row))
    names = [(name, model, *(rest[len(KEY) - 1 :] or [""])) for name, model, *rest in found]
    budgets = describe_differences([places[0][1] for places in found.values()], names)
    return [
        Line(name, model, _make_points(places, slower, unlike), environment[0], budget)
        for (name, model, *environment), budget, places in zip(
            names, budgets, found.values(), strict=True
        )
    ]


def _make_points(
    places: Sequence[tuple[Release, Row]], slower: float, unlike: bool
) -> tuple[Point, ...]:
    points = []
    before: Row | None = None
    for release, row in places:
        findings = compare_rows(row, before, slower, unlike) if before else []
        versions = _describe_versions(row, before or {})
        points.append(Point(release, row, tuple(findings), versions))
        before = row
    return tuple(points)


def _describe_versions(row: Row, before: Row) -> str:
    now, was = row.get("versions") or {}, before.get("versions") or {}
    if not before:
        return ", ".join(f"{name} {now[name]}" for name in ("numpyro", "jax") if name in now)
    changed = [name for name in sorted({*now, *was}) if now.get(name) != was.get(name)]
    pairs = ((name, now.get(name, "absent"), was.get(name, "absent")) for name in changed)
    return ", ".join(f"{name} {version} (was {earlier})" for name, version, earlier in pairs)
