"""The people of the storm: they approve, edit, refuse and give up, by updates and signals, and not always just once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError

from bench.faults.checks import JSON
from bench.faults.definitions import LOOP
from bench.faults.steps import REFUSED, automation_of
from workers.client.decisions import decide
from workers.errors import TrunklineError

ANN, BOB, CLEO, STRANGER = "ann@example.com", "bob@example.com", "cleo@example.com", "mallory@example.com"
EDITED, REVIEWED = 5, 7
"""Amounts that people put in place of the one that they are shown."""

ANSWER = timedelta(seconds=5)
SETTLED = {"accepted", "duplicate", "already_decided"}


@dataclass(slots=True)
class Decision:
    """A decision that somebody has sent.

    Attributes:
        run: workflow id.
        hold: the hold's name.
        step: the step that is held.
        decision: what shall happen.
        by: who decides.
        way: how it was sent: `update`, `signal` or `bulk`.
        sent: when, in Unix seconds.
        amount: the amount in the request that it is about, or into which it changes the request, if it has one.
        result: what was answered; None where no answer came.
    """

    run: str
    hold: str
    step: str
    decision: str
    by: str
    way: str
    sent: float
    amount: int | None = None
    result: str | None = None


@dataclass(slots=True)
class People:
    """Decide about what is held, and write down what they decided and what they heard.

    Attributes:
        client: connected to Temporal.
        chance: decides who is impatient.
        decisions: all that were sent.
    """

    client: Client
    chance: random.Random
    decisions: list[Decision] = field(default_factory=list)
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)

    async def attend(self, run: str) -> None:
        """Decide about each step of a run that is held just now, if a worker says which."""
        handle = self.client.get_workflow_handle(run)
        holds: list[JSON] = []
        with contextlib.suppress(RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            holds = await handle.query("holds", rpc_timeout=ANSWER)
        await asyncio.gather(*(self._judge(run, hold) for hold in holds))

    async def _judge(self, run: str, hold: JSON) -> None:
        if hold["kind"] == "failure":  # a lost answer, or a reset: whoever sends again may send it twice
            await self._send(run, hold, "stop" if automation_of(run) == LOOP else "skip", ANN)
            return
        match hold["step"]:
            case "plain":
                await self._approve(run, hold, self.chance.choice((ANN, BOB)))
            case "quorum":
                await asyncio.gather(self._approve(run, hold, ANN), self._approve(run, hold, CLEO))
            case "edited":
                await self._edit(run, hold, BOB, EDITED)
            case "reviewed":
                await self._review(run, hold)
            case step if step == REFUSED:
                await self._refuse(run, hold)

    async def _approve(self, run: str, hold: JSON, by: str) -> None:
        """Approve by an update or a signal, or by both and more than once, as who is impatient does."""
        ways = self.chance.choice((("update",), ("signal",), ("update", "update"), ("update", "signal", "update")))
        await asyncio.gather(*(self._send(run, hold, "approve", by, way) for way in ways))

    async def _edit(self, run: str, hold: JSON, by: str, amount: int) -> str | None:
        return await self._send(run, hold, "edit", by, edits={"/body/amount": amount})

    async def _review(self, run: str, hold: JSON) -> None:
        """Edit the request first; then two approve what it has become, and one what it was."""
        place = run, hold["hold"]
        if not hold.get("edited"):
            self._digests[place] = hold["digest"]
            await self._edit(run, hold, ANN, REVIEWED)
            return
        late = [self._send(run, hold, "approve", BOB, digest=self._digests[place])] if place in self._digests else []
        await asyncio.gather(*late, self._approve(run, hold, ANN), self._approve(run, hold, CLEO))

    async def _refuse(self, run: str, hold: JSON) -> None:
        """Refuse; before and after that others try to approve, who may not or come too late."""
        await self._send(run, hold, "approve", STRANGER)
        await self._send(run, hold, "reject", CLEO)  # without the reason that it needs
        ways = self.chance.choice((("update",), ("update", "signal"), ("update", "update")))
        sent = (self._send(run, hold, "reject", CLEO, way, reason="Not today.") for way in ways)
        if SETTLED & {*await asyncio.gather(*sent)}:
            await self._send(run, hold, "approve", ANN)

    async def _send(  # what a decision says
        self, run: str, hold: JSON, decision: str, by: str, way: str = "update", **said: Any
    ) -> str | None:
        """Send a decision, and return what was answered."""
        content = {"hold": hold["hold"], "digest": hold["digest"], "by": by, **said}
        amount = _amount(hold, content)
        made = Decision(run, hold["hold"], hold["step"], decision, by, way, time.time(), amount)
        self.decisions.append(made)
        try:
            if way == "signal":
                await self.client.get_workflow_handle(run).signal(decision, content, rpc_timeout=ANSWER)
                made.result = "signaled"
            else:
                made.result = (await decide(self.client, run, {**content, "decision": decision})).result
        except (RPCError, TrunklineError) as error:
            made.result = None if isinstance(error, RPCError) else "not sent"
        return made.result


def _amount(hold: JSON, content: Mapping[str, Any]) -> int | None:
    """Return the amount that a decision is about: of its edit, else of the request that it quotes."""
    for amount in content.get("edits", {}).values():
        return int(amount)
    if content["digest"] != hold["digest"]:
        return None  # of a request that is no more
    body = hold["request"]["config"].get("body")
    amount = body.get("amount") if isinstance(body, dict) else None
    return None if amount is None else int(amount)
