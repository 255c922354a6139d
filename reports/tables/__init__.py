"""Tables of rows: which columns they show, and their renderers."""
