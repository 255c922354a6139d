"""Differences between the releases that samplers run on; each shim names its releases."""

from __future__ import annotations

from typing import Any


def read_version(distribution: str) -> tuple[int, ...]:
    """The installed version as numbers, e.g. (0, 4, 23); () where it is not installed."""
    from importlib import metadata

    try:
        text = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ()
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def tree_map(function: Any, *trees: Any) -> Any:
    """``jax.tree.map``, which jax has from 0.4.25 on; ``jax.tree_map`` is gone from 0.6 on."""
    import jax

    return jax.tree_util.tree_map(function, *trees)


def compile_side_by_side(*lowered: Any) -> list[Any]:
    """Compiled programs, in order; XLA leaves Python's lock, so two cores compile two programs.

    jaxlib from 0.4.32 on compiles one program on all cores, and gains nothing here.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max(1, len(lowered))) as threads:
        return list(threads.map(lambda program: program.compile(), lowered))


def listen_to_durations(listener: Any) -> None:
    """Call ``listener(event, seconds, **more)`` at the end of whatever JAX times of itself.

    ``jax.monitoring`` is public up to 0.10; where a later one lacks it, the module behind it.
    """
    import importlib

    for module in ("jax.monitoring", "jax._src.monitoring"):
        try:
            listen = importlib.import_module(module).register_event_duration_secs_listener
        except (ImportError, AttributeError):
            continue
        listen(listener)
        return


def read_memory_stats(device: Any) -> dict[str, Any]:
    """The device's own count of its memory; {} for one that counts none, or has no such call."""
    try:
        return dict(device.memory_stats() or {})
    except Exception:  # AttributeError, or the runtime's own UNIMPLEMENTED, by release
        return {}


def read_driver(device: Any) -> str | None:
    """The device's runtime as it names itself ("cuda 12030"); None where it does not."""
    return getattr(getattr(device, "client", None), "platform_version", None)


def choose_nested_devices() -> dict[str, Any]:
    """Keep jaxns on the process's own devices: 2.6 spreads over all; 2.5 has no such argument."""
    import jax

    return {"devices": jax.devices()} if read_version("jaxns") >= (2, 6) else {}


def find_nested_generation() -> str:
    """How the installed jaxns can be compiled: "exact" (2.0, 2.1), "public" (2.5, 2.6), else "".

    2.2 has the interface of 2.0, but looks at the values of what it is built with
    (``efficiency_threshold > 0``), and so can't be built while tracing.
    """
    release = read_version("jaxns")
    if (2, 0) <= release < (2, 2):
        return "exact"
    return "public" if (2, 5) <= release < (3,) else ""


def name_nested_criterion() -> str:
    """What jaxns calls the share of the evidence to stop at: renamed in 2.5.

    NumPyro ships the same number under either name.
    """
    return "dlogZ" if read_version("jaxns") >= (2, 5) else "live_evidence_frac"
