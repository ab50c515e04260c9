"""The data converter that workers and clients share: plain JSON, and nothing that arrives can break a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.converter import DataConverter, DefaultPayloadConverter

from workflows.payload import BadPayload, read


class PlainJson(DefaultPayloadConverter):
    """Temporal's default converter, except that an untyped argument that is no JSON becomes a text that says so.

    Signals, updates and queries of runs take any arguments; a payload that cannot be decoded would otherwise be dropped
    without a trace in the report, or stall the run.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode payloads; without type hints, whatever they hold."""
        if type_hints is not None:
            return super().from_payloads(payloads, type_hints)
        return [self._lenient(payload) for payload in payloads]

    def _lenient(self, payload: Payload) -> Any:
        try:
            return read(RawValue(payload))
        except BadPayload as error:
            return str(error)


DATA_CONVERTER = dataclasses.replace(DataConverter.default, payload_converter_class=PlainJson)
