"""Holds: what waits for people, and what a decision does to it; no clock and no Temporal."""
