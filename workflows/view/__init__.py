"""What operators see of a run: current details and search attributes."""
