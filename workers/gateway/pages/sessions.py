"""Sessions: cookies that the gateway signs and keeps nothing of, so that any gateway with the same key knows them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

LASTS = 8 * 3600
SIGN_IN_LASTS = 600
SESSION, SIGN_IN = "session", "sign-in"
"""What is signed, so that one is never taken for the other."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in.

    Attributes:
        person: the address that the identity provider has verified.
        id: random, of this session alone.
        until: when it ends, in Unix seconds.
    """

    person: str
    id: str
    until: int


class Sessions:
    """Signs cookies, and believes those that it has signed.

    Args:
        keys: the first signs, all are believed.
        secure: whether browsers send them over TLS alone.
    """

    def __init__(self, keys: Sequence[bytes], *, secure: bool) -> None:
        self.keys = keys
        self.secure = secure

    def name(self, purpose: str) -> str:
        """Return a cookie's name; over TLS one that no other host can set."""
        return f"{'__Host-' if self.secure else ''}trunkline-{purpose}"

    def write(self, answer: web.StreamResponse, purpose: str, content: dict[str, Any], lasts: int) -> None:
        """Set a cookie."""
        sealed = self.seal(purpose, {**content, "until": int(time.time()) + lasts})
        answer.set_cookie(
            self.name(purpose), sealed, max_age=lasts, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )

    def read(self, request: web.Request, purpose: str) -> dict[str, Any] | None:
        """Return what a cookie of this purpose says, or None where there is none that counts."""
        content = self.unseal(purpose, request.cookies.get(self.name(purpose), ""))
        return content if content is not None and content["until"] > time.time() else None

    def clear(self, answer: web.StreamResponse, purpose: str) -> None:
        """Remove a cookie."""
        answer.del_cookie(self.name(purpose), path="/", secure=self.secure, httponly=True, samesite="Lax")

    def begin(self, answer: web.StreamResponse, person: str) -> None:
        """Let somebody be signed in."""
        self.write(answer, SESSION, {"person": person, "id": secrets.token_urlsafe(16)}, LASTS)

    def renew(self, answer: web.StreamResponse, session: Session) -> None:
        """Write a session's cookie in other words, as long as it lasts; its forms stay its own."""
        content = {"person": session.person, "id": session.id, "salt": secrets.token_urlsafe(8)}
        self.write(answer, SESSION, content, session.until - int(time.time()))

    def of(self, request: web.Request) -> Session | None:
        """Return whose request it is, or None where nobody has signed in."""
        content = self.read(request, SESSION)
        return None if content is None else Session(content["person"], content["id"], content["until"])

    def csrf(self, session: Session) -> str:
        """Return what a form of this session must send."""
        return _mac(self.keys[0], "csrf", session.id)

    def is_of(self, session: Session, csrf: str) -> bool:
        """Say whether a form is this session's."""
        found = [hmac.compare_digest(_mac(key, "csrf", session.id), csrf) for key in self.keys if csrf.isascii()]
        return any(found)

    def seal(self, purpose: str, content: dict[str, Any]) -> str:
        """Return what is signed, with its signature."""
        text = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
        return f"{text}.{_mac(self.keys[0], purpose, text)}"

    def unseal(self, purpose: str, sealed: str) -> dict[str, Any] | None:
        """Return what was signed, or None where the signature is not ours."""
        text, _, mac = sealed.partition(".")
        if not sealed.isascii() or not any([hmac.compare_digest(_mac(key, purpose, text), mac) for key in self.keys]):  # noqa: C419 # all are tried
            return None
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return content


def _mac(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(key, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()
