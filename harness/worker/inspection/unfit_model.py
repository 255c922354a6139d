"""The error of an inspection: why no sampler can take a model."""


class UnfitModel(Exception):
    """The model cannot be sampled; the text is for its author."""
