"""Score columns: each file of this folder registers metrics, and nothing else names them."""
