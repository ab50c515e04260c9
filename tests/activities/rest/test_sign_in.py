"""Signing in with a token: asked for once, kept, renewed after a 401, and never seen."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from activities.attempt.scrubber import Scrubber
from activities.context import Context
from activities.errors import ActionError, Refused, Unavailable
from activities.rest.endpoint import endpoint
from activities.rest.sign_in import client_credentials, jwt_bearer, refresh_token
from activities.rest.tokens import Tokens
from tests.activities.http_client.wire import Wire, drop, listen, ok
from tests.activities.rest import rows
from tests.activities.rest.conftest import told
from tests.starts import Processes

CLIENT = ("my client", "s%cret:ü")
TOKEN = "token-one-1234567890"
ANOTHER = "token-two-1234567890"
DONE = told({"data": {"id": "p1"}})
UNAUTHORIZED = told({"message": f"Not accepted: {TOKEN}"}, status="401 x")


def granted(token: Any = TOKEN, **more: Any) -> bytes:
    return told({"access_token": token, "token_type": "bearer", "expires_in": 3600, **more})


@pytest_asyncio.fixture
async def tokens() -> AsyncIterator[Wire]:
    """The token endpoint, on a host of its own."""
    async with listen() as server:
        server.reply(granted())
        yield server


Signed = Callable[..., Any]


@pytest.fixture
def signed(desk_context: Callable[..., Context], tokens: Wire, wire: Wire) -> Signed:
    """Make the same call again and again over one worker's connection."""
    wire.reply(DONE)
    context = desk_context(action="helpdesk.person_get")

    def make(way: Tokens[Any] | None = None, row: str = "POST /v1/people/{id}", **more: Any) -> Callable[..., Any]:
        way = way or client_credentials(f"{tokens.url}/token", lambda _desk: CLIENT)
        service = replace(rows.DESK, sign_in=way)
        action = endpoint(service, "helpdesk.x", "Do it.", row, rows.Change, rows.Record, example={}, **more)

        async def run(**surroundings: Any) -> Any:
            return await action.function(
                action.config.model_validate({"id": "p1", "noteText": "Hi"}), replace(context, **surroundings)
            )

        return run

    return make


async def test_a_token_is_asked_for_once_and_kept(signed: Signed, tokens: Wire, wire: Wire) -> None:
    run = signed(client_credentials(f"{tokens.url}/token", lambda _desk: CLIENT, scope="a b", more={"audience": "x"}))
    await run()
    await run()
    [asked] = tokens.requests
    assert (asked.method, asked.target) == ("POST", "/token")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"], "scope": ["a b"], "audience": ["x"],
    }  # fmt: skip
    assert b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"my+client:s%25cret%3A%C3%BC"
    assert [seen.headers["authorization"] for seen in wire.requests] == [f"Bearer {TOKEN}"] * 2


async def test_credentials_may_go_into_the_form(signed: Signed, tokens: Wire) -> None:
    await signed(client_credentials(lambda _desk: f"{tokens.url}/t", lambda _desk: CLIENT, in_body=True))()
    [asked] = tokens.requests
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"], "client_id": [CLIENT[0]], "client_secret": [CLIENT[1]],
    }  # fmt: skip
    assert "authorization" not in asked.headers


async def test_many_at_once_ask_once(signed: Signed, tokens: Wire) -> None:
    run = signed()
    await asyncio.gather(*(run() for _ in range(20)))
    assert len(tokens.requests) == 1


async def test_connections_have_tokens_of_their_own(
    tokens: Wire, wire: Wire, desk_context: Callable[..., Context]
) -> None:
    wire.reply(DONE)
    way: Tokens[Any] = client_credentials(f"{tokens.url}/token", lambda _desk: CLIENT)
    service = replace(rows.DESK, sign_in=way)
    for _ in range(2):
        context = desk_context()
        await service.call(context, context.connection(None, rows.Desk), "GET", "/x")
    assert len(tokens.requests) == 2


async def test_a_401_is_sent_once_more_with_another_token(signed: Signed, tokens: Wire, wire: Wire) -> None:
    tokens.reply(granted(), granted(ANOTHER))
    wire.reply(UNAUTHORIZED, DONE)
    assert (await signed()()).id == "p1"
    assert [seen.headers["authorization"] for seen in wire.requests] == [f"Bearer {TOKEN}", f"Bearer {ANOTHER}"]
    assert wire.requests[0].body == wire.requests[1].body != b""


async def test_a_second_401_is_refused(signed: Signed, tokens: Wire, wire: Wire) -> None:
    wire.reply(UNAUTHORIZED)
    with pytest.raises(Refused, match="Helpdesk answered 401"):
        await signed()()
    assert (len(tokens.requests), len(wire.requests)) == (2, 2)


async def test_those_who_share_a_token_renew_it_once(signed: Signed, tokens: Wire, wire: Wire) -> None:
    async def judge(seen: Any, writer: Any) -> None:
        await asyncio.sleep(0.05)
        writer.write(DONE if seen.headers["authorization"].endswith(ANOTHER) else UNAUTHORIZED)
        await writer.drain()

    tokens.reply(granted(), granted(ANOTHER))
    wire.reply(judge)
    run = signed()
    await asyncio.gather(*(run() for _ in range(10)))
    assert len(tokens.requests) == 2


@pytest.mark.parametrize(
    ("lifetime", "kept"),
    [
        (3600, 3570),
        ("3600", 3570),
        (3600.5, 3570.5),
        (40, 20),
        (1, 0.5),
        (0, 270),
        (-5, 270),
        ("-5", 270),
        ("soon", 270),
        (None, 270),
        ({}, 270),
        (True, 0.5),
        (10**400, 270),
        ("1e999", 24 * 3600 - 30),
        ("nan", 270),
    ],
)
async def test_how_long_a_token_is_kept(
    signed: Signed, tokens: Wire, monkeypatch: pytest.MonkeyPatch, lifetime: Any, kept: float
) -> None:
    now = 1000.0
    monkeypatch.setattr("activities.rest.tokens.clock", lambda: now)
    tokens.reply(granted(expires_in=lifetime))
    run = signed()
    await run()
    now = 1000.0 + kept - 0.1
    await run()
    assert len(tokens.requests) == 1
    now = 1000.0 + kept + 0.1
    await run()
    assert len(tokens.requests) == 2


async def test_no_lifetime_at_all_is_one_too(signed: Signed, tokens: Wire) -> None:
    tokens.reply(told({"access_token": TOKEN}))
    run = signed()
    await run()
    await run()
    assert len(tokens.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (told({"error": "invalid_client", "error_description": "No such client."}, status="401 x"), Refused, "No such"),
        (told({"error": "invalid_grant"}, status="400 x"), Refused, "400: invalid_grant"),
        (told({"error": "incorrect_client_credentials"}), Refused, "incorrect_client"),
        (ok(b"", status="404 x"), Refused, "404"),
        (told({"message": "Slow"}, "Retry-After: 7", status="429 x"), Unavailable, "Slow"),
        (ok(b"<html>", status="500 x", kind="text/html"), Unavailable, "500"),
        (ok(b"<html>garbage</html>", kind="text/html"), Unavailable, "no token"),
        (ok(b"access_token=abcdefghijk", kind="text/plain"), Unavailable, "no token"),
        (ok(b""), Unavailable, "no token"),
        (told([]), Unavailable, "no token"),
        (told("text"), Unavailable, "no token"),
        (told(None), Unavailable, "no token"),
        (told({}), Unavailable, "no token"),
        (granted(""), Unavailable, "no token"),
        (granted(None), Unavailable, "no token"),
        (granted({"a": 1}), Unavailable, "no token"),
        (told({"access_token": "a", "scope": 5}), Unavailable, "no token"),
        (ok(b'{"access_token": "' + b"x" * 300_000 + b'"}'), Unavailable, "larger than"),
        (drop, Unavailable, "No token"),
    ],
)
async def test_no_token_means_that_nothing_was_done(  # fixtures and a case
    signed: Signed, tokens: Wire, wire: Wire, answer: Any, kind: type[ActionError], words: str
) -> None:
    tokens.reply(answer)
    marked = []

    async def sending() -> None:
        marked.append(True)

    with pytest.raises(ActionError, match=words) as raised:
        await signed(missing=rows.Record(found=False))(sending=sending)
    assert type(raised.value) is kind
    assert (wire.requests, marked) == ([], [])


async def test_a_token_endpoint_that_fails_after_a_401_leaves_no_doubt(
    signed: Signed, tokens: Wire, wire: Wire
) -> None:
    tokens.reply(granted(), drop)
    wire.reply(UNAUTHORIZED)
    with pytest.raises(Unavailable):
        await signed()()
    assert len(wire.requests) == 1


async def test_a_token_that_could_break_a_header_is_refused(signed: Signed, tokens: Wire, wire: Wire) -> None:
    tokens.reply(granted("evil\r\nX-Admin: 1"))
    with pytest.raises(Refused):
        await signed()()
    assert wire.requests == []


@pytest.mark.parametrize("address", ["http://10.0.0.1/token", "http://127.0.0.2:1/token", "file:///etc/passwd"])
async def test_the_token_endpoint_is_judged_like_every_address(signed: Signed, address: str) -> None:
    with pytest.raises(Refused):
        await signed(client_credentials(address, lambda _desk: CLIENT))()


async def test_a_refresh_token_that_is_replaced_is_followed(signed: Signed, tokens: Wire, wire: Wire) -> None:
    tokens.reply(granted(refresh_token="refresh-2-abcdef"), granted(ANOTHER))
    wire.reply(DONE, UNAUTHORIZED, DONE)
    run = signed(refresh_token(f"{tokens.url}/token", lambda _desk: CLIENT, lambda _desk: "refresh-1-abcdef"))
    await run()
    await run()
    first, second = (parse_qs(asked.body.decode()) for asked in tokens.requests)
    assert first == {"grant_type": ["refresh_token"], "refresh_token": ["refresh-1-abcdef"]}
    assert second == {"grant_type": ["refresh_token"], "refresh_token": ["refresh-2-abcdef"]}


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize("subject", [None, "ada@example.com"])
async def test_a_service_account_signs_an_assertion(
    signed: Signed, tokens: Wire, key: rsa.RSAPrivateKey, subject: str | None
) -> None:
    way: Tokens[Any] = jwt_bearer(
        f"{tokens.url}/token",
        issuer=lambda _desk: "robot@project.iam.example.com",
        private_key=lambda _desk: pem(key),
        scope="https://www.googleapis.com/auth/gmail.send",
        subject=lambda _desk: subject,
        key_id=lambda _desk: "key-1",
    )
    await signed(way)()
    [asked] = tokens.requests
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    [assertion] = form["assertion"]
    claims = jwt.decode(assertion, key.public_key(), ["RS256"], audience=f"{tokens.url}/token")
    assert claims["iss"] == "robot@project.iam.example.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/gmail.send"
    assert claims.get("sub") == subject
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(assertion)["kid"] == "key-1"


@pytest.mark.parametrize("text", ["", "no key at all", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
async def test_a_key_that_is_none_is_refused_without_being_quoted(signed: Signed, tokens: Wire, text: str) -> None:
    way: Tokens[Any] = jwt_bearer(f"{tokens.url}/t", issuer=lambda _desk: "a@b", private_key=lambda _desk: text)
    with pytest.raises(Refused, match="no RSA key in PEM form") as raised:
        await signed(way)()
    assert not text or text not in str(raised.value)
    assert tokens.requests == []


async def test_what_came_at_run_time_is_scrubbed_wherever_it_is_repeated(
    signed: Signed, tokens: Wire, wire: Wire, key: rsa.RSAPrivateKey
) -> None:
    scrubber = Scrubber([])
    assertions = []

    async def grant(seen: Any, writer: Any) -> None:
        assertions.append(parse_qs(seen.body.decode())["assertion"][0])
        answer = (
            granted(refresh_token="refresh-2-abcdef")
            if len(assertions) == 1
            else told({"error": "invalid_grant", "error_description": f"bad {assertions[-1]}"}, status="400 x")
        )
        writer.write(answer)
        await writer.drain()

    tokens.reply(grant)
    wire.reply(DONE, UNAUTHORIZED)
    run = signed(jwt_bearer(f"{tokens.url}/t", issuer=lambda _desk: "a@b", private_key=lambda _desk: pem(key)))
    await run(conceal=scrubber.renew)
    for secret in (TOKEN, "refresh-2-abcdef", assertions[0]):
        assert scrubber.scrub(f"<{secret}>") == "<[secret]>"
        assert scrubber.scrub_json({"a": [secret]}) == {"a": ["[secret]"]}
    with pytest.raises(Refused) as raised:
        await run(conceal=scrubber.renew)
    assert assertions[1][:40] not in scrubber.scrub(str(raised.value))
    scrubber.learn({"other": "another-secret"})
    assert TOKEN not in scrubber.scrub(TOKEN), "values of both kinds are scrubbed"


async def test_a_token_in_a_refusal_is_scrubbed(signed: Signed, tokens: Wire, wire: Wire) -> None:
    scrubber = Scrubber([])
    wire.reply(UNAUTHORIZED)
    with pytest.raises(Refused) as raised:
        await signed()(conceal=scrubber.renew)
    assert TOKEN in str(raised.value)
    assert scrubber.scrub(str(raised.value)) == "Helpdesk answered 401: Not accepted: [secret]."


def test_values_that_replace_each_other_do_not_pile_up() -> None:
    scrubber, owner = Scrubber(["for-ever-12345"]), object()
    for number in range(100):
        scrubber.renew(owner, [f"token-number-{number}"])
    assert scrubber.scrub("token-number-99 token-number-98 for-ever-12345") == "[secret] [secret] [secret]"
    assert scrubber.scrub("token-number-90") == "token-number-90", "what is long replaced is forgotten"


async def test_the_sign_in_loads_its_libraries_only_when_it_is_used(processes: Processes) -> None:
    from tests.test_imports import loaded_by

    loaded = loaded_by(processes, "import activities.rest.endpoint, activities.rest.sign_in")
    assert not {"oauthlib", "jwt", "cryptography", "aiohttp", "httpx"} & loaded
