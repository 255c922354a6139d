"""Statistics: arrays to numbers, each with its interval."""
