"""Rehearsals: the shipped interpreter in this process, on a clock that jumps to the next timer, with answers as given.

Nothing is sent and nothing is connected to. `play` in `play.py` is the way in: it takes a plan, an event, answers and
decisions, and returns what the run did. What stands in test files, how they are judged, and what they cover is in
`suite/`, cases from real runs in `recorded/`; whoever only wants to know what a definition does (explaining,
backtesting) needs `play` alone.
"""
