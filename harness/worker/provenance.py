"""Which machine and which versions a worker found itself on."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

from samplerbench.samplers.support import version_compat

#: distribution -> module whose import makes its version worth recording
STACK = {
    "numpy": "numpy",
    "scipy": "scipy",
    "jax": "jax",
    "jaxlib": "jaxlib",
    "numpyro": "numpyro",
    "jaxns": "jaxns",
    "tensorflow-probability": "tensorflow_probability",
    "tfp-nightly": "tensorflow_probability",
}
RECORDED = ("JAX_", "XLA_", "OMP_", "CUDA_", "TF_", "MKL_", "OPENBLAS_")


def versions() -> dict[str, str]:
    """Versions of what is imported in this process, and Python's."""
    found = {"python": platform.python_version()}
    for distribution, module in STACK.items():
        if module in sys.modules:
            try:
                found[distribution] = metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue  # the module comes from the other distribution of the same name
    return found


def machine() -> dict[str, Any]:
    """The machine: names, cores, device as JAX names it, thread and XLA settings."""
    affinity = getattr(os, "sched_getaffinity", None)
    found: dict[str, Any] = {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "cores_allowed": len(affinity(0)) if affinity else None,
        "memory_mb": _total_memory_mb(),
        "settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith(RECORDED)},
        "device": "cpu",  # unless JAX is there and has another
        "device_kind": cpu_model(),
    }
    if "jax" in sys.modules:
        import jax

        first = jax.devices()[0]
        found["device"] = "cpu" if first.platform == "cpu" else "gpu"
        found["device_count"] = jax.local_device_count()
        if first.platform != "cpu":
            found["device_kind"] = first.device_kind
            found["driver"] = version_compat.driver(first)
    return found


def cpu_model() -> str:
    """The processor's name as the kernel gives it."""
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # no /proc here: the platform module's shorter name does
    return platform.processor() or "unknown"


def _total_memory_mb() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    except (ValueError, OSError):
        return None
