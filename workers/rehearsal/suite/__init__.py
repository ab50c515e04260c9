"""Test files: what stands in them, how their cases are judged, and what they cover."""
