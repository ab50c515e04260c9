"""An identity provider for tests, which misbehaves as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLIENT = ("trunkline", "client-secret")


@dataclass
class Provider:
    """Signs in whoever asks as `email`; `claims` and `info` overwrite what it says, `key` what it signs with."""

    email: str = "ann@example.com"
    claims: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] | None = None
    key: Any = KEY
    algorithm: str = "RS256"
    names_itself: str | None = None
    url: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _discovery(self, _: web.Request) -> web.Response:
        places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        endpoints = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in places.items()}
        return web.json_response({"issuer": self.names_itself or self.url, "jwks_uri": f"{self.url}/keys", **endpoints})

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))]})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        pair = f"Basic {base64.b64encode(':'.join(CLIENT).encode()).decode()}"
        asked = self.codes.pop(form["code"], None)
        verified = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        if asked is None or request.headers.get("Authorization") != pair or verified != asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        known = {} if self.info is not None else {"email": self.email, "email_verified": True}
        claims = {
            "iss": self.url,
            "sub": "ann",
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        said = {name: value for name, value in {**claims, **known, **self.claims}.items() if value is not None}
        token = jwt.encode(said, self.key, algorithm=self.algorithm)
        return web.json_response({"id_token": token, "access_token": "a", "token_type": "Bearer"})

    async def _userinfo(self, _: web.Request) -> web.Response:
        return web.json_response(self.info)
