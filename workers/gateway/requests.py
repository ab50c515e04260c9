"""Requests as they are read: bounded, in time, and refused with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy

from trunkline.strict_json import JsonError, read_json

MOST_BODY = 1024 * 1024
BODY_WITHIN = 10.0
"""Seconds that a body may take to arrive."""

MOST_FIELDS = 1_000
CONTINUE = "100-continue"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class RefusalError(Exception):  # it is an answer
    """A request is answered with no; `sentence` says why to whoever has sent it.

    Args:
        status: of the answer.
        sentence: its message.
        headers: more of its headers.
        ends: whether the connection ends with it, because the rest of the request is of no use.
    """

    def __init__(
        self, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None = None, *, ends: bool = False
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})
        self.ends = ends


def media_type(headers: CIMultiDictProxy[str]) -> str:
    """Return the media type of a body, without parameters and in lower case; the empty text where none is said."""
    return headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Say whether a media type is one of JSON's."""
    return kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))


async def read_body(request: web.Request) -> bytes:
    """Return the bytes of a body, as they came.

    Raises:
        Refusal: it is too large (413), or does not arrive (408).
    """
    if (request.content_length or 0) > MOST_BODY:
        raise _too_large()
    if request.headers.get(hdrs.EXPECT, "").lower() == CONTINUE and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MOST_BODY:
                    raise _too_large()
    except TimeoutError:
        raise RefusalError(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The body has not arrived within {BODY_WITHIN:g} s.",
            ends=True,
        ) from None
    except (web.PayloadAccessError, web.RequestPayloadError):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "The body broke off.", ends=True) from None
    return bytes(body)


def _too_large() -> RefusalError:
    sentence = f"A body has at most {MOST_BODY // 1024:,} KiB; this one has more."
    return RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence, ends=True)


def refuse_encoding(headers: CIMultiDictProxy[str]) -> None:
    """Refuse a compressed body: a few bytes of one could become any number.

    Raises:
        Refusal: it is compressed (415).
    """
    encoding = headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower()
    if encoding not in {"identity", ""}:
        sentence = "Bodies are taken as they are: send this one without Content-Encoding."
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, sentence, {"Accept-Encoding": "identity"})


def json_of(body: bytes) -> Any:
    """Return the JSON value of a body.

    Raises:
        Refusal: it is no JSON in UTF-8 (400).
    """
    try:
        return read_json(body.decode())
    except UnicodeDecodeError:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "The body is no text in UTF-8.") from None
    except JsonError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"The body is no JSON: {error}.") from None


def content_of(kind: str, body: bytes) -> Any:
    """Return what a body says: a JSON value, a form's fields by name, or a text.

    Args:
        kind: its media type; where none is said it is read as JSON.
        body: the bytes.

    Raises:
        Refusal: it is not what its type says (400), or of a type that is not read here (415).
    """
    if is_json(kind) or not kind:
        return json_of(body)
    if kind == FORM:
        return _form(body)
    if kind.startswith("text/"):
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "The body is no text in UTF-8.") from None
    raise RefusalError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send JSON ({JSON}), a form ({FORM}) or a text (text/plain), in UTF-8."
    )


def _form(body: bytes) -> dict[str, Any]:
    """Return the fields of a form; what is given several times is a list."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        sentence = f"The body is no form in UTF-8 with at most {MOST_FIELDS:,} fields."
        raise RefusalError(HTTPStatus.BAD_REQUEST, sentence) from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields
