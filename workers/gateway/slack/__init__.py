"""Buttons in Slack: who has clicked, what the run says to it, and who is told."""
