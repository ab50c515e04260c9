"""The same cases on Temporal's own time-skipping server: the guard against a rehearsal that is wrong about Temporal."""
