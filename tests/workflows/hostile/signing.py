"""Signed decisions, made from the public description alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

GATEWAY = "gateway"
"""The key of this name is an HMAC key; all others are Ed25519."""


def keys(people: dict[str, list[str]]) -> dict[str, Any]:
    """Return the setting TRUNKLINE_SIGNING_KEYS for keys that may speak for these people; the gateway for anybody."""
    return {
        kid: {"hmac": _text(_seed(kid))} if kid == GATEWAY else {"ed25519": _text(_public(kid)), "people": names}
        for kid, names in people.items()
    }


def proof(kid: str, decision: dict[str, Any], *, workflow_id: str, run_id: str, expires: datetime) -> dict[str, Any]:
    """Return a proof over a decision, as an approver's own tool would make it."""
    exp = int(expires.timestamp())
    said = {key: value for key, value in decision.items() if key != "proof"}
    message = rfc8785.dumps({"workflowId": workflow_id, "firstRunId": run_id, "kid": kid, "exp": exp, "decision": said})
    signature = hmac.new(_seed(kid), message, hashlib.sha256).digest() if kid == GATEWAY else private(kid).sign(message)
    return {"kid": kid, "exp": exp, "sig": base64.urlsafe_b64encode(signature).decode().rstrip("=")}


def _seed(kid: str) -> bytes:
    return hashlib.sha256(kid.encode()).digest()


def private(kid: str) -> Ed25519PrivateKey:
    """Return the private key that goes by a name, the same every time."""
    return Ed25519PrivateKey.from_private_bytes(_seed(kid))


def _public(kid: str) -> bytes:
    return private(kid).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
