"""Provenance of a result: versions, machine, and a digest of the data."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from samplerbench.samplers.support import version_compat

#: recorded for every sampler whose process has imported them; each is a module of the same name
CORE = ("numpy", "scipy", "jax", "jaxlib", "numpyro")
VARIABLES = ("JAX_", "XLA_", "OMP_", "CUDA_", "TF_", "MKL_", "OPENBLAS_")


def read_versions(distributions: Sequence[str] = ()) -> dict[str, str]:
    """Version of Python, of CORE as far as imported here, of ``distributions`` as far as installed.

    ``distributions`` are a sampler's own: the libraries that it needs beside CORE.
    """
    imported = [name for name in CORE if name in sys.modules]
    versions = {"python": platform.python_version()}
    for name in (*imported, *distributions):
        with contextlib.suppress(metadata.PackageNotFoundError):  # or under another name
            versions[name] = metadata.version(name)
    return versions


def digest_data(data: Mapping[str, Any]) -> str:
    """16 hex digits over the names, types, shapes and values of a model's data.

    Arrays of numbers by their bytes; whatever else Python programs are handed by its text.
    """
    digest = hashlib.sha256()
    for name in sorted(data):
        digest.update(name.encode() + _encode(data[name]))
    return digest.hexdigest()[:16]


def _encode(value: Any) -> bytes:
    """The type and the value of one datum, the same in every process."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a data frame
        columns = {str(name): np.asarray(value[name]) for name in value.columns}
        return b"frame" + _encode(columns) + _encode(np.asarray(value.index))
    if isinstance(value, Mapping):
        pairs = [_encode(key) + _encode(item) for key, item in value.items()]
        return _join(type(value).__name__, pairs)
    if isinstance(value, (list, tuple)):
        return _join(type(value).__name__, [_encode(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return _join(type(value).__name__, sorted(_encode(item) for item in value))
    if not hasattr(value, "dtype"):
        return _join(type(value).__name__, [_describe_value(value).encode()])
    if str(value.dtype).startswith("key<"):  # of jax.random.key, which NumPy has no array of
        import jax

        return f"{value.dtype}".encode() + _encode(np.asarray(jax.random.key_data(value)))
    array = np.ascontiguousarray(value)
    head = f"{array.dtype}{array.shape}".encode()
    return head + (_encode(array.tolist()) if array.dtype.hasobject else array.tobytes())


def _join(head: str, parts: list[bytes]) -> bytes:
    """``parts`` with their lengths, so that none runs into the next."""
    return head.encode() + b"".join(b"%d:" % len(part) + part for part in parts)


def _describe_value(value: Any) -> str:
    """The text of ``value``, or of its type where the text holds an address of memory."""
    text = repr(value)
    return f"<{type(value).__qualname__}>" if " at 0x" in text else text


def describe_machine() -> dict[str, Any]:
    """The machine by its names, cores, device as JAX names it, thread and XLA settings."""
    affinity = getattr(os, "sched_getaffinity", None)
    facts: dict[str, Any] = {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpu": read_cpu_model(),
        "cores": os.cpu_count(),
        "cores_allowed": len(affinity(0)) if affinity else None,
        "memory_mb": _read_memory_mb(),
        "settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith(VARIABLES)},
        "device": "cpu",  # unless JAX is there and has another
        "device_kind": read_cpu_model(),
    }
    if "jax" in sys.modules:
        import jax

        first = jax.devices()[0]
        facts["device"] = "cpu" if first.platform == "cpu" else "gpu"
        facts["device_count"] = jax.local_device_count()
        if first.platform != "cpu":
            facts["device_kind"] = first.device_kind
            facts["driver"] = version_compat.read_driver(first)
    return facts


def read_cpu_model() -> str:
    """The processor's name as the kernel gives it."""
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # no /proc here: the platform module's shorter name does
    return platform.processor() or "unknown"


def _read_memory_mb() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    except (ValueError, OSError):
        return None
