"""A checkout of posteriordb: its posteriors, their data and reference draws, as files.

    posterior_database/posteriors/NAME.json                          which model, data, reference
    posterior_database/data/info/DATA.info.json                      where the data file is
    posterior_database/data/data/DATA.json[.zip]
    posterior_database/reference_posteriors/draws/draws/NAME.json[.zip]

A file may lie there zipped, as in the database, or plain.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.user_files import full_path, parse_json, read_json_bytes

INNER = "posterior_database"
EXPECTED_FOLDER = (
    "expected: a checkout of https://github.com/stan-dev/posteriordb, or its folder "
    f"{INNER!r}, with folders 'posteriors' and 'data' in it"
)
LISTS = "samplerbench list posteriors --posteriordb"


@dataclass(frozen=True)
class Posterior:
    """One posterior of the database, as its file says."""

    name: str
    model: str
    data: str  # name of the data set
    reference: str  # name of the reference draws, "" where the database has none
    root: Path  # of the database: what holds 'posteriors'

    @property
    def file(self) -> Path:
        """Its own file."""
        return self.root / "posteriors" / f"{self.name}.json"

    def data_file(self) -> Path:
        """The file of its data, which may not be there."""
        info = self.root / "data" / "info" / f"{self.data}.info.json"
        name = read_json(info).get("data_file") if info.is_file() else None
        return self._find_inside(name or f"data/data/{self.data}.json", info)

    def _find_inside(self, name: Any, info: Path) -> Path:
        """The file ``name`` of the checkout; raises UsageError for one that leads out of it."""
        inside = isinstance(name, str) and "\0" not in name and ".." not in Path(name).parts
        if inside:
            path = find_packed(self.root / name)
            if full_path(path).is_relative_to(full_path(self.root)):
                return path
        raise read_error(info, f"its 'data_file' {name!r} is no file inside of {str(self.root)!r}")

    def reference_file(self) -> Path | None:
        """The file of its reference draws, which may not be there; None where it has none."""
        folder = self.root / "reference_posteriors" / "draws" / "draws"
        return find_packed(folder / f"{self.reference}.json") if self.reference else None


def is_posterior(name: str) -> bool:
    """Whether the name of a model is the path of a posterior's file."""
    return name.endswith(".json")


def find_root(folder: str) -> Path:
    """The database in ``folder``, which is a checkout or its inner folder; raises UsageError."""
    path = full_path(folder)
    for candidate in (path / INNER, path):
        if all(os.path.isdir(candidate / name) for name in ("posteriors", "data")):
            return candidate
    what = "is no checkout of posteriordb" if os.path.isdir(path) else "is not there, or no folder"
    raise UsageError(f"folder {folder!r} {what}\n  {EXPECTED_FOLDER}")


def list_names(database: Path) -> list[str]:
    """The names of all its posteriors, sorted."""
    return sorted(path.name[: -len(".json")] for path in (database / "posteriors").glob("*.json"))


def find_posterior(database: Path, name: str) -> Posterior:
    """The posterior ``name``; raises UsageError with the nearest one."""
    known = list_names(database)
    if name not in known:
        raise unknown_name("posterior", name, known, f"{LISTS} {database}")
    return read_posterior(database / "posteriors" / f"{name}.json")


def read_posterior(path: Path) -> Posterior:
    """The posterior in its file; raises UsageError."""
    if path.parent.name != "posteriors" or not path.is_file():
        raise UsageError(
            f"{str(path)!r} is no posterior of posteriordb\n"
            f"  expected: FOLDER/{INNER}/posteriors/NAME.json, or --posteriordb FOLDER "
            "--posterior NAME"
        )
    entry = read_json(path)
    for key in ("model_name", "data_name"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise UsageError(f"{str(path)!r} names no {key!r}\n  {EXPECTED_FOLDER}")
    reference = entry.get("reference_posterior_name") or ""
    if not isinstance(reference, str):
        raise UsageError(
            f"{str(path)!r}: 'reference_posterior_name' is {reference!r}\n  expected: a name"
        )
    stem = path.name[: -len(".json")]
    return Posterior(stem, entry["model_name"], entry["data_name"], reference, path.parents[1])


def find_packed(path: Path) -> Path:
    """``path`` as it lies there: zipped, as the database has it, or plain."""
    zipped = path.with_name(f"{path.name}.zip")
    return path if path.is_file() and not zipped.is_file() else zipped


def read_json(path: Path, kind: type = dict) -> Any:
    """The JSON in ``path``, zipped or plain: a dict or a list. Raises UsageError for another."""
    try:
        written = read_json_bytes(path)
    except OSError as error:
        raise read_error(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise read_error(path, f"it is no sound zip file: {error}") from error
    try:
        content = parse_json(written)
    except ValueError as error:  # bad JSON, bad encoding
        raise read_error(path, f"it is not JSON: {error}") from error
    if not isinstance(content, kind):
        name = type(content).__name__
        raise read_error(path, f"it holds a {name} where a {kind.__name__} was expected")
    return content


def read_error(path: Path, why: str) -> UsageError:
    """The error for a file of the database that can't be read, and why."""
    return UsageError(
        f"file {str(path)!r} of posteriordb can't be read: {why}\n"
        "  take a fresh checkout; files that Git LFS keeps need `git lfs pull`"
    )
