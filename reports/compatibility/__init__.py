"""Reports of the compatibility matrix."""
