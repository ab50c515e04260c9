"""Telling: one notice about a hold sent as an ordinary action, and what became of it written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from trunkline.wire import Answer, Entry, HoldNotice, NoticeEntry, Request
from workflows import host
from workflows.errors import StepError, error_entry
from workflows.language.template import TemplateError
from workflows.program import ActionStep
from workflows.report import timestamp
from workflows.run.failure import Failure
from workflows.run.walk import HeldStep, Walk
from workflows.steps.send import Outgoing, send

MOST_NOTED = 10
"""Notices that a step's entry lists, the last ones."""

LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One notice that is about to be sent.

    Attributes:
        step: its action.
        instance: its own id, unique within the run.
        on: what happened.
        make: renders what is sent, at the time at which it is.
        content: what a message in which the hold can be decided says.
        parting: whether it is sent although the run is ending.
    """

    step: ActionStep
    instance: str
    on: str
    make: Callable[[], Request]
    content: HoldNotice | None = None
    parting: bool = False


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice that was sent.

    Attributes:
        request: what was sent.
        answer: what its action gave.
        key: its idempotency key.
        found: whether it was sent before, and found again.
    """

    request: Request
    answer: Answer
    key: str
    found: bool


async def tell(walk: Walk, held: HeldStep, telling: Telling) -> SentNotice | None:
    """Send a notice and note what became of it; None where it failed."""
    step = telling.step
    record: NoticeEntry = {"on": telling.on, "label": step.label, "actionType": step.action}
    entry: Entry = {"id": telling.instance}
    sent: SentNotice | None = None
    try:
        request = telling.make()
        with walk.busy():
            outgoing = Outgoing(request, notice=telling.content, parting=telling.parting)
            answer = await send(walk, step, entry, outgoing)
        if isinstance(answer, Failure):
            record.update({"status": "unknown" if answer.unknown else "failed", "error": answer.error()})
        else:
            record["status"] = "succeeded"
            sent = SentNotice(request, answer, entry["key"], entry.get("found", False))
    except asyncio.CancelledError:
        _settle(walk, held, telling, {**record, "status": "canceled"})
        raise
    except (TemplateError, StepError) as error:
        record.update({"status": "failed", "error": error_entry(error)})
    _settle(walk, held, telling, record)  # and not in `finally`, where a worker that ends throws its runs away
    return sent


def _settle(walk: Walk, held: HeldStep, telling: Telling, record: NoticeEntry) -> None:
    walk.state.memory.pop(telling.instance, None)
    note(walk, held, record)


def note(walk: Walk, held: HeldStep, record: NoticeEntry) -> None:
    """Write down in a step's entry what became of a notice."""
    record["at"] = timestamp(host.now())
    if "error" in record:
        record["error"] = {**record["error"], "message": record["error"]["message"][:LONGEST_ERROR]}
    earlier = held.entry.get("notified", [])
    walk.state.report.note(held.entry, "notified", [*earlier, record][-MOST_NOTED:])
