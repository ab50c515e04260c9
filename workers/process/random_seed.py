"""The random seed that Temporal's core gives a run of its own: a hash of the run's id.

A run that was reset begins with the seed of the run that it goes on from, and is given its own in the task to which it
was reset. So a seed that is not the run's own tells of a reset before the task does.
"""

from __future__ import annotations

START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
WORD = 8
BITS = (1 << 64) - 1


def random_seed(run_id: str) -> int:
    """Return the seed: SipHash-1-3 without a key, as Rust hashes a text."""
    data = run_id.encode() + b"\xff"
    whole = len(data) - len(data) % WORD
    state = START
    for at in range(0, whole, WORD):
        state = _mixed(state, int.from_bytes(data[at : at + WORD], "little"))
    state = _mixed(state, (len(data) % 256) << 56 | int.from_bytes(data[whole:], "little"))
    a, b, c, d = state
    state = (a, b, c ^ 0xFF, d)
    for _ in range(3):
        state = _round(*state)
    a, b, c, d = state
    return a ^ b ^ c ^ d


def _mixed(state: tuple[int, int, int, int], word: int) -> tuple[int, int, int, int]:
    a, b, c, d = state
    a, b, c, d = _round(a, b, c, d ^ word)
    return a ^ word, b, c, d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = a + b & BITS
    b = _turned(b, 13) ^ a
    a = _turned(a, 32)
    c = c + d & BITS
    d = _turned(d, 16) ^ c
    a = a + d & BITS
    d = _turned(d, 21) ^ a
    c = c + b & BITS
    b = _turned(b, 17) ^ c
    return a, b, _turned(c, 32), d


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & BITS
