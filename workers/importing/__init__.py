"""Workflows of other tools, written as automations; what cannot be said is told in a sentence each."""
