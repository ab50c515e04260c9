"""Automations and runs as pictures: one model from a plan, and what draws it as Mermaid, DOT and SVG."""
