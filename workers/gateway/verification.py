"""Who has sent a request: ten ways to tell, over the bytes that came and in constant time.

Each way is a function of what was signed and one secret. Sources: the vendors' own pages, named beside each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

from multidict import CIMultiDictProxy

from workers.gateway.requests import FORM, media_type

TOLERANCE = 300
"""Seconds by which a signed time may differ from ours, either way."""

SECONDS = re.compile(r"[0-9]{1,12}")
LEAST_KEY = 24
STANDARD_KEY = "a secret of Standard Webhooks is `whsec_` and the base64 of at least 24 bytes"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a request says of itself.

    Attributes:
        headers: as they came.
        body: the bytes that came; none before they are read.
        url: the address that the sender has called: the gateway's own, with path and query as they came.
        now: our clock, in Unix seconds.
    """

    headers: CIMultiDictProxy[str]
    body: bytes
    url: str
    now: float

    def header(self, name: str) -> str:
        """Return a header that came exactly once; else the empty text."""
        values = self.headers.getall(name, ())
        return values[0].strip() if len(values) == 1 else ""

    def is_fresh(self, seconds: str) -> bool:
        """Say whether a text is a time in Unix seconds that is about now."""
        return SECONDS.fullmatch(seconds) is not None and abs(int(seconds) - self.now) <= TOLERANCE


def same(given: str, wanted: str) -> bool:
    """Compare two texts in a time that tells nothing about them."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def one_of(found: Iterable[bool]) -> bool:
    """Say whether one is true, having looked at all."""
    return sum(found) > 0


def bearer(signed: Claims, secret: str) -> bool:
    """`Authorization: Bearer …`."""
    scheme, _, token = signed.header("Authorization").partition(" ")
    return same(token.strip(), secret) and scheme.lower() == "bearer"


def basic(signed: Claims, user: str, password: str) -> bool:
    """`Authorization: Basic …`."""
    scheme, _, pair = signed.header("Authorization").partition(" ")
    try:
        found = base64.b64decode(pair.strip(), validate=True)
    except (ValueError, UnicodeEncodeError):
        return False
    return hmac.compare_digest(found, f"{user}:{password}".encode()) and scheme.lower() == "basic"


def standard_webhooks(signed: Claims, secret: str) -> bool:
    """Standard Webhooks 1.0.0: base64 HMAC-SHA256 over id, time and body (github.com/standard-webhooks)."""
    key, message, sent = standard_key(secret), signed.header("webhook-id"), signed.header("webhook-timestamp")
    if key is None or not message or "." in message or not signed.is_fresh(sent):
        return False
    content = f"{message}.{sent}.".encode("utf-8", "surrogateescape") + signed.body
    wanted = f"v1,{_base64(hmac.digest(key, content, hashlib.sha256))}"
    return one_of(same(given, wanted) for given in signed.header("webhook-signature").split())


def standard_key(secret: str) -> bytes | None:
    """Return the key of a secret of Standard Webhooks, or None where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (ValueError, UnicodeEncodeError):
        return None
    return key if len(key) >= LEAST_KEY else None


def slack(signed: Claims, secret: str) -> bool:
    """Hex HMAC-SHA256 over version, time and body (docs.slack.dev, verifying requests from Slack)."""
    sent = signed.header("X-Slack-Request-Timestamp")
    wanted = f"v0={_hex(secret, f'v0:{sent}:'.encode('utf-8', 'replace') + signed.body)}"
    return same(signed.header("X-Slack-Signature"), wanted) and signed.is_fresh(sent)


def stripe(signed: Claims, secret: str) -> bool:
    """Hex HMAC-SHA256 over time and body; several `v1` while secrets are rolled (docs.stripe.com/webhooks)."""
    pairs = [part.strip().partition("=") for part in signed.header("Stripe-Signature").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1 or not signed.is_fresh(times[0]):
        return False
    wanted = _hex(secret, f"{times[0]}.".encode() + signed.body)
    return one_of(same(value, wanted) for name, _, value in pairs if name == "v1")


def github(signed: Claims, secret: str) -> bool:
    """Hex HMAC-SHA256 over the body (docs.github.com, validating webhook deliveries)."""
    return same(signed.header("X-Hub-Signature-256"), f"sha256={_hex(secret, signed.body)}")


def zendesk(signed: Claims, secret: str) -> bool:
    """Base64 HMAC-SHA256 over time and body, the secret as the text it is (developer.zendesk.com, verifying)."""
    sent = signed.header("X-Zendesk-Webhook-Signature-Timestamp")
    content = sent.encode("utf-8", "surrogateescape") + signed.body
    wanted = _base64(hmac.digest(secret.encode(), content, hashlib.sha256))
    return same(signed.header("X-Zendesk-Webhook-Signature"), wanted) and _is_fresh_instant(sent, signed.now)


def zammad(signed: Claims, secret: str) -> bool:
    """Hex HMAC-SHA1 over the body (docs.zammad.org, webhooks)."""
    wanted = hmac.new(secret.encode(), signed.body, hashlib.sha1).hexdigest()
    return same(signed.header("X-Hub-Signature"), f"sha1={wanted}")


def kustomer(signed: Claims, secret: str) -> bool:
    """Hex HMAC-SHA256 over the body (developer.kustomer.com, delivery and retries)."""
    return same(signed.header("X-Kustomer-Webhook-Signature"), _hex(secret, signed.body))


def twilio(signed: Claims, secret: str) -> bool:
    """Base64 HMAC-SHA1 over the address and the form's fields, or the body's hash (twilio.com/docs, security)."""
    fields: Mapping[str, list[str]] = {}
    hashes = parse_qs(urlsplit(signed.url).query).get("bodySHA256", [])
    is_form = media_type(signed.headers) == FORM
    if is_form:
        fields = _fields(signed.body)
    if hashes or not is_form:
        wanted = hashlib.sha256(signed.body).hexdigest()
        if len(hashes) != 1 or not same(hashes[0].lower(), wanted):
            return False
    parts = "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    given = signed.header("X-Twilio-Signature")
    contents = [(url + parts).encode("utf-8", "surrogatepass") for url in _with_and_without_port(signed.url)]
    return one_of(
        same(given, _base64(hmac.new(secret.encode(), content, hashlib.sha1).digest())) for content in contents
    )


WAYS: Mapping[str, Callable[[Claims, str], bool]] = {
    "bearer": bearer,
    "standardWebhooks": standard_webhooks,
    "slack": slack,
    "twilio": twilio,
    "stripe": stripe,
    "github": github,
    "zendesk": zendesk,
    "zammad": zammad,
    "kustomer": kustomer,
}
"""The ways that need a secret alone, as `gateway.yaml` names them."""

BY_HEADERS = frozenset({"none", "bearer", "basic", "header"})
"""The ways that can be judged before the body is read."""

PROOFS = frozenset({"authorization", "proxy-authorization", "cookie"})
"""Headers that no template sees."""


def admits(signed: Claims, way: Callable[[Claims, str], bool], secrets: Sequence[str]) -> bool:
    """Say whether one of the secrets fits; all are tried."""
    return one_of(way(signed, secret) for secret in secrets)


def _fields(body: bytes) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return fields


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    host = parts.netloc.removesuffix(default)
    if host == parts.netloc and parts.port is not None:
        return [url]
    rest = url.partition("://")[2].removeprefix(parts.netloc)
    return [f"{parts.scheme}://{host}{rest}", f"{parts.scheme}://{host}{default}{rest}"]


def _is_fresh_instant(text: str, now: float) -> bool:
    try:
        at = datetime.fromisoformat(text)
        return at.tzinfo is not None and abs(at.timestamp() - now) <= TOLERANCE
    except (ValueError, OverflowError):
        return False


def _hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _base64(digest: bytes) -> str:
    return binascii.b2a_base64(digest, newline=False).decode()
