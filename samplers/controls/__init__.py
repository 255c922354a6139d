"""Samplers with a known flaw, which every judge must catch."""
