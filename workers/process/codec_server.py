"""The codec server: shows what Temporal keeps encrypted, or elsewhere, to the web UI and the `temporal` command line.

Whoever may ask it may read everything, so it is the real border of confidentiality.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from workers.hosts import host_refusal
from workers.process.serving import served
from workers.settings import ListenAddress

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aiohttp.typedefs import Handler
    from temporalio.api.common.v1 import Payload

    from workers.payloads.converter import Converter

LARGEST_REQUEST = 16 * 1024 * 1024
"""Bytes of one request: several payloads of Temporal's largest size, in base64."""

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of payloads that one request fetches from the payload store."""

ROUTES = "POST /decode, POST /encode and POST /download"

ALLOWED_HEADERS = "content-type,x-namespace,authorization,authorization-extras"
PREFLIGHT_SECONDS = 600


class CodecServer:
    """Answers `POST /decode`, `POST /encode` and `POST /download`, also below a namespace's name.

    Args:
        converter: what encrypts and decrypts, and has the payload store.
        token: what those who ask must send as `Authorization: Bearer …`; without one, anybody who reaches it may ask.
        origin: the one web UI whose pages may ask, as its browser spells it (`https://temporal.example.com`).
        hosts: names by which it may be asked, beside those of this machine itself.
        beyond: whether it listens at more than this machine's own addresses, and so may be asked by any address.
    """

    def __init__(
        self,
        converter: Converter,
        *,
        token: str | None,
        origin: str | None,
        hosts: Collection[str] = (),
        beyond: bool = False,
    ) -> None:
        self.converter = converter
        self.token = token
        self.origin = origin
        self.hosts = frozenset(hosts)
        self.beyond = beyond

    def application(self) -> web.Application:
        """Return the server's routes."""
        application = web.Application(middlewares=[self._guard], client_max_size=LARGEST_REQUEST)
        for name, handler in (("decode", self._decode), ("encode", self._encode), ("download", self._download)):
            application.router.add_post(f"/{name}", handler)
            application.router.add_post(f"/{{namespace}}/{name}", handler)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other pages and strangers, and turn every error into a sentence."""
        if elsewhere := host_refusal(request.headers.get(hdrs.HOST), self.hosts, addresses=self.beyond):
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST, f"{elsewhere} --known-as names others.")
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
        except _BadBody:
            sentence = (
                'The body must be JSON, {"payloads": [{"metadata": {"encoding": …}, "data": …}]}, its bytes in base64.'
            )
            answer = _refusal(HTTPStatus.BAD_REQUEST, sentence)
        except web.HTTPException as error:
            sentence = f"There are {ROUTES}, also below a namespace's name, and nothing else."
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

    async def _encode(self, request: web.Request) -> web.StreamResponse:
        from workers.payloads.payload_store import PayloadStoreError

        given = await _payloads(request)
        try:
            return _answer(await self.converter.kept(given))
        except PayloadStoreError as error:
            return _refusal(HTTPStatus.BAD_GATEWAY, str(error))

    async def _decode(self, request: web.Request) -> web.StreamResponse:
        """Show what can be shown; what cannot is shown as it is, for one such payload must not hide the others."""
        from workers.payloads.references import driver_of, is_out_of_reach

        given = await _payloads(request)
        preserve = request.query.get("preserveStorageRefs", "").lower() == "true"
        found, room = [], LARGEST_ANSWER
        for payload in given:
            if driver_of(payload) is None:
                found.append(self.converter.opened(payload))
                continue
            stored = payload if preserve or room <= 0 else await self.converter.fetched(payload)
            room -= stored.ByteSize()
            found.append(payload if stored is payload or is_out_of_reach(stored) else self.converter.opened(stored))
        return _answer(found)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Give what references stand for: the web UI offers it as a file."""
        from workers.payloads.references import driver_of, is_out_of_reach

        given = await _payloads(request)
        if not all(map(driver_of, given)):
            return _refusal(
                HTTPStatus.BAD_REQUEST, "Only references to payloads of the payload store can be downloaded."
            )
        if self.converter.external_storage is None:
            sentence = "There is no payload store here: TRUNKLINE_PAYLOAD_STORE must be that of the workers."
            return _refusal(HTTPStatus.NOT_FOUND, sentence)  # which the web UI takes for "it cannot do that"
        found, room = [], LARGEST_ANSWER
        for payload in given:
            stored = await self.converter.fetched(payload)
            room -= stored.ByteSize()
            if is_out_of_reach(stored):
                return _refusal(HTTPStatus.BAD_GATEWAY, stored.data.decode())
            if room < 0:
                sentence = f"That is too much at once: {LARGEST_ANSWER:,} bytes are the most that one request gets."
                return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
            found.append(self.converter.opened(stored))
        return _answer(found)


class _BadBody(web.HTTPBadRequest):
    """The body is no list of payloads."""


async def _payloads(request: web.Request) -> Sequence[Payload]:
    from google.protobuf import json_format
    from temporalio.api.common.v1 import Payloads

    body = await request.read()
    try:
        return json_format.ParseDict({"payloads": json.loads(body)["payloads"]}, Payloads()).payloads
    except (json_format.ParseError, ValueError, TypeError, KeyError, RecursionError):
        raise _BadBody from None


def _answer(payloads: Sequence[Payload]) -> web.StreamResponse:
    from google.protobuf import json_format

    return web.json_response({"payloads": [json_format.MessageToDict(payload) for payload in payloads]})


@contextlib.asynccontextmanager
async def listening(server: CodecServer, place: ListenAddress) -> AsyncIterator[ListenAddress]:
    """Serve while the context lasts; its value is the address, with the port that was free where 0 was wished.

    Raises:
        TrunklineError: nothing can listen there.
    """
    async with served(server.application(), place, "--port and --host name another place") as address:
        yield address


def _refusal(status: HTTPStatus, sentence: str) -> web.Response:
    return web.Response(status=status, text=json.dumps({"message": sentence}), content_type="application/json")
