"""The device that a user's file asks for, which gives way to the one that its trial names."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")  # JAX reads them when it is imported
#: in errors of JAX and NumPyro
UNAVAILABLE = ("Unknown backend", "Unable to initialize backend", "Invalid platform")


@contextlib.contextmanager
def kept_device() -> Iterator[None]:
    """Afterwards JAX starts where it would have before: a trial's rows are of one device.

    What ``numpyro.set_platform`` or a variable in the file chooses may not be there, as a GPU on a
    laptop, or not be what was asked for. A backend that has started is left as it is.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if "jax" in sys.modules:
            _reset_jax(before)


def _reset_jax(variables: dict[str, str | None]) -> None:
    import jax

    jax.config.update("jax_platform_name", variables["JAX_PLATFORM_NAME"] or "")
    if jax.config.jax_platforms != variables["JAX_PLATFORMS"]:
        jax.config.update("jax_platforms", variables["JAX_PLATFORMS"])


def advise_device(error: BaseException) -> str:
    """What to do where a file computes on a device that is not there; "" for other errors."""
    if not any(words in str(error) for words in UNAVAILABLE):
        return ""
    return "leave out what chooses a device, as numpyro.set_platform: --device does"
