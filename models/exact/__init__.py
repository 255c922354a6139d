"""Exact posteriors of whole classes of models."""
