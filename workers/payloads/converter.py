"""The data converter that workers and clients share: plain JSON, and nothing that arrives can break a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from workers.payloads.encryption import WAS_ENCRYPTED, Encryption
from workers.payloads.payload_store import payload_store
from workflows.encrypted import MissingKey, Sealed, needs_key
from workflows.payload import BadPayload, read

DEEPEST = 250
"""Levels of what runs answer: what they were given, 100 deep, stands inside configs, holds and reports there."""


class PlainJson(DefaultPayloadConverter):
    """Temporal's default converter, except that an untyped argument that is no JSON becomes a text that says so.

    Signals, updates and queries of runs take any arguments; a payload that cannot be decoded would otherwise be dropped
    without a trace in the report, or stall the run.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode payloads; without type hints, whatever they hold.

        Raises:
            MissingKey: one is encrypted under a key that is not at hand.
        """
        if type_hints is None:
            return [self._lenient(payload) for payload in payloads]
        for payload, hint in zip(payloads, type_hints, strict=False):
            if hint is not RawValue and needs_key(payload):
                raise MissingKey(payload)
        return super().from_payloads(payloads, type_hints)

    def _lenient(self, payload: Payload) -> Any:
        try:
            return read(RawValue(payload), deepest=DEEPEST)
        except BadPayload as error:
            return str(error)


class RunsJson(PlainJson, WithSerializationContext):
    """The same on workers, where what is sent to a run may be unreadable: its handlers learn that, and judge it."""

    def with_context(self, context: SerializationContext) -> PayloadConverter:  # type: ignore[override] # the SDK's own type is too narrow
        """Return the converter of a run's own arguments, or of an activity's."""
        return _ArgumentsJson() if isinstance(context, WorkflowSerializationContext) else PlainJson()


class _ArgumentsJson(PlainJson):
    def _lenient(self, payload: Payload) -> Any:
        if needs_key(payload):
            return Sealed(readable=False, payload=payload)
        value = super()._lenient(payload)
        return Sealed(readable=True, value=value) if WAS_ENCRYPTED in payload.metadata else value


class PlainFailures(DefaultFailureConverter):
    """Temporal's default, except that a failure which cannot be decoded is no failure but a missing key."""

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """Return the exception.

        Raises:
            MissingKey: part of it is encrypted under a key that is not at hand.
        """
        parts = [failure.encoded_attributes]
        for info in (failure.application_failure_info, failure.canceled_failure_info):
            parts += info.details.payloads
        parts += failure.timeout_failure_info.last_heartbeat_details.payloads
        for payload in filter(needs_key, parts):
            raise MissingKey(payload)
        return super().from_failure(failure, payload_converter)


class EncryptedFailures(PlainFailures):
    """The same, with messages and stack traces where the codec reaches them."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)


DATA_CONVERTER = dataclasses.replace(
    DataConverter.default, payload_converter_class=PlainJson, failure_converter_class=PlainFailures
)
"""What clients use where nothing is to be encrypted."""


def data_converter(keys: Sequence[str] = (), store: str | None = None) -> DataConverter:
    """Return the converter of clients.

    Args:
        keys: keys (`id:base64`); what it writes is encrypted under the first.
        store: where large payloads go, encrypted or not (see `payload_store`).
    """
    converter = DATA_CONVERTER
    if keys:
        converter = dataclasses.replace(
            converter, payload_codec=Encryption.of(keys), failure_converter_class=EncryptedFailures
        )
    if store is not None:
        converter = dataclasses.replace(converter, external_storage=payload_store(store))
    return converter


def of_worker(converter: DataConverter) -> DataConverter:
    """Return what a worker (or a replay) uses where its clients use `converter`."""
    return dataclasses.replace(converter, payload_converter_class=RunsJson)


def client_of_worker(client: Client) -> Client:
    """Return a client over the same connection for a worker to work with."""
    options = client.config()
    options["data_converter"] = of_worker(options["data_converter"])
    return Client(**options)
