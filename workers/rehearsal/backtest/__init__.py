"""Backtests: a definition played over the events of an earlier one, with what Temporal's history recorded as answers.

Both definitions are played (`explained/replayed.py`) and compared with each other (`comparing.py`), so that what a real
run lost to its network stands on neither side. What follows a request that no history answers is unknown, and said so.
"""
