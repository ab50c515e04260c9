"""Trunkline as others see it: `actions.py` is what actions of a user's own import, `__main__.py` the command."""
