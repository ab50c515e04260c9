"""Backtests: a definition played over the events of an earlier one, with what Temporal's history recorded as answers.

Both definitions are played (`recorded.py`) and compared with each other (`comparing.py`), so that what a real run lost
to its network stands on neither side. A request that no history answers is unknown from there on, and said so.
"""
