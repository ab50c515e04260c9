"""References: what Temporal keeps in place of a payload that lies in the payload store."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference

from workflows.run.encrypted import OUT_OF_REACH

OLD_ENCODING = b"json/external-storage-reference"
MESSAGE = b"temporal.api.sdk.v1.ExternalStorageReference"

MARK = "__temporal_external_storage_reference"
"""Metadata of a reference that has been encrypted; today's SDK reads such ones, and writes none."""

NO_STORE = (
    "A payload lies in a payload store, and none is set here: "
    "TRUNKLINE_PAYLOAD_STORE must be the one that it was written with."
)
OTHER_STORE = (
    "A payload lies in another kind of payload store ({driver:.100}) than the one that is set here: "
    "TRUNKLINE_PAYLOAD_STORE must be the one that it was written with."
)


def driver_of(payload: Payload) -> str | None:
    """Return the name of the driver that a reference names, or None where the payload is no reference that can be read.

    What merely claims to be one is left as it is: it is judged like any other value that makes no sense.
    """
    encoding = payload.metadata.get("encoding")
    if encoding == OLD_ENCODING:
        return _old_driver(payload.data)
    if encoding != b"json/protobuf" or payload.metadata.get("messageType") != MESSAGE:
        return None
    try:
        reference = json_format.Parse(payload.data, ExternalStorageReference())
    except (json_format.ParseError, ValueError, RecursionError):
        return None
    return reference.driver_name if reference.driver_name and reference.claim_data else None


def _old_driver(data: bytes) -> str | None:
    try:
        match json.loads(data):
            case {"driver_name": str(name), "driver_claim": {"claim_data": dict(claim)}}:
                content: dict[Any, Any] = claim
                return name if content and all(isinstance(part, str) for part in content.values()) else None
    except (ValueError, RecursionError):
        return None
    return None


def out_of_reach(sentence: str) -> Payload:
    """Return what stands for a payload that could not be fetched: whoever needs it waits, with this sentence."""
    return Payload(metadata={"encoding": OUT_OF_REACH}, data=sentence.encode())


def is_out_of_reach(payload: Payload) -> bool:
    """Say whether a payload stands for one that could not be fetched."""
    return payload.metadata.get("encoding") == OUT_OF_REACH
