"""Sign-in with OpenID Connect: the code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

Whoever the provider says somebody is, by an address that it has verified, that person decides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
import jwt

from workers.gateway.pages.entry import Oidc

DISCOVERY = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those of public keys: nobody but the provider can have signed."""

REQUIRED = ("iss", "sub", "aud", "exp", "iat")
LEEWAY = 60
WITHIN = 10.0
REMEMBERED = 600.0
LARGEST = 1024 * 1024


class SignInError(Exception):
    """Somebody could not be signed in; the message is for that person."""


class ProviderError(SignInError):
    """The identity provider does not answer as it should."""


class SignIn:
    """Sends people to the identity provider, and believes what it says when they come back.

    Args:
        oidc: the file's entry.
        callback: address of the gateway to which they come back.
    """

    def __init__(self, oidc: Oidc, callback: str) -> None:
        self.oidc = oidc
        self.callback = callback
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def begin(self, wanted: str) -> tuple[str, dict[str, str]]:
        """Return where to send somebody, and what must be kept until that person comes back.

        Args:
            wanted: the page that they want.

        Raises:
            ProviderError: the provider does not answer.
        """
        kept = {
            "state": secrets.token_urlsafe(32),
            "nonce": secrets.token_urlsafe(32),
            "verifier": secrets.token_urlsafe(48),
            "next": wanted,
        }
        challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.oidc.client_id,
            "redirect_uri": self.callback,
            "scope": "openid email",
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = (await self._provider())["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", kept

    async def finish(self, query: Mapping[str, str], kept: Mapping[str, str] | None) -> str:
        """Return the verified address of somebody who comes back.

        Args:
            query: what the provider sends along.
            kept: what `begin` gave to keep, from that person's own browser.

        Raises:
            SignInError: the person is not who began, or the provider does not vouch for an address.
        """
        state = query.get("state", "")
        if kept is None or not state.isascii() or not hmac.compare_digest(state, kept["state"]):
            raise SignInError("This sign-in was not begun here, or has taken too long: begin again.")
        if "code" not in query:
            raise SignInError("The identity provider has not signed you in.")
        tokens = await self._tokens(query["code"], kept["verifier"])
        claims = await self._claims(tokens.get("id_token"), kept["nonce"])
        if "email" not in claims or "email_verified" not in claims:
            claims = {**claims, **await self._userinfo(tokens.get("access_token"), claims["sub"])}
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email:
            raise SignInError("The identity provider says no email address of yours.")
        if claims.get("email_verified") is not True:
            raise SignInError("The identity provider has not verified your email address.")
        return email.strip()

    async def _tokens(self, code: str, verifier: str) -> dict[str, Any]:
        provider = await self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
        }
        headers = {}
        client = (self.oidc.client_id, self.oidc.client_secret)
        supported = provider.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in supported:
            pair = ":".join(map(quote_plus, client))
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client[0], "client_secret": client[1]}
        return await self._fetch("POST", str(provider["token_endpoint"]), form=form, headers=headers)

    async def _claims(self, token: Any, nonce: str) -> dict[str, Any]:
        if not isinstance(token, str):
            raise ProviderError("The identity provider has sent no identity.")
        try:
            key = await self._key(jwt.get_unverified_header(token))
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[*ALGORITHMS],
                audience=self.oidc.client_id,
                issuer=self.oidc.issuer,
                leeway=LEEWAY,
                options={"require": [*REQUIRED]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise SignInError(
                "What the identity provider has sent is not its own, or not meant for this page."
            ) from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise SignInError("What the identity provider has sent belongs to another sign-in.")
        return claims

    async def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        """Return the key that a token names; the only one where it names none."""
        if header.get("alg") not in ALGORITHMS:
            raise ValueError("no algorithm of public keys")
        for fresh in (False, True):  # the provider may have a new key
            keys = (await self._remembered(str((await self._provider())["jwks_uri"]), fresh=fresh)).get("keys", [])
            fitting = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
            named = [key for key in fitting if "kid" not in header or key.get("kid") == header["kid"]]
            if len(named) == 1:
                return jwt.PyJWK(named[0], algorithm=header["alg"])
        raise ValueError("no such key")

    async def _userinfo(self, token: Any, subject: str) -> dict[str, Any]:
        address = (await self._provider()).get("userinfo_endpoint")
        if not isinstance(address, str) or not isinstance(token, str):
            return {}
        found = await self._fetch("GET", address, headers={"Authorization": f"Bearer {token}"})
        if found.get("sub") != subject:
            raise SignInError("The identity provider speaks of somebody else.")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    async def _provider(self) -> dict[str, Any]:
        found = await self._remembered(f"{self.oidc.issuer.rstrip('/')}{DISCOVERY}")
        if found.get("issuer") != self.oidc.issuer:
            raise ProviderError("The identity provider calls itself by another name than the gateway's file does.")
        if missing := [name for name in ("authorization_endpoint", "token_endpoint", "jwks_uri") if name not in found]:
            raise ProviderError(f"The identity provider does not say its {missing[0]}.")
        return found

    async def _remembered(self, address: str, *, fresh: bool = False) -> dict[str, Any]:
        until, found = self._known.get(address, (0.0, {}))
        if fresh or time.monotonic() >= until:
            found = await self._fetch("GET", address)
            self._known[address] = (time.monotonic() + REMEMBERED, found)
        return found

    async def _fetch(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=WITHIN)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, address, data=form, headers=headers, allow_redirects=False) as answer,
            ):
                content = await answer.json(content_type=None) if (answer.content_length or 0) <= LARGEST else None
                good = answer.status == 200  # noqa: PLR2004 # HTTP's own
        except (aiohttp.ClientError, TimeoutError, ValueError):
            good, content = False, None
        if not good or not isinstance(content, dict):
            raise ProviderError("The identity provider does not answer as it should: try again.")
        return content
