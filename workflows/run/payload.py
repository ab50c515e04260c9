"""Reading what came from outside, so that nothing in it can break a run."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from trunkline.wire import DEEPEST, nests_deeper
from workflows.run.encrypted import MissingKeyError, needs_key

SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class PayloadError(Exception):  # says what the payload is
    """An argument is no JSON that a run can use; the message says why."""


def read(value: RawValue, *, deepest: int = DEEPEST) -> Any:
    """Return an argument's JSON value.

    Args:
        value: what arrived.
        deepest: levels that it may nest.

    Raises:
        PayloadError: it is no JSON, nests too deep, or holds half a character.
        MissingKeyError: it is encrypted under a key that this worker does not have.
    """
    if needs_key(value.payload):
        raise MissingKeyError(value.payload)
    encoding = value.payload.metadata.get("encoding", b"").decode("ascii", "replace")
    if encoding == "binary/null":
        return None
    if encoding not in {"json/plain", "json/protobuf"}:
        raise PayloadError(f"The argument must be JSON; its encoding is {encoding or 'not given'}.")
    try:
        found = json.loads(value.payload.data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"The argument must be JSON that can be read: {error}.") from None
    check_depth(found, deepest)
    check_texts(found, value.payload.data)
    return found


def pack(value: Any) -> RawValue:
    """Return a compressed payload for plans and carried states: small in every history, and sure to fit."""
    data = zlib.compress(json.dumps(value, separators=(",", ":")).encode())
    return RawValue(Payload(metadata={"encoding": b"binary/plain"}, data=data))


def unpack(value: RawValue) -> Any:
    """Return what `pack` was given.

    Raises:
        MissingKeyError: it is encrypted under a key that this worker does not have.
    """
    if needs_key(value.payload):
        raise MissingKeyError(value.payload)
    return json.loads(zlib.decompress(value.payload.data))


def check_depth(value: Any, deepest: int) -> None:
    """Refuse values that nest deeper than anything sensible does.

    Raises:
        PayloadError: it nests deeper.
    """
    if nests_deeper(value, deepest):
        raise PayloadError(f"The argument nests deeper than {deepest} levels.")


def check_texts(value: Any, written: bytes) -> None:
    """Refuse half characters, which cannot be shown or sent on.

    Raises:
        PayloadError: a text holds half of a surrogate pair.
    """
    if SURROGATE.search(written):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise PayloadError("Texts are Unicode; one of this argument holds half of a surrogate pair.") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
