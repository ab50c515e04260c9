"""Kustomer's organization as the sandbox keeps it: `routes.py` is the API, a file each of its objects."""
