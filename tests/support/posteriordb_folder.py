"""A small folder laid out as posteriordb is, of made-up data."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def write_zip(path: Path, content: Any) -> None:
    """Write ``content`` as JSON in ``path``, a zip file as the database has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.name.removesuffix(".zip"), json.dumps(content))


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def add(folder: Path, model: str, data: Any, draws: Any = None, data_name: str = "made_up") -> str:
    """Add the posterior DATA-MODEL, with reference draws where ``draws`` has them -> its name.

    ``draws``: a list of chains, each a dict of lists, by Stan's names: "theta[1]".
    """
    database, name = folder / "posterior_database", f"{data_name}-{model}"
    info = {"name": data_name, "data_file": f"data/data/{data_name}.json"}
    write_json(database / "data" / "info" / f"{data_name}.info.json", info)
    write_zip(database / "data" / "data" / f"{data_name}.json.zip", data)
    posterior = {
        "name": name,
        "model_name": model,
        "data_name": data_name,
        "reference_posterior_name": None if draws is None else name,
    }
    write_json(database / "posteriors" / f"{name}.json", posterior)
    if draws is not None:
        write_zip(reference(folder, name), draws)
    return name


def reference(folder: Path, name: str) -> Path:
    """Where the reference draws of a posterior lie."""
    inner = folder / "posterior_database" / "reference_posteriors" / "draws" / "draws"
    return inner / f"{name}.json.zip"


def posterior(folder: Path, name: str) -> Path:
    """Where the posterior's own file lies."""
    return folder / "posterior_database" / "posteriors" / f"{name}.json"
