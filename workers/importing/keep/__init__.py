"""Workflows of Keep (keephq.dev)."""
