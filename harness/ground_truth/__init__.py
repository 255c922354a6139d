"""Ground truth: what a trial's draws are judged by."""
