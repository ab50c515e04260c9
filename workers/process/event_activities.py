"""The activities by which runs subscribe to events, and by which an event is brought to those that wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from trunkline.keyed import DELIVER, SUBSCRIBE, UNSUBSCRIBE, EventDelivery, Leaving, Wish
from workers.client.subscriptions import Subscriptions

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.payloads.keyed_hash import KeyedHash


class EventActivities:
    """What runs and dispatched events ask about who waits.

    Args:
        client: connected to the namespace of the runs.
        keyed: makes the workflow ids of lists.
    """

    def __init__(self, client: Client, keyed: KeyedHash) -> None:
        self.subscriptions = Subscriptions(client, keyed)

    def activities(self) -> list[Callable[..., Any]]:
        """Return the activities to register."""
        return [self.subscribe, self.unsubscribe, self.deliver]

    @activity.defn(name=SUBSCRIBE)
    async def subscribe(self, wish: dict[str, Any]) -> str:
        """Let a run be found by the events that it waits for, and return its list.

        Raises:
            ApplicationError: the list is full.
        """
        try:
            return await self.subscriptions.subscribe(cast("Wish", wish))
        except WorkflowUpdateFailedError as error:
            raise _error(error) from None

    @activity.defn(name=UNSUBSCRIBE)
    async def unsubscribe(self, args: dict[str, Any]) -> None:
        """Take a run out of a list."""
        leaving = cast("Leaving", args)
        await self.subscriptions.leave(leaving["list"], leaving["run"])

    @activity.defn(name=DELIVER)
    async def deliver(self, event: dict[str, Any]) -> list[EventDelivery]:
        """Bring an event to every run that waits for it."""
        return await self.subscriptions.deliver(event)


def _error(error: WorkflowUpdateFailedError) -> Exception:
    """Return what is wrong as the run's step says it; what may pass is tried again."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        return ApplicationError(cause.message, type=cause.type, non_retryable=True)
    return error
