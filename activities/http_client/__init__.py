"""The guarded HTTP client: every request of every action leaves through it."""
