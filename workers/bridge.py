"""The local activities by which a run asks its worker: for the plan, and which automations an event concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio import activity
from temporalio.common import RawValue

from workers.automations import Automations, BadAutomation, UnfitEvent, UnknownAutomation
from workers.process.limits import Limits
from workflows.automation import PLAN
from workflows.dispatch import MATCH
from workflows.pace import REST
from workflows.payload import pack


class Bridge:
    """What runs may ask of this worker.

    Args:
        automations: the worker's definitions.
        attributes: whether the namespace has our search attributes.
        web_ui: address of the web UI, for `{{run.url}}`.
        state_limit: bytes that a run's variables, report and audit may take together.
        limits: the limits of the worker's connections.
    """

    def __init__(
        self, automations: Automations, *, attributes: bool, web_ui: str | None, state_limit: int, limits: Limits
    ) -> None:
        self.automations = automations
        self.limits = limits
        self.settings = {"attributes": attributes, "webUi": web_ui, "stateLimit": state_limit}

    def activities(self) -> list[Callable[..., Any]]:
        """Return the local activities to register."""
        return [self.plan, self.match, self.rest]

    @activity.defn(name=PLAN)
    async def plan(self, asked: dict[str, Any]) -> RawValue:
        """Return the plan of a named or inline automation, or why there is none (for ever, or for now)."""
        return pack(self._answer(asked))

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            if "inline" in asked:
                plan = self.automations.inline(asked["inline"], asked["event"])
            else:
                plan = self.automations.plan(asked["automation"], asked["event"])
        except UnknownAutomation as error:
            return {"refused": str(error), "type": "UnknownAutomation"}
        except UnfitEvent as error:
            return {"refused": str(error), "type": "InvalidEvent"}
        except BadAutomation as error:
            if "inline" in asked:
                return {"refused": str(error), "type": "BadAutomation"}
            return {"parked": str(error)}
        return {"plan": plan, **self.settings, **self.limits.of(plan)}

    @activity.defn(name=MATCH)
    async def match(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Return for every automation whether the event concerns it, and if not, why."""
        return [
            {
                "automation": match.automation,
                "matches": match.matches,
                "reason": match.reason,
                **({"priority": dict(match.priority)} if match.priority else {}),
            }
            for match in self.automations.matching(event)
        ]

    @activity.defn(name=REST)
    async def rest(self) -> None:
        """Do nothing: a run that has much to do lets others have their turn."""
