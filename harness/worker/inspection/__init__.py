"""Inspection of a model before it is sampled: its sites, and its ground truth by quadrature."""
