"""Worker side: runs one trial in one process, in the environment of the sampler."""
