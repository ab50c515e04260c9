"""The keyed hash of what must not be read in a workflow id: ids are never encrypted."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from workers.payloads.keys import KEY_SIZE, read_key

INFO = b"trunkline keyed"


class KeyedHash:
    """HMAC-SHA-256 under each encryption key, plain SHA-256 where there is none.

    Args:
        keys: encryption keys as the setting spells them; the first makes what is new, and what another made is found.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = [_derived(key) for key in keys]

    def of(self, *parts: str | None) -> str:
        """Return the hash (64 hex digits) of parts under the first key, which no other parts have."""
        return self.all(*parts)[0]

    def all(self, *parts: str | None) -> list[str]:
        """Return the hash of parts under each key, the first key's first."""
        text = json.dumps(parts).encode()
        if not self._keys:
            return [hashlib.sha256(text).hexdigest()]
        return [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self._keys]


def _derived(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=INFO).derive(read_key(key).key)
