"""The local activities by which a run asks its worker for its plan, and gives way to others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from activities.descriptions.source import NotAtHandError
from trunkline.durations import SECOND, spell
from trunkline.wire import (
    KNOWN,
    PLAN,
    YIELD,
    PlanAnswer,
    PlanParking,
    PlanQuestion,
    PlanRefusal,
    RunSettings,
)
from workers.definitions.automations import (
    Automations,
    UnknownAutomationError,
    UnsettledError,
)
from workers.definitions.roster import BadAutomationError
from workers.definitions.runnable import UnfitEventError
from workers.process.limits import Limits
from workers.process.pinning import Pinning
from workflows.plan import Plan
from workflows.run.payload import pack

INLINE_OFF = (
    "This worker runs no inline definitions, because whoever may start one may use all of its secrets and connections: "
    "put the definition into its folder of automations and start it by name, or set TRUNKLINE_INLINE=on for the worker."
)

KEPT_PLANS = 200
"""Answers that are kept as they go into histories."""

REFUSALS = {UnknownAutomationError: "UnknownAutomation", UnfitEventError: "InvalidEvent"}


class PlanActivities:
    """What runs may ask of this worker.

    Args:
        automations: the worker's definitions.
        attributes: whether the namespace has our search attributes.
        web_ui: address of the web UI, for `{{run.url}}`.
        pages: address of a gateway with pages, for `{{hold.url}}`.
        state_limit: bytes that a run's variables, report and audit may take together.
        limits: the limits of the worker's connections.
        inline: whether runs may bring their own definition.
        unknown_for: seconds that a run waits for a worker that knows its automation.
        pinning: pins the operations of described services.
    """

    def __init__(  # noqa: PLR0913 - what the worker's settings say, by name
        self,
        automations: Automations,
        *,
        attributes: bool,
        web_ui: str | None,
        pages: str | None = None,
        state_limit: int,
        limits: Limits,
        inline: bool,
        unknown_for: float = 0.0,
        pinning: Pinning | None = None,
    ) -> None:
        self.automations = automations
        self.inline = inline
        self.unknown_for = unknown_for
        self.limits = limits
        self.pinning = pinning
        self._packed: dict[tuple[str, str | None], bytes] = {}
        self.settings: RunSettings = {
            "attributes": attributes,
            "dated": attributes,  # histories of workers that knew no dates of holds go on without
            "webUi": web_ui,
            "pages": pages,
            "stateLimit": state_limit,
        }

    def activities(self) -> list[Callable[..., Any]]:
        """Return the activities to register."""
        return [self.plan, self.known, self.rest]

    @activity.defn(name=PLAN)
    async def plan(self, question: dict[str, Any]) -> RawValue:
        """Return the plan of a named or inline automation, or why there is none (for ever, or for now)."""
        answer = await self.automations.aside(partial(self._answer, cast("PlanQuestion", question)))
        if "plan" not in answer:
            return pack(answer)
        key = answer["plan"]["id"], answer.get("outdated")
        data = self._packed.pop(key, None)
        if data is None:
            data = pack({**answer, **self.settings, **self.limits.of(answer["plan"])}).payload.SerializeToString()
        self._packed[key] = data  # as the youngest; a plan is compressed once, and not for each of its runs
        if len(self._packed) > KEPT_PLANS:
            del self._packed[next(iter(self._packed))]
        return RawValue(Payload.FromString(data))

    def _answer(self, question: PlanQuestion) -> PlanAnswer[Plan] | PlanRefusal | PlanParking:
        if "inline" in question and not self.inline:
            return {"refused": INLINE_OFF, "type": "InlineOff"}
        outdated = None
        try:
            if "inline" in question:
                plan = self.automations.inline(question["inline"], question["event"])
            else:
                plan = self.automations.plan(question["automation"], question["event"])
                outdated = self.automations.outdated(question["automation"])
        except (UnknownAutomationError, UnfitEventError) as error:
            return self._nothing(error, question.get("waited", 0.0))
        except (UnsettledError, BadAutomationError) as error:
            if "inline" in question:
                return {"refused": str(error), "type": "BadAutomation"}
            return {"parked": str(error)}
        try:
            plan = self.pinning.pinned(plan) if self.pinning else plan
        except NotAtHandError as missing:
            return {"parked": str(missing)}
        return {"plan": plan, "outdated": outdated} if outdated else {"plan": plan}

    def _nothing(self, error: UnknownAutomationError | UnfitEventError, waited: float) -> PlanRefusal | PlanParking:
        if isinstance(error, UnknownAutomationError) and waited < self.unknown_for:
            most = spell(round(self.unknown_for * SECOND))
            return {"parked": f"{error} The run waits for a worker that knows it, at most {most}.", "unknown": True}
        return {"refused": str(error), "type": REFUSALS[type(error)]}

    @activity.defn(name=KNOWN)
    async def known(self, automation: str) -> bool:
        """Say whether this worker has an automation that can run."""
        return await self.automations.aside(lambda: automation in self.automations.names())

    @activity.defn(name=YIELD)
    async def rest(self) -> None:
        """Do nothing: a run that has much to do lets others have their turn."""
