"""Figures, one file each; ``gallery.MODULES`` lists those of a model."""
