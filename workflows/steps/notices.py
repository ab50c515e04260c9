"""Notices: ordinary actions that tell people about a hold; whatever becomes of them, the hold waits on."""

from __future__ import annotations

import asyncio
from typing import Any

from workflows import host
from workflows.errors import StepError, error_entry
from workflows.holds.hold import Hold
from workflows.holds.request import request_of
from workflows.holds.wording import hold_address
from workflows.language.template import TemplateError
from workflows.plan import Occasion
from workflows.program import Notice
from workflows.report import timestamp
from workflows.run.failure import Failure
from workflows.run.walk import HeldStep, Walk
from workflows.steps.send import Outgoing, send

MOST_NOTED = 10
"""Notices that a step's entry lists, the last ones."""

LONGEST_ERROR = 300

SHOWN = (
    *("hold", "step", "label", "actionType", "kind", "request", "digest", "openedAt", "deadline"),
    *("approvers", "quorum", "votes", "error"),
)


def notify(walk: Walk, held: HeldStep, hold: Hold, on: Occasion, count: int = 0) -> None:
    """Tell about a hold those whom its policy names for the occasion, without waiting for them.

    Args:
        walk: the walk that holds.
        held: the step.
        hold: its hold.
        on: what happened.
        count: tells one reminder from the next.
    """
    notices = [notice for notice in held.step.policy.notices if on in notice.on]
    if not notices:
        return
    shown = hold.to_json()
    about: dict[str, Any] = {name: shown.get(name) for name in SHOWN}
    about.update(id=hold.hold, missing=list(hold.missing), status=on, decision=hold.decision)
    about["url"] = None if walk.pages is None else hold_address(walk.pages, host.info().workflow_id, hold.hold)
    for notice in notices:
        instance = f"{hold.hold}.{notice.step.id}.{on}{f'-{count}' if count else ''}"
        walk.notices.append(asyncio.create_task(_tell(walk, held, notice, instance, about)))


async def _tell(walk: Walk, held: HeldStep, notice: Notice, instance: str, about: dict[str, Any]) -> None:
    record: dict[str, Any] = {"on": about["status"], "label": notice.step.label, "actionType": notice.step.action}
    try:
        roots = {**walk.roots(held.frame), "hold": about}
        rendered = notice.step.config.render(roots, host.now(), walk.work_budget.spend)
        with walk.busy():
            answer = await send(walk, notice.step, {"id": instance}, Outgoing(request_of(notice.step, rendered)))
        if isinstance(answer, Failure):
            record.update(status="unknown" if answer.unknown else "failed", error=answer.error())
        else:
            record["status"] = "succeeded"
    except asyncio.CancelledError:
        record["status"] = "canceled"
        raise
    except (TemplateError, StepError) as error:
        record.update(status="failed", error=error_entry(error))
    finally:
        walk.state.memory.pop(instance, None)
        _note(walk, held, record)


def _note(walk: Walk, held: HeldStep, record: dict[str, Any]) -> None:
    record["at"] = timestamp(host.now())
    if "error" in record:
        record["error"] = {**record["error"], "message": record["error"]["message"][:LONGEST_ERROR]}
    earlier = held.entry.get("notified", [])
    walk.state.report.note(held.entry, "notified", [*earlier, record][-MOST_NOTED:])
