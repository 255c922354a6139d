"""Upgrades: which package, and which release of it, changed what a sampler does."""
