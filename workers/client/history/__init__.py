"""What Temporal's history keeps of a run, read once for all that look at one, and without a worker."""
