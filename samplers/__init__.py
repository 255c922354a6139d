"""Samplers: one file a backend and algorithm, with its settings and how to run it."""

if __name__ != "samplerbench.samplers":  # as a top-level module it would be a second copy of it
    raise ImportError(
        "samplers/ is a part of samplerbench: import samplerbench.samplers", name=__name__
    )
