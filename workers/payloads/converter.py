"""The data converter that workers and clients share: plain JSON, and nothing that arrives can break a run."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Self

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.common import RawValue
from temporalio.converter import (
    ActivitySerializationContext,
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ApplicationError, FailureError

from workers.payloads.encryption import WAS_SEALED, Encryption
from workers.payloads.payload_store import PayloadStoreError, payload_store
from workers.payloads.references import MARK, NO_STORE, OTHER_STORE, driver_of, out_of_reach
from workflows.run.encrypted import EncryptedArgument, MissingKeyError, needs_key
from workflows.run.payload import PayloadError, read

DEEPEST = 250
"""Levels of what runs answer: what they were given, 100 deep, stands inside configs, holds and reports there."""

PAUSES = (0.5, 2.0)
"""Seconds before an action's result is stored again; an attempt counts as dead after ten without a sign of life."""


class OrderedJson(JSONPlainPayloadConverter):
    """Temporal's JSON, except that the keys of objects stay in their order: loops go over objects, too."""

    def to_payload(self, value: Any) -> Payload | None:
        """Return a value as JSON."""
        data = json.dumps(value, cls=self._encoder, separators=(",", ":"))
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data.encode())


CONVERTERS = tuple(
    OrderedJson() if isinstance(one, JSONPlainPayloadConverter) else one
    for one in DefaultPayloadConverter.default_encoding_payload_converters
)


class PlainJson(DefaultPayloadConverter):
    """Temporal's default converter, except that an untyped argument that is no JSON becomes a text that says so.

    Objects keep the order of their keys.

    Signals, updates and queries of runs take any arguments; a payload that cannot be decoded would otherwise be dropped
    without a trace in the report, or stall the run.
    """

    def __init__(self) -> None:
        CompositePayloadConverter.__init__(self, *CONVERTERS)

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode payloads; without type hints, whatever they hold.

        Raises:
            MissingKeyError: one is encrypted under a key that is not at hand, or out of reach.
        """
        if type_hints is None:
            return [self._lenient(payload) for payload in payloads]
        for payload, hint in zip(payloads, type_hints, strict=False):
            if hint is not RawValue and needs_key(payload):
                raise MissingKeyError(payload)
        return super().from_payloads(payloads, type_hints)

    def _lenient(self, payload: Payload) -> Any:
        try:
            return read(RawValue(payload), deepest=DEEPEST)
        except PayloadError as error:
            return str(error)


class RunsJson(PlainJson, WithSerializationContext):
    """The same on workers, where what is sent to a run may be unreadable: its handlers learn that, and judge it."""

    def with_context(self, context: SerializationContext) -> PayloadConverter:  # type: ignore[override] # the SDK's own type is too narrow
        """Return the converter of a run's own arguments, or of an activity's."""
        return _ARGUMENTS if isinstance(context, WorkflowSerializationContext) else _PLAIN


class _ArgumentsJson(PlainJson):
    def _lenient(self, payload: Payload) -> Any:
        if needs_key(payload):
            return EncryptedArgument(readable=False, payload=payload)
        value = super()._lenient(payload)
        return EncryptedArgument(readable=True, value=value) if WAS_SEALED in payload.metadata else value


_ARGUMENTS, _PLAIN = _ArgumentsJson(), PlainJson()
"""One of each serves every run and every activity: they keep nothing."""


class PlainFailures(DefaultFailureConverter):
    """Temporal's default, except that what we say of a failure is a sentence without a traceback of Python's.

    An error that nobody expected keeps its traceback. And a failure that cannot be decoded is no failure but a missing
    key.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Write an exception into a failure as people see it in Temporal's web UI."""
        traceback = exception.__traceback__
        if isinstance(exception, FailureError):
            exception.__traceback__ = None
        try:
            super().to_failure(exception, payload_converter, failure)
        finally:
            exception.__traceback__ = traceback

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """Return the exception.

        Raises:
            MissingKeyError: part of it is encrypted under a key that is not at hand, or out of reach.
        """
        parts = [failure.encoded_attributes]
        for info in (failure.application_failure_info, failure.canceled_failure_info):
            parts += info.details.payloads
        parts += failure.timeout_failure_info.last_heartbeat_details.payloads
        for payload in filter(needs_key, parts):
            raise MissingKeyError(payload)
        return super().from_failure(failure, payload_converter)


class EncryptedFailures(PlainFailures):
    """The same, with messages and stack traces where the codec reaches them."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)


@dataclasses.dataclass(frozen=True)
class Converter(DataConverter):
    """Temporal's own, except that a reference to a payload which cannot be fetched breaks nothing by itself.

    Temporal's own fails whatever a reference arrives with, so that anybody who may send a signal could stall a run with
    a reference to nothing. Here whoever needs the value decides: runs and actions wait, decisions are refused.

    Attributes:
        of_activity: whether it serves one activity, whose result is kept after its work is done.
    """

    of_activity: bool = False

    def with_context(self, context: SerializationContext) -> Self:
        """Return the converter for a run or an activity: one for each kind, as nothing of ours asks which it is."""
        known: dict[type[SerializationContext], Self] = self.__dict__.setdefault("_known", {})
        if (found := known.get(type(context))) is not None:
            return found
        found = super().with_context(context)
        if isinstance(context, ActivitySerializationContext):
            if found is self:
                found = dataclasses.replace(self)
            object.__setattr__(found, "of_activity", True)
        known[type(context)] = found
        return found

    async def encode(self, values: Sequence[Any]) -> list[Payload]:
        """Return payloads, in the store where they are large.

        Raises:
            ApplicationError: an action was carried out, and its result cannot be stored.
        """
        if not self.of_activity or self.external_storage is None:
            return await super().encode(values)
        try:
            return await self._encode_patiently(values)
        except PayloadStoreError as error:
            raise ApplicationError(
                f"The action was carried out, but its result could not be kept. {error}", type="OutcomeUnknown"
            ) from None

    async def _encode_patiently(self, values: Sequence[Any]) -> list[Payload]:
        """Try for as long as Temporal still counts the attempt as alive, which gives no sign of life any more."""
        for pause in PAUSES:
            try:
                return await super().encode(values)
            except PayloadStoreError:
                await asyncio.sleep(pause)
        return await super().encode(values)

    async def _decode_reference_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [await self._unwrapped(payload) if MARK in payload.metadata else payload for payload in payloads]

    async def _unwrapped(self, payload: Payload) -> Payload:
        try:
            [found] = await super()._decode_reference_payload_sequence([payload])
        except RuntimeError:  # it is marked as an encrypted reference, and is none
            return payload
        return found

    async def _external_retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        if not any(map(driver_of, payloads)):
            return list(payloads)
        return list(await asyncio.gather(*map(self.fetched, payloads)))

    async def kept(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return payloads as they go to Temporal: encrypted, and references to what is large.

        Raises:
            PayloadStoreError: the payload store does not take one.
        """
        return await self._external_store_payload_sequence(await self._encode_payload_sequence(payloads))

    async def fetched(self, payload: Payload) -> Payload:
        """Return what a reference stands for, or a payload that stands for what could not be fetched."""
        driver = driver_of(payload)
        if driver is None:
            return payload
        if self.external_storage is None:
            return out_of_reach(NO_STORE)
        if driver not in {known.name() for known in self.external_storage.drivers}:
            return out_of_reach(OTHER_STORE.format(driver=driver))
        try:
            [stored] = await super()._external_retrieve_payload_sequence([payload])
        except PayloadStoreError as error:
            return out_of_reach(str(error))
        except Exception:  # noqa: BLE001 # the SDK cannot read the reference: it is a value that makes no sense
            return payload
        found = Payload()
        found.CopyFrom(stored)
        found.metadata[WAS_SEALED] = b"true"
        return found

    def opened(self, payload: Payload) -> Payload:
        """Return a payload as people see it: decrypted where a key fits, without our own notes."""
        found = Payload()
        found.CopyFrom(payload)
        if isinstance(self.payload_codec, Encryption) and needs_key(payload):
            found = self.payload_codec.open(payload) or found
        found.metadata.pop(WAS_SEALED, None)
        return found

    async def _transform_inbound_payload(self, payload: Payload) -> Payload:
        found = await self._decode_reference_payload_sequence([payload])
        found = await self._external_retrieve_payload_sequence(found)
        return (await self._decode_payload_sequence(found))[0]

    async def _transform_inbound_payloads(self, payloads: Payloads) -> None:
        for payload in payloads.payloads:
            payload.CopyFrom(await self._transform_inbound_payload(payload))


DATA_CONVERTER = Converter(payload_converter_class=PlainJson, failure_converter_class=PlainFailures)
"""What clients use where nothing is to be encrypted."""


def data_converter(keys: Sequence[str] = (), store: str | None = None) -> Converter:
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
