"""One attempt between Temporal and the action: secrets filled in, sealed, marked, bounded, and its result picked."""
