"""What asks a service for its description has in the place of an attempt's surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from activities.budgets import Amounts, Reservation
from activities.connections import Connections
from activities.context import Context
from activities.descriptions.source import Conceal
from activities.errors import Refused
from activities.runs import EndedRun, PlannedRun
from trunkline.keyed import Change, RecallAnswer, RememberAnswer

if TYPE_CHECKING:
    from activities.http_client.client import Client

SECONDS = 60.0
"""How long one request may take."""


class _NoBudgets:
    """Reading a description uses no budget."""

    async def reserve(self, account: str, amounts: Amounts, limits: Amounts) -> Reservation:
        del amounts, limits
        raise Refused(f"The budget of {account!r} is for actions.")

    async def settle(self, reservation: Reservation, used: Amounts) -> None:
        del reservation, used


class _NoPauses:
    """Reading a description pauses nobody."""

    async def left(self, account: str) -> float:
        del account
        return 0.0

    async def begin(self, account: str, seconds: float) -> None:
        del account, seconds


class _NoRuns:
    """Reading a description starts no runs."""

    async def plan(
        self, automation: str, data: Mapping[str, Any], starts_at: datetime, *, key: str, by: str
    ) -> PlannedRun:
        del data, starts_at, key, by
        raise Refused(f"Runs of {automation!r} are for actions.")

    async def ended(self, automation: str, *, key: str) -> EndedRun:
        del key
        raise Refused(f"Runs of {automation!r} are for actions.")


class _NoValues:
    """Reading a description remembers nothing."""

    async def remember(self, automation: str | None, key: str, change: Change) -> RememberAnswer:
        del automation, change
        raise Refused(f"What is kept under {key!r} is for actions.")

    async def recall(self, automation: str | None, key: str) -> RecallAnswer:
        del automation
        raise Refused(f"What is kept under {key!r} is for actions.")


async def _nothing() -> None:
    """Nothing is marked: a description is read without an effect."""


def _kept(_progress: Any) -> None:
    """Nothing is kept for another attempt."""


def reading_context(http: Client, conceal: Conceal) -> Context:
    """Return surroundings in which a service is asked for its description.

    Args:
        http: the guarded client.
        conceal: scrubs tokens that are asked for on the way.
    """
    return Context(
        action="",
        key="",
        run="",
        automation="",
        attempt=1,
        timeout=SECONDS,
        http=http,
        connections=Connections({}, ()),
        files=None,
        progress=None,
        heartbeat=_kept,
        sending=_nothing,
        conceal=conceal,
        budgets=_NoBudgets(),
        pauses=_NoPauses(),
        runs=_NoRuns(),
        kept_values=_NoValues(),
    )
