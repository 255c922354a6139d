"""Who samples: one file a backend and algorithm; its settings and how to run it."""
