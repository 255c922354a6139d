"""Environments: named, exactly pinned stacks, made by uv, and what an interpreter holds."""
