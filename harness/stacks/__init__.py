"""Version stacks: pins, environments made from them, and which are known to work."""
