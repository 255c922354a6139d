"""What is sampled: one file a model; its data, its NumPyro program, its exact answer."""

if __name__ != "samplerbench.models":  # as a top-level module it would be a second copy of it
    raise ImportError(
        "models/ is a part of samplerbench: import samplerbench.models", name=__name__
    )
