"""From wishes to exact pins: what uv makes of the requirements of a stack."""

from __future__ import annotations

from pathlib import Path

from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.harness.environments import interpreters, uv
from samplerbench.harness.environments.pins import read_pins


def resolve_pins(stack: Stack, folder: Path) -> tuple[str, ...]:
    """The pins of ``stack``, sorted: complete, and without a word on where they come from.

    ``folder`` takes the files that uv reads and writes. Raises EnvironmentFailed where nothing
    satisfies the wishes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = slug(stack.name)
    wishes, pins, never = (folder / f"{stem}.{end}" for end in ("in", "txt", "never"))
    wishes.write_text("\n".join(stack.wishes) + "\n", "utf-8")
    never.write_text(uv.leave_out(stack.left_out), "utf-8")
    pins.unlink(missing_ok=True)
    command = ["--python", interpreters.find(stack.python, stack.name)]
    command += ["--override", str(never), str(wishes), "--output-file", str(pins)]
    uv.compile_pins(command, stack.name, folder / f"{stem}.log")
    return read_pins(pins)


def slug(name: str) -> str:
    """A file's name for a stack's: "numpyro 0.13.2, jax 0.4.23" -> "numpyro-0.13.2_jax-0.4.23"."""
    words = "_".join(part.strip().replace(" ", "-") for part in name.split(","))
    return "".join(c if c.isalnum() or c in "-_.+" else "-" for c in words)
