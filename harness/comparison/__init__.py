"""Comparisons: paired ratios, and differences between stacks."""
