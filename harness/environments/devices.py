"""Whether an environment sees the device that is asked for, before any trial is started."""

from __future__ import annotations

import json
import subprocess

from samplerbench.errors import UsageError
from samplerbench.harness.environments import interpreters
from samplerbench.harness.environments.environments import Environment

PROBE = """
import json, jax
try:
    devices = [d.platform + ": " + d.device_kind for d in jax.devices()]
except RuntimeError as error:
    devices = [str(error).splitlines()[0]]
print(json.dumps([jax.__version__, jax.default_backend() if devices else "", devices]))
"""


def refuse_missing(device: str, environment: Environment) -> None:
    """Raise UsageError where JAX in ``environment`` sees no GPU: what it sees, what to install."""
    name = environment.name
    try:
        version, platform, devices = _probe(environment.python)
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise UsageError(
            f"device {device!r}: JAX can't be asked in environment {name!r}: {error}\n"
            "  expected: an environment with jax; see `samplerbench check`"
        ) from error
    if platform not in ("gpu", "cuda", "rocm"):
        raise UsageError(
            f"device {device!r} is not there: jax {version} in environment {name!r} sees "
            f"{', '.join(devices)}\n"
            "  expected: a GPU and a jaxlib built for it\n"
            f"  install one, as: pip install 'jax[cuda12]=={version}', and use --env current; "
            "or run with --device cpu"
        )


def _probe(python: str) -> tuple[str, str, list[str]]:
    """JAX's version there, its default platform and its devices. Raises what ``ask`` raises."""
    process = interpreters.ask(python, "-c", PROBE, timeout=120)
    if process.returncode:
        raise OSError((process.stderr.strip() or "no message").splitlines()[-1])
    version, platform, devices = json.loads(process.stdout.splitlines()[-1])
    return version, platform, devices
