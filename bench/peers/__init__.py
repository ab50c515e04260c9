"""Trunkline beside what users would take instead, each as its own documentation says."""
