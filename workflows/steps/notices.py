"""Notices: ordinary actions that tell people about a hold; whatever becomes of them, the hold waits on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from trunkline.wire import Request
from workflows import host
from workflows.holds.hold import Hold
from workflows.holds.request import request_of
from workflows.holds.wording import hold_address
from workflows.plan import Occasion
from workflows.program import Notice
from workflows.run.walk import HeldStep, Walk
from workflows.steps.messages import close, post
from workflows.steps.telling import Telling, tell

SHOWN = (
    *("hold", "step", "label", "actionType", "kind", "request", "digest", "openedAt", "deadline"),
    *("approvers", "quorum", "votes", "error"),
)


def notify(walk: Walk, held: HeldStep, hold: Hold, on: Occasion, count: int = 0) -> None:
    """Tell about a hold those whom its policy names for the occasion, without waiting for them.

    Messages in which it can be decided say once it is closed, whatever their policy names.

    Args:
        walk: the walk that holds.
        held: the step.
        hold: its hold.
        on: what happened.
        count: tells one reminder from the next.
    """
    notices = [notice for notice in held.step.policy.notices if on in notice.on or (notice.updated and on == "decided")]
    if not notices:
        return
    shown = hold.to_json()
    about: dict[str, Any] = {name: shown.get(name) for name in SHOWN}
    about.update(id=hold.hold, missing=list(hold.missing), status=on, decision=hold.decision)
    about["url"] = None if walk.pages is None else hold_address(walk.pages, host.info().workflow_id, hold.hold)
    for notice in notices:
        instance = f"{hold.hold}.{notice.step.id}.{on}{f'-{count}' if count else ''}"
        telling = Telling(
            step=notice.step, instance=instance, on=on, make=partial(_rendered, walk, held, notice, about)
        )
        if not notice.updated:
            walk.notices.append(asyncio.create_task(_tell(walk, held, telling)))
        elif on == "decided":
            close(walk, held, hold, notice, telling)
        else:
            post(walk, held, hold, notice, telling)


async def _tell(walk: Walk, held: HeldStep, telling: Telling) -> None:
    await tell(walk, held, telling)


def _rendered(walk: Walk, held: HeldStep, notice: Notice, about: dict[str, Any]) -> Request:
    roots = {**walk.roots(held.frame), "hold": about}
    return request_of(notice.step, notice.step.config.render(roots, host.now(), walk.work_budget.spend))
