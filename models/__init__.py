"""What is sampled: one file a model; its data, its NumPyro program, its exact answer."""
