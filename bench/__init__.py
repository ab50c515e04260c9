"""Measures Trunkline beside the same work hand-written as a Temporal workflow: `make bench`."""
