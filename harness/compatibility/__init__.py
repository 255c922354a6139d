"""Compatibility of version stacks: the matrix, what is known, and checks of what is installed."""
