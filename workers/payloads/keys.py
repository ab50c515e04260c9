"""Encryption keys as a setting spells them: `id:base64`."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

KEY_SIZE = 32
"""Bytes of a key, for AES-256."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class EncryptionKey(NamedTuple):
    """A key, and the name under which payloads refer to it."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        """Return the name only."""
        return f"Key({self.id!r})"


def read_key(text: str) -> EncryptionKey:
    """Read a key.

    Raises:
        ValueError: it is none; the message says what is wrong and does not quote it.
    """
    name, colon, encoded = text.partition(":")
    if not colon:
        raise ValueError("it has no colon after the key's id")
    if not ID.fullmatch(name):
        raise ValueError("its id is not 1 to 64 letters, digits, dots, underscores and hyphens")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("what follows its id is no base64") from None
    if len(key) != KEY_SIZE:
        raise ValueError(f"its key has {len(key)} bytes instead of {KEY_SIZE}")
    return EncryptionKey(name, key)
