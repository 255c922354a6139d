"""Scoring: from draws and ground truth to columns and a verdict."""
