"""The import of a sampler's libraries, which is not to leave files in the working folder.

jaxns 3 sets up the logging of the whole process when it is imported, with a file
``application.log`` where the process happens to be (its ``logging.py``).
"""

from __future__ import annotations

import importlib
import logging.config
from collections.abc import Iterable
from typing import Any


def import_libraries(modules: Iterable[str]) -> None:
    """Import ``modules``, none of which gets to set up the logging of the process.

    Raises whatever an import raises.
    """
    configure = logging.config.dictConfig

    def leave_as_is(config: Any) -> None:
        """Set up nothing."""

    logging.config.dictConfig = leave_as_is
    try:
        for module in modules:
            importlib.import_module(module)
    finally:
        logging.config.dictConfig = configure
