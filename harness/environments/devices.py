"""Whether an environment sees the device that is asked for, before any trial is started."""

from __future__ import annotations

import json
import os
import subprocess

from samplerbench.errors import UsageError
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.launcher import INHERITED

PROBE = """
import json, jax
try:
    seen = [d.platform + ": " + d.device_kind for d in jax.devices()]
except RuntimeError as error:
    seen = [str(error).splitlines()[0]]
print(json.dumps([jax.__version__, jax.default_backend() if seen else "", seen]))
"""


def refuse_missing(device: str, place: Environment) -> None:
    """Raise UsageError where JAX in ``place`` sees no GPU: what it sees and what to install."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        done = subprocess.run(
            [place.python, "-I", "-c", PROBE],
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise OSError((done.stderr.strip() or "no message").splitlines()[-1])
        version, backend, seen = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise UsageError(
            f"device {device!r}: JAX can't be asked in environment {place.name!r}: {error}\n"
            "  expected: an environment with jax; see `samplerbench check`"
        ) from error
    if backend not in ("gpu", "cuda", "rocm"):
        raise UsageError(
            f"device {device!r} is not there: jax {version} in environment {place.name!r} sees "
            f"{', '.join(seen)}\n"
            "  expected: a GPU and a jaxlib built for it\n"
            f"  install one, as: pip install 'jax[cuda12]=={version}', and use --env current; "
            "or run with --device cpu"
        )
