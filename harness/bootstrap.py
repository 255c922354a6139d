"""Starts a worker, `bootstrap.py JOB TASK`, where this project is not installed.

The project's packages are found by an import finder that knows only their names, so neither
the folder they lie in (which may be another environment's site-packages) nor the folder where
the command was called can shadow or leak a module.
"""

import importlib
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

OWN = ("harness", "models", "samplers")  # the worker side; reports are not needed here
ROOT = str(Path(__file__).resolve().parent.parent)


class OwnPackages:
    """Finds the project's top-level packages in ROOT and leaves every other name alone."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """The spec of one of the project's packages, else None."""
        if path is None and name in OWN:
            return PathFinder.find_spec(name, [ROOT], target)
        return None


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, which would make `import records` work
    sys.meta_path.insert(0, OwnPackages)
    task = importlib.import_module(f"harness.{sys.argv[2]}")  # worker: a trial; survey: a model
    status = task.main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # at once: a replicate that was given up, or a model's thread, may still run
