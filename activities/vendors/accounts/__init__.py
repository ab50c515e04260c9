"""Accounts at vendors as connections, with all that is known of their operations beyond a description."""
