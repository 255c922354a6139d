"""The worker's side: one trial in one process of a foreign environment."""
