"""Starts a worker, `bootstrap.py JOB TASK`, where this project is not installed.

The package is found by an import finder that knows ``samplerbench`` alone, so neither the folder it
lies in (which may be another environment's site-packages) nor the folder where the command was
called can shadow or leak a module.
"""

import importlib
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

ROOT = str(Path(__file__).absolute().parents[3])  # not resolved: harness/ is a link in a checkout


class OwnPackage:
    """Finds ``samplerbench`` in ROOT and leaves every other name alone."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """The spec of the package, else None."""
        if path is None and name == "samplerbench":
            return PathFinder.find_spec(name, [ROOT], target)
        return None


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, which would make `import records` work
    sys.meta_path.insert(0, OwnPackage)
    task = importlib.import_module(f"samplerbench.harness.worker.{sys.argv[2]}")
    status = task.main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # at once: a replicate that was given up, or a model's thread, may still run
