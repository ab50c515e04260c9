"""Runs as Temporal keeps them, read back into what a test file says: `trunkline test --from RUN`."""
