"""Gmail: how a connection signs in, and what goes over the wire."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from activities.connections import Connections
from activities.email.composing import Email
from activities.email.gmail import SCOPE, Gmail
from activities.email.send_email import PROVIDERS, EmailReceipt, send_email
from activities.errors import Refused
from tests.activities.conftest import KEY, MakeContext
from tests.activities.http_client.wire import Wire, ok

TOKEN = ok(b'{"access_token": "token-12345678", "expires_in": 3600, "token_type": "Bearer"}')
SENT = ok(b'{"id": "18c", "threadId": "18c"}')
EMAIL = Email.model_validate({"to": "Žofie <zofie@example.com>", "subject": "Grüße", "text": "Hi."})


@pytest.fixture(scope="module")
def key() -> tuple[str, Any]:
    made = rsa.generate_private_key(65537, 2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode(), made.public_key()


def account(private: str, token_uri: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "client_email": "robot@project.iam.gserviceaccount.com",
        "private_key": private,
        "private_key_id": "key-id-12345678",
        "token_uri": token_uri,
    }


async def test_a_service_account_sends_for_a_mailbox(
    tmp_path: Path, key: tuple[str, Any], wire: Wire, make_context: MakeContext
) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(account(key[0], f"{wire.url}/oauth/token")))
    entry = {
        "kind": "gmail",
        "credentials": str(file),
        "user": "support@example.org",
        "from": "Support <support@example.org>",
        "baseUrl": wire.url,
    }
    wire.reply(TOKEN, SENT, SENT)
    context = make_context(action="send_email", connections=Connections({"mail": entry}, PROVIDERS))
    receipt = await send_email.function(EMAIL, context)
    await send_email.function(EMAIL, context)
    assert isinstance(receipt, EmailReceipt)
    assert (receipt.provider, receipt.id, receipt.message_id) == ("gmail", "18c", f"<{KEY}@example.org>")
    asked, sent, again = wire.requests
    assert (asked.target, sent.target) == ("/oauth/token", "/gmail/v1/users/me/messages/send")
    form = parse_qs(asked.body.decode())
    claims = jwt.decode(form["assertion"][0], key[1], ["RS256"], audience=f"{wire.url}/oauth/token")
    assert (claims["iss"], claims["sub"], claims["scope"]) == (
        "robot@project.iam.gserviceaccount.com",
        "support@example.org",
        SCOPE,
    )
    assert again.headers["authorization"] == sent.headers["authorization"] == "Bearer token-12345678"
    message = message_from_bytes(urlsafe_b64decode(json.loads(sent.body)["raw"]), policy=default)
    assert message["To"].addresses[0].display_name == "Žofie"
    assert (message["Subject"], message["Message-ID"]) == ("Grüße", receipt.message_id)


async def test_a_token_that_is_not_accepted_is_asked_for_once_more(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(TOKEN, ok(status="401 No"), TOKEN, SENT)
    entry = {
        "kind": "gmail",
        "clientId": "id",
        "clientSecret": "secret-12345678",
        "refreshToken": "refresh-12345678",
        "tokenUrl": f"{wire.url}/t",
        "user": "me@example.org",
        "from": "me@example.org",
        "baseUrl": wire.url,
    }
    context = make_context(action="send_email", connections=Connections({"mail": entry}, PROVIDERS))
    await send_email.function(EMAIL, context)
    assert [one.target for one in wire.requests] == ["/t", "/gmail/v1/users/me/messages/send"] * 2


def test_what_must_not_be_seen_is_known(tmp_path: Path, key: tuple[str, Any]) -> None:
    text = json.dumps(account(key[0], "https://login.example.org/token"))
    made = Gmail.model_validate({"credentials": text, "user": "me@example.org"})
    assert [*made.credentials()] == [key[0], "key-id-12345678"]
    assert [*made.addresses()] == ["https://gmail.googleapis.com", "https://login.example.org/token"]
    own = {"clientId": "id", "clientSecret": "secret-12345678", "refreshToken": "refresh-12345678"}
    assert [*Gmail.model_validate(own).credentials()] == ["secret-12345678", "refresh-12345678"]
    assert [*Gmail.model_validate(own).addresses()][1] == "https://oauth2.googleapis.com/token"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "give `credentials`, or `clientId`, `clientSecret` and `refreshToken`"),
        ({"clientId": "a", "clientSecret": "b"}, "and `refreshToken`"),
        ({"credentials": "/nowhere.json"}, "needs `user`"),
        ({"credentials": "/nowhere.json", "user": "a@b.example", "clientId": "x"}, "not both"),
    ],
)
def test_a_connection_that_is_not_complete_says_so(entry: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        Connections({"mail": {"kind": "gmail", **entry}}, PROVIDERS).get("mail")


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        ("/nowhere/key.json", "cannot be read: No such file"),
        ('{"client_email": "x"}', "are no key of a service account"),
        ("{not json", "are no key of a service account"),
        ('{"client_email": "x", "private_key": "nonsense-1234"}', "is no RSA key"),
    ],
)
async def test_a_key_that_is_none_is_refused_without_being_told(
    credentials: str, sentence: str, wire: Wire, make_context: MakeContext
) -> None:
    entry = {
        "kind": "gmail",
        "credentials": credentials,
        "user": "me@example.org",
        "from": "me@example.org",
        "baseUrl": wire.url,
    }
    context = make_context(action="send_email", connections=Connections({"mail": entry}, PROVIDERS))
    with pytest.raises(Refused, match=sentence) as wrong:
        await send_email.function(EMAIL, context)
    assert "nonsense" not in str(wrong.value)
    assert not wire.requests
