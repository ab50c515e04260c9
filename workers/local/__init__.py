"""Temporal's development server and other companions of `trunkline dev`."""
