"""What a run has: its walk, state, routing, and the way to the next run of its chain."""
