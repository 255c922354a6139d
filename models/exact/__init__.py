"""Exact answers of whole classes of models."""
