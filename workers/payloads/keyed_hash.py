"""The keyed hash of what must not be read in a workflow id: ids are never encrypted."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from workers.payloads.keys import KEY_SIZE, read_key

INFO = b"trunkline keyed"


class KeyedHash:
    """HMAC-SHA-256 under the last encryption key, plain SHA-256 where there is none.

    The last key is the oldest that is still in use: a new key comes first, so that hashes stay the same until the
    oldest is taken out.

    Args:
        keys: encryption keys as the setting spells them.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._key = _derived(keys[-1]) if keys else None

    def of(self, *parts: str | None) -> str:
        """Return the hash (64 hex digits) of parts, which no other parts have."""
        text = json.dumps(parts).encode()
        if self._key is None:
            return hashlib.sha256(text).hexdigest()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def _derived(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=INFO).derive(read_key(key).key)
