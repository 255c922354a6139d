"""Data files and frames as tables, and tables as what a program takes."""
