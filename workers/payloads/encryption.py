"""Encryption at rest in Temporal: what a payload says is readable only with one of our keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Self

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from workers.payloads.keys import read_key
from workflows.run.encrypted import ENCRYPTED, KEY_ID, needs_key

WAS_SEALED = "trunkline-was-sealed"
"""Metadata of a payload that arrived encrypted, or by way of the payload store, and was opened here."""

NONCE_SIZE = 12


class Encryption(PayloadCodec):
    """AES-256-GCM over whole payloads, each with a random nonce; the key's id is authenticated with it.

    Args:
        keys: keys of 32 bytes by id; the first encrypts, all decrypt.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._ciphers = {name.encode(): AESGCM(key) for name, key in keys.items()}
        self._current = next(iter(self._ciphers))

    @classmethod
    def of(cls, keys: Sequence[str]) -> Self:
        """Return the codec for keys as the setting spells them."""
        return cls({key.id: key.key for key in map(read_key, keys)})

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt payloads under the first key."""
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt payloads; what was never encrypted, or is under no key of ours, passes as it is.

        Whoever reads it then decides what an unreadable payload means: see `workers/payloads/converter.py`.
        """
        return [self._decoded(payload) for payload in payloads]

    def seal(self, payload: Payload) -> Payload:
        """Encrypt a payload, metadata included."""
        nonce = os.urandom(NONCE_SIZE)
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), self._current)
        return Payload(metadata={"encoding": ENCRYPTED, KEY_ID: self._current}, data=nonce + sealed)

    def open(self, payload: Payload) -> Payload | None:
        """Decrypt a payload; None if no key of ours opens it."""
        from cryptography.exceptions import InvalidTag
        from google.protobuf.message import DecodeError

        name, data = payload.metadata.get(KEY_ID, b""), payload.data
        if name not in self._ciphers or len(data) < NONCE_SIZE:
            return None
        try:
            return Payload.FromString(self._ciphers[name].decrypt(data[:NONCE_SIZE], data[NONCE_SIZE:], name))
        except (InvalidTag, DecodeError):
            return None

    def _decoded(self, payload: Payload) -> Payload:
        if not needs_key(payload):
            return payload
        found = self.open(payload)
        if found is None:
            return payload
        found.metadata[WAS_SEALED] = b"true"
        return found
