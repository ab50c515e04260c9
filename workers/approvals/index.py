"""Under which words holds are found by their approvers: keyed hashes where histories are encrypted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workers.payloads.keys import KEY_SIZE, read_key
from workflows.language.people import person

INFO = b"trunkline approvers"
LENGTH = 32


def words(approver: str, keys: Sequence[str]) -> list[str]:
    """Return every word under which a person's holds may be found: one for each encryption key.

    Args:
        approver: the person's id.
        keys: the encryption keys, as the setting has them (`id:base64`).
    """
    return [_word(approver, _derived(key)) for key in keys]


def index(people: Iterable[str], keys: Sequence[str]) -> dict[str, str]:
    """Return the words under which holds are to be found now, by approver; the first key makes them."""
    derived = _derived(keys[0])
    return {approver: _word(approver, derived) for approver in people}


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=INFO).derive(read_key(key).key)


def _word(approver: str, key: bytes) -> str:
    folded = person(approver).encode("utf-8", "surrogatepass")
    return hmac.new(key, folded, hashlib.sha256).hexdigest()[:LENGTH]
