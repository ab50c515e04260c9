"""Senders of events: they sign what they deliver to gateways, and deliver it again until it is taken."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp

from workers.sandbox.webhooks.signing import WAYS, Proof, SignedContent

AGAIN_AFTER = (0.5, 5.0)
"""Seconds between a delivery that was not answered and the next, at first and at most; it doubles."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sender delivers.

    Attributes:
        path: the gateway's door.
        proof: how the sender shows who it is.
        id: the same each time this is delivered.
        content: the body, as JSON.
        media_type: of the body.
    """

    path: str
    proof: Proof
    id: str
    content: Any
    media_type: str = "application/json"

    def signed(self) -> tuple[bytes, dict[str, str]]:
        """Return the body's bytes and the headers of a request that is sent now."""
        body = json.dumps(self.content).encode()
        outgoing = SignedContent(self.path, body, self.id, datetime.now(UTC), is_form=False)
        return body, {"Content-Type": self.media_type, **WAYS[self.proof.way](outgoing, self.proof)}


def cloud_event(event: Any, token: str) -> Delivery:
    """Return the delivery of an event of CloudEvents 1.0 to the door that takes these."""
    return Delivery("/events", Proof("bearer", token), event["id"], event, "application/cloudevents+json")


@dataclass(slots=True)
class Senders:
    """Deliver until it is taken.

    Attributes:
        session: makes the requests.
        ports: where gateways listen just now.
        answers: how often what was heard: a status, or why there was none.
        broken: a sentence for each answer that no sender should get.
        answered: whether every request must be answered in time, because no gateway fails.
    """

    session: aiohttp.ClientSession
    ports: Callable[[], Sequence[int]]
    answered: bool
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    async def deliver(self, delivery: Delivery, first: int) -> list[dict[str, Any]]:
        """Deliver to one gateway after the other until one has taken it, and return what it says of the events.

        Args:
            delivery: what to deliver.
            first: which gateway to begin with.

        Returns:
            Nothing where a gateway has refused it for good.
        """
        pause, longest = AGAIN_AFTER
        turn = first
        while True:
            ports = self.ports()
            taken = await self._once(delivery, ports[turn % len(ports)])
            if isinstance(taken, list):
                return taken
            await asyncio.sleep(pause if taken is None else taken)
            turn, pause = turn + 1, min(2 * pause, longest)

    async def _once(self, delivery: Delivery, port: int) -> list[dict[str, Any]] | float | None:
        """Return the events that were taken, else after how many seconds to try again, where that is said."""
        body, headers = delivery.signed()
        address = f"http://127.0.0.1:{port}{delivery.path}"
        try:
            async with self.session.post(address, data=body, headers=headers) as answer:
                content, status, retry = await answer.read(), answer.status, answer.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[_unanswered(error)] += 1
            if self.answered:
                self.broken.append(f"{delivery.id}: the gateway gave no answer ({type(error).__name__}).")
            return None
        self.answers[str(status)] += 1
        if status == HTTPStatus.ACCEPTED:
            events: list[dict[str, Any]] = json.loads(content)["events"]
            return events
        if status == HTTPStatus.SERVICE_UNAVAILABLE and retry is not None:
            return float(retry)
        if status == HTTPStatus.REQUEST_TIMEOUT and not self.answered:
            return None  # a gateway that stood still has not read it in time
        self.broken.append(f"{delivery.id}: the gateway answered {status}: {content[:200].decode(errors='replace')}")
        return []


def _unanswered(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connection refused"
    return "no answer in time" if isinstance(error, TimeoutError) else "connection broken"
