"""The codec server: shows what Temporal keeps encrypted to the web UI and the `temporal` command line.

Whoever may ask it may read everything, so it is the real border of confidentiality.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from workers.failures import Failure
from workers.settings import Address

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from workers.payloads.encryption import Encryption

LARGEST_REQUEST = 16 * 1024 * 1024
"""Bytes of one request: several payloads of Temporal's largest size, in base64."""

ALLOWED_HEADERS = "content-type,x-namespace,authorization,authorization-extras"
PREFLIGHT_SECONDS = 600


class CodecServer:
    """Answers `POST /decode` and `POST /encode`, also below a namespace's name.

    Args:
        encryption: what encrypts and decrypts.
        token: what those who ask must send as `Authorization: Bearer …`; without one, anybody who reaches it may ask.
        origin: the one web UI whose pages may ask, as its browser spells it (`https://temporal.example.com`).
    """

    def __init__(self, encryption: Encryption, *, token: str | None, origin: str | None) -> None:
        self.encryption = encryption
        self.token = token
        self.origin = origin

    def application(self) -> web.Application:
        """Return the server's routes."""
        application = web.Application(middlewares=[self._guard], client_max_size=LARGEST_REQUEST)
        for path in ("/{operation:decode|encode}", "/{namespace}/{operation:decode|encode}"):
            application.router.add_post(path, self._convert)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other pages and strangers, and turn every error into a sentence."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin != self.origin:
            return _refusal(
                HTTPStatus.FORBIDDEN, f"Pages of {origin:.200} may not ask; --web-ui-origin names the web UI that may."
            )
        try:
            answer = await self._answer(request, handler)
        except web.HTTPRequestEntityTooLarge:
            sentence = f"The request is too large: {LARGEST_REQUEST:,} bytes are the most that is taken."
            answer = _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
        except web.HTTPException as error:
            sentence = "There are POST /decode and POST /encode, also below a namespace's name, and nothing else."
            answer = _refusal(HTTPStatus(error.status), sentence)
        if origin is not None:
            answer.headers.update(
                {
                    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
                    hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS: "true",
                    hdrs.VARY: "Origin",
                }
            )
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(
                status=HTTPStatus.NO_CONTENT,
                headers={
                    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "POST,OPTIONS",
                    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ALLOWED_HEADERS,
                    hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_SECONDS),
                },
            )
        if not self._admits(request):
            refusal = _refusal(HTTPStatus.UNAUTHORIZED, "Send `Authorization: Bearer …` with TRUNKLINE_CODEC_TOKEN.")
            refusal.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
            return refusal
        return await handler(request)

    def _admits(self, request: web.Request) -> bool:
        if self.token is None:
            return True
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and same

    async def _convert(self, request: web.Request) -> web.StreamResponse:
        from google.protobuf import json_format
        from temporalio.api.common.v1 import Payloads

        from workflows.encrypted import needs_key

        body = await request.read()
        try:
            given = json_format.ParseDict({"payloads": json.loads(body)["payloads"]}, Payloads()).payloads
        except (json_format.ParseError, ValueError, TypeError, KeyError, RecursionError):
            return _refusal(
                HTTPStatus.BAD_REQUEST,
                'The body must be JSON, {"payloads": [{"metadata": {"encoding": …}, "data": …}]}, its bytes in base64.',
            )
        if request.match_info["operation"] == "encode":
            found = [self.encryption.seal(payload) for payload in given]
        else:
            # What no key opens is shown as it is: one such payload must not hide the others.
            found = [(self.encryption.open(payload) if needs_key(payload) else None) or payload for payload in given]
        return web.json_response({"payloads": [json_format.MessageToDict(payload) for payload in found]})


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.asynccontextmanager
async def listening(server: CodecServer, place: Address) -> AsyncIterator[Address]:
    """Serve while the context lasts; its value is the address, with the port that was free where 0 was wished.

    Raises:
        Failure: nothing can listen there.
    """
    runner = web.AppRunner(server.application(), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, place.host, place.port).start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise Failure(f"Nothing can listen at {place} ({reason}); --port and --host name another place.") from None
        host, port, *_ = runner.addresses[0]
        yield Address(host, port)
    finally:
        await runner.cleanup()


def _refusal(status: HTTPStatus, sentence: str) -> web.Response:
    return web.Response(status=status, text=json.dumps({"message": sentence}), content_type="application/json")
