"""Reports of how cost and verdict grow with size."""
