"""Signatures of web hooks, as their senders make them; `workers/gateway/verification.py` names the vendors' pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Proof:
    """How a sender shows who it is.

    Attributes:
        way: as `verify` of `gateway.yaml` names it, or `none`.
        secret: the secret that both sides know.
        name: the user of HTTP Basic, or the name of the header.
    """

    way: str
    secret: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What is signed.

    Attributes:
        address: that the sender believes to call.
        body: the bytes.
        delivery: what tells this delivery from others.
        at: when it is sent.
        is_form: whether the body is a form.
    """

    address: str
    body: bytes
    delivery: str
    at: datetime
    is_form: bool

    @property
    def seconds(self) -> str:
        """When it is sent, in Unix seconds."""
        return str(int(self.at.timestamp()))


Headers = Mapping[str, str]


def _bearer(_: SignedContent, proof: Proof) -> Headers:
    return {"Authorization": f"Bearer {proof.secret}"}


def _basic(_: SignedContent, proof: Proof) -> Headers:
    pair = base64.b64encode(f"{proof.name}:{proof.secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _header(_: SignedContent, proof: Proof) -> Headers:
    return {proof.name: proof.secret}


def _standard_webhooks(outgoing: SignedContent, proof: Proof) -> Headers:
    key = base64.b64decode(proof.secret.removeprefix("whsec_"))
    content = f"{outgoing.delivery}.{outgoing.seconds}.".encode() + outgoing.body
    return {
        "webhook-id": outgoing.delivery,
        "webhook-timestamp": outgoing.seconds,
        "webhook-signature": f"v1,{_base64(key, content)}",
    }


def _slack(outgoing: SignedContent, proof: Proof) -> Headers:
    signature = _hex(proof, f"v0:{outgoing.seconds}:".encode() + outgoing.body)
    return {"X-Slack-Request-Timestamp": outgoing.seconds, "X-Slack-Signature": f"v0={signature}"}


def _twilio(outgoing: SignedContent, proof: Proof) -> Headers:
    fields = sorted(set(parse_qsl(outgoing.body.decode(), keep_blank_values=True))) if outgoing.is_form else []
    content = outgoing.address + "".join(name + value for name, value in fields)
    return {"X-Twilio-Signature": _base64(proof.secret.encode(), content.encode(), "sha1")}


def _stripe(outgoing: SignedContent, proof: Proof) -> Headers:
    signature = _hex(proof, f"{outgoing.seconds}.".encode() + outgoing.body)
    return {"Stripe-Signature": f"t={outgoing.seconds},v1={signature}"}


def _github(outgoing: SignedContent, proof: Proof) -> Headers:
    return {"X-Hub-Signature-256": f"sha256={_hex(proof, outgoing.body)}"}


def _zendesk(outgoing: SignedContent, proof: Proof) -> Headers:
    at = outgoing.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "X-Zendesk-Webhook-Signature": _base64(proof.secret.encode(), at.encode() + outgoing.body),
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }


def _zammad(outgoing: SignedContent, proof: Proof) -> Headers:
    signature = hmac.new(proof.secret.encode(), outgoing.body, hashlib.sha1).hexdigest()
    return {"X-Hub-Signature": f"sha1={signature}"}


def _kustomer(outgoing: SignedContent, proof: Proof) -> Headers:
    return {"X-Kustomer-Webhook-Signature": _hex(proof, outgoing.body)}


def _none(_outgoing: SignedContent, _proof: Proof) -> Headers:
    return {}


WAYS: Mapping[str, Callable[[SignedContent, Proof], Headers]] = {
    "bearer": _bearer,
    "basic": _basic,
    "header": _header,
    "standardWebhooks": _standard_webhooks,
    "slack": _slack,
    "twilio": _twilio,
    "stripe": _stripe,
    "github": _github,
    "zendesk": _zendesk,
    "zammad": _zammad,
    "kustomer": _kustomer,
    "none": _none,
}
"""What signs, by the way that `gateway.yaml` names."""


def _hex(proof: Proof, content: bytes) -> str:
    return hmac.new(proof.secret.encode(), content, hashlib.sha256).hexdigest()


def _base64(key: bytes, content: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(hmac.new(key, content, algorithm).digest()).decode()
