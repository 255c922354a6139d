"""How samplers are run and judged: campaigns, workers, statistics, scores, stacks."""

if __name__ != "samplerbench.harness":  # as a top-level module it would be a second copy of it
    raise ImportError(
        "harness/ is a part of samplerbench: import samplerbench.harness", name=__name__
    )
