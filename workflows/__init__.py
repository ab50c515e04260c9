"""The language and the interpreter: deterministic, without I/O, clock, randomness or vendor code."""
