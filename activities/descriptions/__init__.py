"""Descriptions of services, whatever their language: kept copies, indexes, and what their operations are."""
