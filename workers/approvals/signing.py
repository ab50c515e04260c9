"""Signed decisions: who sent one, which Temporal cannot say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from activities.bounds import regular
from activities.connections import VARIABLE as ENVIRONMENT
from trunkline.wire import VerifyAnswer
from workers.approvals.register import Register, people
from workers.settings import NAME, SettingsError
from workflows.language.people import hidden_in, person

VARIABLE = "TRUNKLINE_SIGNING_KEYS"
PRIVATE_VARIABLE = "TRUNKLINE_SIGNING_KEY"
RIGHT = (
    "It must map ids of keys to keys, as `ann: {ed25519: <base64 of the public key>, people: [ann@example.com]}` or "
    "`gateway: {hmac: <base64 of 32 bytes or more>}`."
)

ED25519_SIZE = 32
SHORTEST_HMAC = 32
LARGEST_KEY = 64 * 1024
SIGNATURE = re.compile(r"[A-Za-z0-9_+/-]{1,200}={0,2}")
LONGEST_PROOF = timedelta(days=366)
LATEST = 2**53

PROOF = 'A proof is {"kid": the key\'s id, "exp": Unix seconds, "sig": base64 or base64url of the signature}'

Check = Callable[[bytes, bytes], bool]
"""Says whether a signature (first) is the key's over a message (second)."""


class VerificationKey(NamedTuple):
    """A key that decisions may be signed with, and for whom it may speak: None: for everybody."""

    check: Check
    people: frozenset[str] | None


class SigningKey(NamedTuple):
    """What signs decisions, and the id under which workers know it."""

    kid: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a decision is signed as it must be; where not, a sentence says why.

    Attributes:
        refused: the sentence.
        malformed: whether there is no proof at all in what was sent as one.
    """

    refused: str | None = None
    malformed: bool = False

    def to_json(self) -> VerifyAnswer:
        """Return what a run writes down."""
        if self.refused is None:
            return {}
        return {"refused": self.refused, "malformed": True} if self.malformed else {"refused": self.refused}


class SigningKeys:
    """The keys of one worker, as they are now.

    Args:
        given: the setting TRUNKLINE_SIGNING_KEYS: a file or the mapping itself; None: there are no keys.
        environment: where `${…}` of an HMAC key is looked up.

    Raises:
        SettingsError: they cannot be read.
    """

    def __init__(
        self, given: str | Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._register = Register(given, VARIABLE, RIGHT, lambda entry: _key(entry, environment))

    def __bool__(self) -> bool:
        """Say whether there is a key at all."""
        return bool(self._register.entries())

    def verify(self, decision: Any, workflow_id: str, first_run_id: str, now: datetime) -> Verification:
        """Judge a decision by its proof, whatever was sent.

        Args:
            decision: the whole decision, its `proof` included.
            workflow_id: id of the run that it is about.
            first_run_id: id of that run's first execution.
            now: the run's clock.
        """
        try:
            proof, signature = _proof(decision)
            message = _message(decision, workflow_id, first_run_id, proof["kid"], proof["exp"])
        except ValueError as error:
            return Verification(str(error), malformed=True)
        return Verification(self._refusal(decision["by"], proof, signature, message, now))

    def _refusal(
        self, by: str, proof: Mapping[str, Any], signature: bytes, message: bytes, now: datetime
    ) -> str | None:
        keys = self._register.entries()
        kid, exp = proof["kid"], proof["exp"]
        if kid not in keys:
            return f"The decision is signed with the key {kid}, which this worker does not have."
        if not keys[kid].check(signature, message):
            return (
                f"The signature is not the key {kid}'s over this decision: it was changed after it was signed, or "
                "belongs to another run."
            )
        if now.timestamp() >= exp:
            return "The signature has expired: sign the decision again."
        if exp - now.timestamp() > LONGEST_PROOF.total_seconds():
            return "The signature is valid for more than a year: sign the decision again, with an earlier `exp`."
        speaks_for = keys[kid].people
        if speaks_for is not None and person(by) not in speaks_for:
            return f"The key {kid} may not speak for {by.strip()}."
        return None


def sign(
    decision: Mapping[str, Any], *, workflow_id: str, first_run_id: str, key: SigningKey, exp: int
) -> dict[str, Any]:
    """Return the proof of a decision.

    Args:
        decision: the whole decision; a `proof` in it does not count.
        workflow_id: id of the run that it is about.
        first_run_id: id of that run's first execution, as its holds say.
        key: who signs.
        exp: when the proof expires, in Unix seconds.

    Raises:
        ValueError: the decision cannot be signed; the message is a sentence.
    """
    message = _message(decision, workflow_id, first_run_id, key.kid, exp)
    signature = base64.urlsafe_b64encode(key.sign(message)).decode().rstrip("=")
    return {"kid": key.kid, "exp": exp, "sig": signature}


def signing_key(text: str) -> SigningKey:
    """Return the signer's own key, from the setting TRUNKLINE_SIGNING_KEY (`kid:/path/to/private-key.pem`).

    Raises:
        SettingsError: there is none; the sentence says what is right.
    """
    kid, _, file = text.partition(":")
    try:
        key = load_pem_private_key(_pem(Path(file).expanduser()), password=None)
    except OSError as error:
        raise SettingsError(f"{PRIVATE_VARIABLE} names {file}, which cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(
            f"{PRIVATE_VARIABLE} names {file}, which is no Ed25519 private key in PEM without a password; "
            "`trunkline signing-key` makes one."
        )
    return SigningKey(kid, key.sign)


def _pem(path: Path) -> bytes:
    with regular(path) as file:
        return file.read(LARGEST_KEY)


def new_key() -> tuple[str, str]:
    """Return a new private key as PEM, and its public key in base64."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return pem.decode(), base64.b64encode(public).decode()


def _proof(decision: Any) -> tuple[dict[str, Any], bytes]:
    """Return a decision's proof and the bytes of its signature; ValueError says why there is none."""
    proof = decision.get("proof") if isinstance(decision, dict) else None
    if not isinstance(proof, dict) or proof.keys() != {"kid", "exp", "sig"}:
        raise ValueError(f"{PROOF}, with no other keys.")
    if not isinstance(decision.get("by"), str):
        raise ValueError("A signed decision says in `by` who decides.")  # noqa: TRY004 # what was sent is malformed
    kid, exp, sig = proof["kid"], proof["exp"], proof["sig"]
    if not isinstance(kid, str) or not NAME.fullmatch(kid):
        raise ValueError(f"{PROOF}; its `kid` is none.")
    if not isinstance(exp, int) or isinstance(exp, bool) or not 0 <= exp < LATEST:
        raise ValueError(f"{PROOF}; its `exp` is none.")
    if not isinstance(sig, str) or not SIGNATURE.fullmatch(sig):
        raise ValueError(f"{PROOF}; its `sig` is none.")
    sig = sig.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return proof, base64.urlsafe_b64decode(sig + "=" * (-len(sig) % 4))
    except ValueError:
        raise ValueError(f"{PROOF}; its `sig` is none.") from None


def _message(decision: Mapping[str, Any], workflow_id: str, first_run_id: str, kid: str, exp: int) -> bytes:
    """Return what is signed; ValueError says why it cannot be."""
    if hidden := hidden_in(str(decision.get("by"))):
        raise ValueError(f"`by` holds {hidden}, which nobody sees: write the id without it.")
    content = {name: value for name, value in decision.items() if name != "proof"}
    signed: Any = {"workflowId": workflow_id, "firstRunId": first_run_id, "kid": kid, "exp": exp, "decision": content}
    try:
        return rfc8785.dumps(signed)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ValueError(f"The decision has no canonical form that could be signed: {error}.") from None


def _key(entry: Any, environment: Mapping[str, str]) -> VerificationKey:
    if not isinstance(entry, dict) or not entry.keys() <= {"ed25519", "hmac", "people"} or len(_kinds(entry)) != 1:
        raise ValueError("must have either `ed25519` or `hmac`, and besides nothing but `people`")
    speaks_for = None
    if "people" in entry:
        try:
            speaks_for = frozenset(map(person, people(entry["people"])))
        except ValueError as error:
            raise ValueError(f"has `people`, which {error}") from None
    if "hmac" in entry:
        return VerificationKey(_hmac(entry["hmac"], environment), speaks_for)
    if not speaks_for:
        raise ValueError("must say in `people` for whom the key may speak, as [ann@example.com]")
    return VerificationKey(_ed25519(entry["ed25519"]), speaks_for)


def _kinds(entry: Mapping[str, Any]) -> list[str]:
    return [kind for kind in ("ed25519", "hmac") if kind in entry]


def _ed25519(text: Any) -> Check:
    key = _public(text)

    def check(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check


def _public(text: Any) -> Ed25519PublicKey:
    raw: Any = text.strip() if isinstance(text, str) else ""
    if "PRIVATE KEY" in raw:
        raise ValueError("has a private key where the public one belongs: keep it on its owner's machine alone")
    try:
        if raw.startswith("-----"):
            key = load_pem_public_key(raw.encode())
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(raw, validate=True))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(  # noqa: TRY004 # a value of the setting is wrong
            f"must have in `ed25519` a public key: its {ED25519_SIZE} bytes in base64, or PEM"
        )
    return key


def _hmac(text: Any, environment: Mapping[str, str]) -> Check:
    encoded = text if isinstance(text, str) else ""
    missing = [name for name in ENVIRONMENT.findall(encoded) if name not in environment]
    if missing:
        raise ValueError(f"needs the environment variable {missing[0]}: set it on this worker")
    try:
        key = base64.b64decode(ENVIRONMENT.sub(lambda match: environment[match[1]], encoded).strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) < SHORTEST_HMAC:
        raise ValueError(f"must have in `hmac` the base64 of at least {SHORTEST_HMAC} random bytes")
    return lambda signature, message: hmac.compare_digest(hmac.digest(key, message, hashlib.sha256), signature)
