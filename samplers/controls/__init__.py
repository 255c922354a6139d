"""Samplers with a known flaw, which every score must catch."""
