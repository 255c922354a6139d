"""A sampler and a model that samplerbench finds by their entry points."""
