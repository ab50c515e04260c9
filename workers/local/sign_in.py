"""Sign-in for `trunkline dev`: an identity provider of this machine alone, which believes whoever one says one is.

It speaks as much of OpenID Connect as the gateway asks for: the code flow with PKCE, state and nonce.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web
from aiohttp.typedefs import Handler
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from workers.hosts import host_refusal, origin_refusal

HOST = "127.0.0.1"
CLIENT = "trunkline-dev"
CODE_LASTS = 60.0
TOKEN_LASTS = 300

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in on this machine</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Sign in on this machine</h1>
<p>This sign-in is only for this machine: <code>trunkline dev</code> believes whoever you say you are.
A gateway for others asks your identity provider instead.</p>
<form method="post" action="/authorize">
{hidden}
{people}
</form>
<form method="post" action="/authorize">
{hidden}
<label for="email">Somebody else's email address</label>
<input id="email" name="email" type="email" required autocomplete="off">
<button>Sign in</button>
</form>
</main>
</body>
</html>
"""

STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }
main { max-width: 32rem; margin: 0 auto; }
form { display: grid; gap: .6rem; }
label { margin-top: 1rem; }
input, button { font: inherit; padding: .6rem .8rem; }
button { cursor: pointer; text-align: left; }
"""


@dataclass(frozen=True, slots=True)
class SignInCode:
    """A code that was given out.

    Attributes:
        email: who signs in.
        nonce: what the gateway wants to hear again.
        challenge: the hash of what the gateway shows when it asks for the token.
        until: when it ends, by the monotonic clock.
    """

    email: str
    nonce: str
    challenge: str
    until: float


class LocalSignIn:
    """The provider: `async with LocalSignIn(people, callback) as provider: provider.issuer`.

    Args:
        people: whom its form offers; anybody else can be typed.
        callback: the gateway's address to which people come back, and the only one.
    """

    def __init__(self, people: Sequence[str], callback: str) -> None:
        self.people = people
        self.callback = callback
        self.issuer = ""
        self.secret = secrets.token_urlsafe(32)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, SignInCode] = {}

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._guard])
        application.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/keys", self._keys),
                web.get("/style.css", self._style),
                web.get("/authorize", self._form),
                web.post("/authorize", self._chosen),
                web.post("/token", self._token),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.issuer = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what pages of others have a browser send, and keep every answer out of frames and caches."""
        refusal = host_refusal(request.headers.get("Host")) or origin_refusal(request.headers)
        answer = _refused(403, refusal) if refusal else await handler(request)
        gateway = urlsplit(self.callback)
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'self'; form-action 'self' {gateway.scheme}://{gateway.netloc}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "same-origin"  # with none at all, browsers send no Origin either
        return answer

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        key = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return web.json_response({"keys": [{**key, "kid": "dev", "use": "sig", "alg": "ES256"}]})

    async def _style(self, _: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def _form(self, request: web.Request) -> web.Response:
        fields = {name: request.query.get(name, "") for name in ("state", "nonce", "code_challenge")}
        if wrong := self._wrong(request.query.get("client_id"), request.query.get("redirect_uri"), fields):
            return _refused(400, wrong)
        hidden = [f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items()]
        people = [f'<button name="email" value="{escape(one)}">{escape(one)}</button>' for one in self.people]
        text = PAGE.format(hidden="\n".join(hidden), people="\n".join(people))
        return web.Response(text=text, content_type="text/html")

    async def _chosen(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        email = form.get("email", "").strip()
        wrong = self._wrong(CLIENT, self.callback, form)
        if wrong or "@" not in email:
            return _refused(400, wrong or "Say who you are: an email address.")
        code = secrets.token_urlsafe(32)
        self._codes[code] = SignInCode(email, form["nonce"], form["code_challenge"], time.monotonic() + CODE_LASTS)
        query = urlencode({"code": code, "state": form["state"]})
        return web.Response(status=303, headers={"Location": f"{self.callback}?{query}"})

    def _wrong(self, client: str | None, callback: str | None, fields: dict[str, str]) -> str | None:
        """Return why this is no sign-in of the gateway's, or None."""
        if client != CLIENT or callback != self.callback:
            return "This sign-in is for the gateway of `trunkline dev` alone."
        if not all(fields.get(name) for name in ("state", "nonce", "code_challenge")):
            return "Begin at the gateway's page: it sends you here."
        return None

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        pair = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        given = request.headers.get("Authorization", "").encode()
        code = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        good = hmac.compare_digest(given, f"Basic {pair}".encode()) and form.get("redirect_uri") == self.callback
        if code is None or not good or challenge != code.challenge or time.monotonic() > code.until:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": code.email,
            "aud": CLIENT,
            "iat": now,
            "exp": now + TOKEN_LASTS,
            "nonce": code.nonce,
            "email": code.email,
            "email_verified": True,
        }
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "dev"})
        return web.json_response({"id_token": token, "access_token": secrets.token_urlsafe(16), "token_type": "Bearer"})


def _refused(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=f"{sentence}\n")
