"""The entrance of every door for events: nothing is said about a body before it is known who has sent it."""

from __future__ import annotations

import time
from http import HTTPStatus

from aiohttp import hdrs, web

from workers.gateway.parts import Verify
from workers.gateway.requests import RefusalError, read_body, refuse_encoding
from workers.gateway.verification import Claims

CHALLENGES = {"bearer": "Bearer", "basic": 'Basic realm="events", charset="UTF-8"'}


async def verified_body(request: web.Request, verify: Verify, base_url: str | None) -> bytes:
    """Return the bytes of a request that has shown who sent it.

    Args:
        request: the request.
        verify: how it must show it.
        base_url: the gateway's public address; senders that sign addresses need it.

    Raises:
        Refusal: it has not (401), is too large (413), compressed (415) or does not arrive (408).
    """
    url = f"{base_url or ''}{request.raw_path}"
    if verify.by_headers and not verify.admits(Claims(request.headers, b"", url, time.time())):
        raise _stranger(verify)
    body = await read_body(request)
    if not verify.by_headers and not verify.admits(Claims(request.headers, body, url, time.time())):
        raise _stranger(verify)
    refuse_encoding(request.headers)
    return body


def _stranger(verify: Verify) -> RefusalError:
    sentence = f"This request does not show who has sent it: it must be verified as `{verify.kind}` says."
    challenge = CHALLENGES.get(verify.kind)
    return RefusalError(HTTPStatus.UNAUTHORIZED, sentence, {hdrs.WWW_AUTHENTICATE: challenge} if challenge else None)
