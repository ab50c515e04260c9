"""The approvals of a worker: who is in which group, business hours, and signed decisions."""
