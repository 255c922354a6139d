"""Samplers in files of one's own."""
