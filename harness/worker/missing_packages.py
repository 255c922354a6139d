"""What to do about a package that an environment lacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from samplerbench.harness.records import Trial
from samplerbench.models.loading.script import list_packages

#: names on PyPI of packages that are imported by others
PIP_NAMES = {
    "Bio": "biopython",
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
LEVELS_ABOVE = 4  # folders above a file in which a module of the user's own may lie


def advise_packages(error: BaseException, file: Path | None, environment: str) -> str:
    """What to do where ``error`` is about packages that are not there; "" where it is not.

    Modules of the user's own are told where they lie, the others to be installed.
    """
    packages = list_absent(error, file)
    own = _find_own(packages, file)
    others = [package for package in packages if package not in own]
    steps = [_describe_own(own)] * bool(own)
    steps += [advise_install(others, environment)] * bool(others)
    return "; ".join(steps)


def advise_install(packages: Sequence[str], environment: str) -> str:
    """How ``packages`` get into ``environment``, or into another one, beside what --with named."""
    given = [] if Path(environment).exists() else environment.split("+")[1:]
    names = " ".join(dict.fromkeys([*given, *(PIP_NAMES.get(p, p) for p in packages)]))
    them, they_are = ("it", "it is") if len(packages) == 1 else ("them", "they are")
    path = Path(environment.rpartition("=")[2])
    is_interpreter = environment == "current" or (path.is_file() and path.suffix != ".txt")
    if is_interpreter:  # nothing is installed in it
        return (
            f"uv pip install {names} there (by the name that pip knows); or --with "
            f"{names} and an environment that is made, as --env pinned"
        )
    return (
        f"--with {names} installs {them} beside the pins (by the name that pip knows);"
        f" or --env current, or --env path/to/python, where {they_are} installed"
    )


def _find_own(packages: Sequence[str], file: Path | None) -> dict[str, Path]:
    """Those of ``packages`` that are modules of the user's own -> the folder that each lies in.

    In the working folder or above the file, where an editor or a notebook's kernel finds them.
    """
    found: dict[str, Path] = {}
    for package in packages:
        for folder in _list_near_folders(file):
            if (folder / f"{package}.py").is_file() or (folder / package / "__init__.py").is_file():
                found.setdefault(package, folder)
    return found


def _describe_own(found: Mapping[str, Path]) -> str:
    """How modules of the user's own are found by a run of a file."""
    places = ", ".join(f"{package} is in {folder}" for package, folder in found.items())
    folders = dict.fromkeys(map(str, found.values()))
    calls = "; ".join(f"sys.path.insert(0, {folder!r})" for folder in folders)
    return f"{places}; at the top of the file: import sys; {calls}"


def advise_release(error: Exception) -> str:
    """What to do where a package is there, in a release that lacks what a file takes of it.

    "" for NumPyro and JAX: the coordinator asks the environments which one has it
    (``attribute_search``).
    """
    module = error.name if isinstance(error, ImportError) else ""
    owner = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    if isinstance(owner, ModuleType):
        module = owner.__name__
    package = (module or "").partition(".")[0]
    if package in ("", "numpyro", "jax"):
        return ""
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:  # not there, or a module of the user's
        return ""
    return (
        f"{package} is {version} there, and another release may have it: --env latest, "
        "--env pinned, or a file of pins"
    )


def find_absent(error: BaseException) -> str:
    """The package that ``error`` is about, where it is not there at all; else "".

    A module that a package has no longer is no absence: that is two releases that don't fit.
    """
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    package = (name or "").partition(".")[0]
    return "" if not package or _is_there(package) else package


def list_absent(error: BaseException, file: Path | None) -> list[str]:
    """What ``find_absent`` finds, and what else a run of ``file`` imports that is not there.

    All at once: each that is installed costs an environment.
    """
    package = find_absent(error)
    if not package or file is None:
        return [package] if package else []
    others = [name for name in list_packages(file) if not _is_there(name)]
    return [*dict.fromkeys([package, *others])]


def _list_near_folders(file: Path | None) -> list[Path]:
    """The working folder and those above the file, each with its ``src``."""
    above = file.resolve().parents[1:LEVELS_ABOVE] if file else ()
    return [place for folder in (Path.cwd(), *above) for place in (folder, folder / "src")]


def _is_there(package: str) -> bool:
    return package in sys.modules or find_spec(package) is not None


def explain_absence(error: BaseException, trial: Trial, own: str) -> str:
    """What ``error`` lacks and what to do, where a package is not there at all; else "".

    ``own``: the environment that the sampler names, or "".
    """
    package = find_absent(error)
    if not package:
        return ""
    if own and own != trial.environment:
        next_step = f"leave --env out, which takes {own!r}, the sampler's own; or install it there"
    else:
        next_step = advise_install([package], trial.environment)
    return f"environment {trial.environment!r} lacks it; next: {next_step}"
