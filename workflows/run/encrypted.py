"""What a run does about payloads that its worker cannot read: it waits, except for decisions, which it refuses.

Either they are encrypted under a key that the worker does not have, or the payload store does not give them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

from trunkline.wire import RECORD, SENDING
from workflows import host
from workflows.run.parallel import cancellation
from workflows.run.worker_calls import ANSWER

ENCRYPTED = b"binary/encrypted"
"""The encoding of an encrypted payload, as Temporal's own samples call it."""
KEY_ID = "encryption-key-id"

OUT_OF_REACH = b"binary/out-of-reach"
"""The encoding of what stands for a payload that the payload store does not give: a sentence that says why."""

UNREADABLE = (
    "The decision cannot be read: it is encrypted under a key that the worker does not have, "
    "or lies in a payload store that did not give it to the worker."
)

PAUSE = timedelta(seconds=15)


class MissingKeyError(Exception):  # says what is wrong
    """Something is encrypted under a key that is not at hand, or out of reach: a task that needs it waits for it."""

    def __init__(self, payload: Payload) -> None:
        if payload.metadata.get("encoding") == OUT_OF_REACH:
            super().__init__(payload.data.decode("utf-8", "replace"))
            return
        name = payload.metadata.get(KEY_ID, b"").decode("utf-8", "replace")
        super().__init__(
            f"This is encrypted under the key {name!r:.100}, and TRUNKLINE_ENCRYPTION_KEYS has no such key here, "
            "or another one under that name."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedArgument:
    """An argument of a signal, update or query that arrived encrypted, or by way of the payload store.

    Attributes:
        readable: whether this worker has the key, and the store gave it.
        value: what it says, where it is readable.
        payload: what arrived, where it is not.
    """

    readable: bool
    value: Any = None
    payload: Payload | None = None


def needs_key(payload: Payload) -> bool:
    """Say whether a payload is (still) encrypted, or stands for one that is out of reach."""
    return payload.metadata.get("encoding") in {ENCRYPTED, OUT_OF_REACH}


async def opened(arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return the arguments of a decision as plain values, or None where they could not be read when they came.

    Whether they could is written down, so that what comes later changes nothing about what was decided.

    Raises:
        MissingKeyError: they were read, but the worker that replays this can read them no more; its task waits until
            it can.
    """
    sealed = [argument for argument in arguments if isinstance(argument, EncryptedArgument)]
    if not sealed:
        return arguments
    if not await ask_any(RECORD, all(argument.readable for argument in sealed)):
        return None
    for argument in sealed:
        if argument.payload is not None:
            raise MissingKeyError(argument.payload)
    return tuple(argument.value if isinstance(argument, EncryptedArgument) else argument for argument in arguments)


async def call(activity: str, argument: Any, **options: Any) -> Any:
    """Run an activity; where the workers that took it could not read its argument, run it again until one can."""
    while True:
        try:
            return await host.execute_activity(activity, argument, **options)
        except ActivityError as error:
            if not was_unreadable(error):
                raise
        await wait_for_key()


async def ask_any(activity: str, question: Any) -> Any:
    """Ask any worker, and return what it answers; what a decision waits for is asked so.

    Temporal's SDK (1.35) loses the answer to an update where a replay comes to it at the very end of a history, and
    then every workflow task of the run fails. That is so where a worker ended between the answer of a local activity
    and that of the update. The answer of any other activity is an event, which a workflow task of its own follows.
    """
    with cancellation():
        return await call(activity, question, start_to_close_timeout=ANSWER)


async def wait_for_key() -> None:
    """Wait until perhaps another worker takes what the last one could not read."""
    await host.sleep(PAUSE, summary="Waiting for a worker that has the encryption key")


def was_unreadable(error: ActivityError) -> bool:
    """Say whether an activity ended only because its workers could not read its argument."""
    cause: BaseException | None = error.cause
    if isinstance(cause, TimedOut) and SENDING in cause.last_heartbeat_details:
        return False
    while cause is not None:
        if isinstance(cause, ApplicationError) and cause.type == MissingKeyError.__name__:
            return True
        cause = cause.__cause__
    return False
