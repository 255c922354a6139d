"""Models: one file each, with its data, its NumPyro program and its exact posterior."""

if __name__ != "samplerbench.models":  # as a top-level module it would be a second copy of it
    raise ImportError(
        "models/ is a part of samplerbench: import samplerbench.models", name=__name__
    )
