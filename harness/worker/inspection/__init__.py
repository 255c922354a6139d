"""The inspection of a model before it is sampled: its sites, and its answer by quadrature."""
