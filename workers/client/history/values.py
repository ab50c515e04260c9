"""Reading the values that rows keep, through encryption and payload store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workflows.run.beginning import INLINE
from workflows.run.payload import read, unpack

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.failure.v1 import Failure
    from temporalio.common import RawValue
    from temporalio.converter import DataConverter

    from workers.client.history.rows import Start


class HistoryValues:
    """Reads values with the keys and the payload store that a client has.

    Each method raises MissingKeyError where something is encrypted under a key that is not at hand, or out of reach.

    Args:
        converter: the client's.
    """

    def __init__(self, converter: DataConverter) -> None:
        self._converter = converter

    async def value(self, payloads: Sequence[Payload]) -> Any:
        """Return the JSON value of the first payload; None where there is none.

        Raises:
            PayloadError: it is no JSON.
        """
        return next((read(one) for one in await self._raw(payloads[:1])), None)

    async def packed(self, payload: Payload) -> Any:
        """Return what `workflows.run.payload.pack` was given.

        Raises:
            ValueError, zlib.error: it was packed by nobody.
        """
        [raw] = await self._raw([payload])
        return unpack(raw)

    async def failure(self, failure: Failure) -> BaseException:
        """Return what a failure was raised as."""
        copied = type(failure)()
        copied.CopyFrom(failure)  # decoding changes it
        return await self._converter.decode_failure(copied)

    async def _raw(self, payloads: Sequence[Payload]) -> list[RawValue]:
        from temporalio.common import RawValue

        hints: list[Any] = [RawValue] * len(payloads)
        return await self._converter.decode(payloads, hints)


async def given(start: Start, values: HistoryValues) -> tuple[str, Any]:
    """Return the automation that a run was started for, and what it was given as its event.

    Raises:
        MissingKeyError: that is encrypted under a key that is not at hand, or out of reach.
        PayloadError: it is no JSON.
    """
    value = await values.value(start.input)
    if start.workflow_type == INLINE and isinstance(value, Mapping) and isinstance(value.get("automation"), Mapping):
        return str(value["automation"].get("name")), value.get("event")
    return start.workflow_type, value
