"""The worker as a process: what it serves, how it lives, ends, and says that it is well."""
