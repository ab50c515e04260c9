"""The operation that a step carries out, as it was planned or released; what is not at hand is fetched first."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from activities.context import Context
from activities.descriptions.fetching import fetch
from activities.descriptions.source import NotAtHandError
from activities.errors import ActionError, OperationChanged, Refused, UnknownOperation
from activities.operations.connection import Directory
from activities.operations.contract import DescribedOperation


async def expected(where: Directory, action_id: str, context: Context) -> DescribedOperation:
    """Return the operation that people have released, or that was planned.

    Raises:
        Refused: there is none of that name, or its description cannot be used.
        Unavailable: its description cannot be had for now.
        OperationChanged: it is another one by now.
    """
    operation = await _found(where, action_id, context)
    if context.operation not in (None, operation.pin().digest):
        await look_again(where, context)
        operation = await _found(where, action_id, context)
    pin = operation.pin()
    if context.operation is None and pin.fixed:
        raise OperationChanged(
            f"The run did not know {operation.id} when it was planned, or it is a notice's, which cannot wait for "
            "people; nothing was sent."
        )
    if context.operation not in (None, pin.digest):
        raise OperationChanged(
            f"The description of {operation.id} has changed since people released the step, or the run was planned; "
            "nothing was sent."
        )
    return operation


async def look_again(where: Directory, context: Context) -> None:
    """Fetch a description that may have changed, so that people are asked about the operation as it is now."""
    if where.source.remote:
        with suppress(ActionError):
            await fetch(where.source, context.descriptions, context.http, context.conceal)


async def _found(where: Directory, action_id: str, context: Context) -> DescribedOperation:
    try:
        try:
            return await asyncio.to_thread(where.find, action_id)
        except NotAtHandError as missing:
            await fetch(missing.source, context.descriptions, context.http, context.conceal)
        return await asyncio.to_thread(where.find, action_id)
    except UnknownOperation as unknown:
        raise Refused(str(unknown)) from None
