"""Contracts and side effects: what an action takes, gives and does. Nothing here knows about runs."""
