"""Kustomer's API: its account, its service, and how its records are read. The rows are in `activities/kustomer/`."""
