"""Posteriors of posteriordb: NumPyro programs for models of the database, and its files."""
