"""Rows as a campaign has them, made by hand: of one sampler, with its intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samplerbench.harness.scoring.columns import COLUMNS

WARM = (0.020, 0.0201, 0.0199)


def row(
    verdict: str = "honest",
    calibration: tuple[float, float, float] = (1.0, 0.9, 1.1),
    warm: tuple[float, ...] = WARM,
    **fields: Any,
) -> dict[str, Any]:
    """A row of NUTS on the line that ended ok."""
    value, lo, hi = calibration
    made = {column.name: None for column in COLUMNS}
    made |= {
        "model": "linear",
        "sampler": "numpyro_nuts",
        "settings": {},
        "environment": "pinned",
        "device": "cpu",
        "precision": 32,
        "chains": 1,
        "warmup": 500,
        "draws": 1000,
        "calibrate": "",
        "status": "ok",
        "reason": "",
        "verdict": verdict,
        "verdict_reason": f"why {verdict}",
        "calibration": value,
        "calibration_lo": lo,
        "calibration_hi": hi,
        "warm_s": warm[0],
        "cold_s": 100 * warm[0],
        "block_seconds": {"warm_s": list(warm), "cold_s": [100 * s for s in warm]},
        "warnings": [],
        "missing": {},
        "versions": {"jax": "0.4.23", "numpyro": "0.13.2"},
        "machine": {"cpu": "a processor", "cores_allowed": 2},
    }
    return {**made, **fields}


def changed(row: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A row with other values, interval ends where they are given."""
    return {**row, **values}


def timed(row: dict[str, Any], *spread: float, **seconds: float) -> dict[str, Any]:
    """A row with other seconds, in processes that differ by the factors ``spread``."""
    factors = spread or (0.99, 1.0, 1.01)
    blocks = {name: [value * by for by in factors] for name, value in seconds.items()}
    old = {name: values[:1] * len(factors) for name, values in row["block_seconds"].items()}
    return {**row, "blocks": len(factors), "block_seconds": {**old, **blocks}}


def write_json(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rows as `report --format json` writes them."""
    path.write_text(json.dumps(rows))
    return path
