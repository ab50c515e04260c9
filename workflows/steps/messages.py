"""Messages in which a hold can be decided: where each stands is kept, and once the hold is closed each says so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from trunkline.wire import HoldMessage, HoldNotice, NoticeEntry
from workflows import host
from workflows.compiled import CARRIED_OUT
from workflows.errors import StepError, error_entry
from workflows.holds.hold import Hold
from workflows.holds.notice import CHANGED, WITHDRAWN, notice_of
from workflows.program import Notice
from workflows.run.beginning import all_answered
from workflows.run.parallel import cancel_all, finished, run_parallel
from workflows.run.walk import Closing, HeldStep, Walk
from workflows.steps.telling import Telling, note, tell

MOST_POSTED = 50
"""Messages of one hold: what has to be updated goes over to the next run of the chain."""

PARTING = timedelta(seconds=20)
"""How long a run that ends waits for its messages, and then for their updates."""


def post(walk: Walk, held: HeldStep, hold: Hold, notice: Notice, telling: Telling) -> None:
    """Post a message in which a hold can be decided, without waiting for it."""
    telling = replace(telling, content=_content(walk, hold, telling.on))
    task = asyncio.create_task(_post(walk, held, hold, notice, telling))
    walk.notices.append(task)
    walk.messages.posting.setdefault(hold.hold, []).append(task)


async def _post(walk: Walk, held: HeldStep, hold: Hold, notice: Notice, telling: Telling) -> None:
    if len(hold.posted) >= MOST_POSTED:
        error = error_entry(StepError(f"{MOST_POSTED} messages ask about this hold already, so no more is posted."))
        record: NoticeEntry = {"on": telling.on, "label": notice.step.label, "actionType": notice.step.action}
        note(walk, held, {**record, "status": "failed", "error": error})
        return
    with walk.busy():
        sent = await tell(walk, held, telling)
        if sent is None:
            return
        posted: HoldMessage = {
            "notice": notice.step.id,
            "instance": telling.instance,
            "request": sent.request,
            "at": {**sent.answer["result"], "key": sent.key},
        }
        hold.posted.append(posted)
        if sent.found and hold.decision is None and not hold.closed:  # before a reset it may have said otherwise
            await _update(walk, held, posted, _content(walk, hold, telling.on), within=None)


def close(walk: Walk, held: HeldStep, hold: Hold, notice: Notice, telling: Telling) -> None:
    """Have what a notice posted say how the hold was decided; where it posted nothing, a message of its own does."""
    closing = Closing(held=held, hold=hold, notice=notice, content=_content(walk, hold, telling.on))
    walk.messages.closings.append(closing)
    alone = telling if "decided" in notice.on else None
    _begin(walk, _close(walk, closing, alone))


def _begin(walk: Walk, updating: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(updating)
    walk.notices.append(task)
    walk.messages.updating.append(task)


async def _renew(walk: Walk, held: HeldStep, hold: Hold, earlier: list[asyncio.Task[None]]) -> None:
    with walk.busy():
        if unfinished := [task for task in earlier if not task.done()]:
            await host.wait(unfinished)
        if hold.decision is not None or hold.closed:
            return
        content = _content(walk, hold, CHANGED)
        await run_parallel(_update(walk, held, one, content, within=None) for one in [*hold.posted])


def renew(walk: Walk, held: HeldStep, hold: Hold) -> None:
    """Have the messages of a hold show it as it is now, where its request or its people were changed."""
    posting = walk.messages.posting.setdefault(hold.hold, [])
    if not (hold.posted or posting):
        return
    task = asyncio.create_task(_renew(walk, held, hold, [*posting]))
    walk.notices.append(task)
    posting.append(task)


def withdraw(walk: Walk, held: HeldStep, hold: Hold) -> None:
    """Have the messages of a hold say that it is closed, because nothing waits for it any more.

    Where that is because the run ends, `part` has them do so.
    """
    on = "decided" if hold.decision is not None else WITHDRAWN
    for notice in held.step.policy.notices:
        if not notice.updated:
            continue
        closing = Closing(held=held, hold=hold, notice=notice, content=_content(walk, hold, on))
        walk.messages.closings.append(closing)
        if walk.stop is None:
            _begin(walk, _close(walk, closing, None))


async def part(walk: Walk, walking: asyncio.Task[Any]) -> None:
    """Cancel everything of a run that ends, and have messages say so in which its holds could be decided."""
    await finished(_parted(walk, walking))
    await all_answered()
    walk.background.clear()
    walk.notices.clear()


async def _parted(walk: Walk, walking: asyncio.Task[Any]) -> None:
    """Cancel it; what is being posted or updated may come to its end first, as nobody could find it afterwards."""
    messages = walk.messages
    lasting = [*(task for tasks in messages.posting.values() for task in tasks), *messages.updating]
    await cancel_all([walking, *walk.background, *(task for task in walk.notices if task not in lasting)])
    if unfinished := [task for task in lasting if not task.done()]:
        await host.wait(unfinished, timeout=PARTING.total_seconds())
        await cancel_all(unfinished)
    await run_parallel(_close(walk, closing, None, parting=True) for closing in list(messages.closings))
    messages.posting.clear()
    messages.updating.clear()


async def _close(walk: Walk, closing: Closing, alone: Telling | None, *, parting: bool = False) -> None:
    hold, notice = closing.hold, closing.notice
    with walk.busy():
        if posting := [task for task in walk.messages.posting.get(hold.hold, ()) if not task.done()]:
            await host.wait(posting)
        content: HoldNotice = {**closing.content, "outcome": _outcome(closing)}
        mine = [one for one in hold.posted if one["notice"] == notice.step.id]
        if not mine and alone is not None:
            await tell(walk, closing.held, replace(alone, content=content))
        within = PARTING if parting else None
        await run_parallel(_last_update(walk, closing, one, content, within=within) for one in mine)
        walk.messages.closings.remove(closing)


async def _last_update(
    walk: Walk, closing: Closing, one: HoldMessage, content: HoldNotice, *, within: timedelta | None
) -> None:
    await _update(walk, closing.held, one, content, within=within)
    closing.hold.posted.remove(one)  # where it failed, the step's entry says so


async def _update(
    walk: Walk, held: HeldStep, one: HoldMessage, content: HoldNotice, *, within: timedelta | None
) -> None:
    """Update one message, which changes nothing where it is done twice; `within`: the run is ending."""
    step = next(notice.step for notice in held.step.policy.notices if notice.step.id == one["notice"])
    step = replace(
        step,
        repeat="safe",
        looks=False,
        marked=False,
        within=step.within if within is None else within,
        retry=replace(step.retry, non_retryable_error_types=CARRIED_OUT),
    )
    telling = Telling(
        step=step,
        instance=f"{one['instance']}.{content['on']}-{content['version']}",
        on=content["on"],
        make=lambda: one["request"],
        content={**content, "posted": one["at"]},
        parting=within is not None,
    )
    await tell(walk, held, telling)


def _outcome(closing: Closing) -> str | None:
    """Return why nothing follows from the decision."""
    entry = closing.held.entry
    return entry["error"]["message"] if entry["status"] == "superseded" else None


def _content(walk: Walk, hold: Hold, on: str) -> HoldNotice:
    automation = walk.program.plan["automation"]
    return notice_of(hold, on, run=host.info().workflow_id, automation=automation, pages=walk.pages)
