"""A list of subscriptions: who waits for the events of one type and key, or by which fields those of a type are kept.

An event finds the runs that wait for it in two steps: the list of its type says by which fields runs look, and for
each of these the list of type, field and value says which runs. Before, a list for all types that begin alike says, by
being there, whether any run waits at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from trunkline.keyed import JOIN, LEAVE, MEMBERS, SUBSCRIPTIONS, Joining, Subscription

MOST = 5_000
"""Subscriptions of one list: so many can be handed over where its history has become long."""

EMPTY = timedelta(minutes=1)
"""How long a list stays on which nobody is."""


@workflow.defn(name=SUBSCRIPTIONS)
class SubscriptionList:
    """One list; it ends once nobody has been on it for a while.

    Args:
        members: who was on it before, where the history became long.
    """

    @workflow.init
    def __init__(self, members: dict[str, Subscription] | None = None) -> None:
        self.members = members or {}
        self.changes = 0

    @workflow.run
    async def run(self, _members: dict[str, Subscription] | None = None) -> None:
        """Keep the list until it is empty."""
        while True:
            changes = self.changes
            try:
                await workflow.wait_condition(
                    lambda changes=changes: self.changes > changes or _long(),  # type: ignore[misc] # bound at once
                    timeout=self._left(),
                )
            except TimeoutError:
                if not self.members:
                    return
                now = workflow.now()
                self.members = {name: one for name, one in self.members.items() if _until(one) > now}
            if _long():
                workflow.continue_as_new(self.members)

    @workflow.update(name=JOIN)
    def join(self, joining: Joining) -> None:
        """Add a subscription; one that is there lasts as long as the longer of both.

        Raises:
            ApplicationError: the list is full.
        """
        name, new = joining["name"], joining["subscription"]
        old = self.members.get(name)
        if old is None and len(self.members) >= MOST:
            sentence = f"{MOST:,} runs wait for events of this type and key already; no more can."
            raise ApplicationError(sentence, type="ListFull", non_retryable=True)
        if old is None or _until(new) > _until(old):
            self.members[name] = new
            self.changes += 1

    @workflow.signal(name=LEAVE)
    def leave(self, name: str) -> None:
        """Take a subscription out."""
        if self.members.pop(name, None) is not None:
            self.changes += 1

    @workflow.query(name=MEMBERS)
    def who(self) -> dict[str, Subscription]:
        """Return who is on the list, by name."""
        return self.members

    def _left(self) -> timedelta:
        if not self.members:
            return EMPTY
        return max(min(map(_until, self.members.values())) - workflow.now(), timedelta())


def _until(subscription: Subscription) -> datetime:
    return datetime.fromisoformat(subscription["until"])


def _long() -> bool:
    return workflow.info().is_continue_as_new_suggested()
