"""Reports of upgrades: what changed with a version, over releases, against a baseline."""
