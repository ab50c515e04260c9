from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import _exponential_backoff

from activities.errors import Refused, Unavailable
from activities.speech.google_client import sign_in

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenServer:
    """Google's sign-in, as far as service accounts need it."""

    def __init__(self) -> None:
        self.address = ""
        self.answer: tuple[int, dict[str, object]] = (200, {"access_token": "ya29.token", "expires_in": 3600})
        self.grants: list[str] = []

    async def token(self, request: web.Request) -> web.Response:
        self.grants += parse_qs(await request.text())["grant_type"]
        status, body = self.answer
        return web.json_response(body, status=status)

    def key(self) -> str:
        """A service account's key, whose tokens come from this server."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": "1",
                "private_key": private.decode(),
                "client_email": "speech@acme.iam.gserviceaccount.com",
                "token_uri": f"{self.address}/token",
            }
        )


@pytest_asyncio.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    server = TokenServer()
    app = web.Application()
    app.router.add_post("/token", server.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


async def test_a_key_is_exchanged_for_a_token(tokens: TokenServer, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(tokens.key())
    for key in (str(path), tokens.key()):
        found = await asyncio.to_thread(sign_in, key)
        assert found.token == "ya29.token"
    assert tokens.grants == [JWT_BEARER] * 2


async def test_a_key_that_was_withdrawn_is_refused(tokens: TokenServer) -> None:
    tokens.answer = (400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    with pytest.raises(Refused, match="did not accept the credentials"):
        await asyncio.to_thread(sign_in, tokens.key())


async def test_a_sign_in_that_is_busy_is_tried_again_later(
    tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exponential_backoff, "time", SimpleNamespace(sleep=lambda _: None))  # it tries by itself
    tokens.answer = (503, {"error": "temporarily_unavailable"})
    with pytest.raises(Unavailable, match="try later"):
        await asyncio.to_thread(sign_in, tokens.key())


async def test_a_sign_in_that_cannot_be_reached_is_tried_again_later(tokens: TokenServer) -> None:
    key = tokens.key().replace(tokens.address, "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await asyncio.to_thread(sign_in, key)
